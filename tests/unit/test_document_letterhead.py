"""Whom a printed report says it comes from and goes to: the plan's words, or a blank, never a guess."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from chitieu.domain.form import Reporters
from chitieu.domain.obligation import Obligation, ObligationState
from chitieu.domain.plan import Duty
from chitieu.domain.unit import Unit
from services.api.document_letterhead import Sender, in_sentence, issued, sender
from tests.unit.small_release import CLAUSE, PLAN, label

DAY = date(2008, 8, 1)
NATION = Unit("vn", DAY, None, "nation", None, "Việt Nam")
PROVINCE = Unit("20", DAY, None, "province", "vn", "Tỉnh Lạng Sơn")
COMMUNE = Unit("00001", DAY, None, "commune", "20", "Xã Vân Nham")
QUARTER = Unit("778", DAY, None, "district", "79", "Quận 7")
LABOUR = Unit("20.l", DAY, None, "department", "20", "Sở Lao động tỉnh Lạng Sơn")
HEALTH = Unit("20.y", DAY, None, "department", "20", "Sở Y tế tỉnh Lạng Sơn")
BY_COMMITTEE = replace(PLAN, issuer="Ủy ban nhân dân tỉnh Lạng Sơn")
BLANK = "……………"


def owed(unit: Unit, *within: str, to: str = "Sở") -> Obligation:
    duty = Duty(f"{unit.code}-{to}", label("…"), Reporters(unit.level, within), to, CLAUSE)
    path = (NATION, PROVINCE, unit) if unit is not PROVINCE else (NATION, PROVINCE)
    return Obligation(duty, path, None, None, False, ObligationState.NOT_RECEIVED)


def heads(of: Sender) -> tuple[str, str, str]:
    return of.letterhead.upper, of.letterhead.issuer, of.letterhead.number


def test_the_one_body_that_a_duty_names_writes_for_its_area() -> None:
    every = [owed(LABOUR, "20.l", to="UBND tỉnh; Bộ"), owed(LABOUR, "20.l", to="Bộ"), owed(HEALTH, "20")]
    found = sender(BY_COMMITTEE, PROVINCE, True, every)
    assert heads(found) == ("Ủy ban nhân dân tỉnh Lạng Sơn", "Sở Lao động tỉnh Lạng Sơn", "Số: ……/BC-……")
    assert found.recipients == ("UBND tỉnh", "Bộ")


def test_of_two_bodies_that_are_named_none_is_chosen() -> None:
    every = [owed(LABOUR, "20.l"), owed(HEALTH, "20.y")]
    found = sender(BY_COMMITTEE, PROVINCE, True, every)
    assert heads(found) == ("", "Ủy ban nhân dân tỉnh Lạng Sơn", "Số: ……/BC-UBND")
    assert found.recipients == (BLANK,)


def test_a_department_that_issued_the_plan_has_its_committee_above() -> None:
    found = sender(replace(PLAN, issuer="Phòng Giáo dục và Đào tạo Quận 7"), QUARTER, True, [])
    assert heads(found) == ("Ủy ban nhân dân Quận 7", "Phòng Giáo dục và Đào tạo Quận 7", "Số: ……/BC-……")


def test_a_commune_that_is_asked_writes_as_its_committee_to_whom_the_plan_says() -> None:
    found = sender(BY_COMMITTEE, COMMUNE, False, [owed(COMMUNE, "20", to="UBND huyện")])
    assert heads(found) == ("", "Ủy ban nhân dân xã Vân Nham", "Số: ……/BC-UBND")
    assert found.recipients == ("UBND huyện",)


def test_a_school_has_a_body_above_that_nobody_named() -> None:
    school = Unit("s", DAY, None, "school", "00001", "Trường số 1")
    assert heads(sender(PLAN, school, False, [owed(school, "20")]))[:2] == ("[TÊN CƠ QUAN CHỦ QUẢN]", "Trường số 1")


@pytest.mark.parametrize(
    ("area", "own", "every"), [(COMMUNE, False, []), (NATION, True, []), (PROVINCE, False, [owed(HEALTH, "20")])]
)
def test_where_the_plan_asks_nobody_the_body_is_left_blank(area: Unit, own: bool, every: Sequence[Obligation]) -> None:
    found = sender(BY_COMMITTEE, area, own, every)
    assert (heads(found)[:2], found.recipients) == (("", "[TÊN CƠ QUAN BÁO CÁO]"), (BLANK,))


@pytest.mark.parametrize(
    ("area", "place", "inside"),
    [
        (PROVINCE, "Lạng Sơn", "tỉnh Lạng Sơn"),
        (COMMUNE, "Vân Nham", "xã Vân Nham"),
        (QUARTER, "Quận 7", "Quận 7"),
        (NATION, BLANK, "Việt Nam"),
        (LABOUR, BLANK, "Sở Lao động tỉnh Lạng Sơn"),
    ],
)
def test_a_place_is_named_without_its_kind_unless_a_number_is_all_its_name(area: Unit, place: str, inside: str) -> None:
    assert sender(PLAN, area, False, []).letterhead.place == f"{place}, ngày ….. tháng ….. năm …….."
    assert in_sentence(area) == inside


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2021-09-13", " ngày 13 tháng 9 năm 2021"),
        ("2021-01-05", " ngày 05 tháng 01 năm 2021"),
        ("2021-02-10", " ngày 10 tháng 02 năm 2021"),
        ("2021-08", " tháng 8 năm 2021"),
        ("2021", " năm 2021"),
        ("", ""),
    ],
)
def test_a_date_says_as_much_as_the_document_does(text: str, said: str) -> None:
    assert issued(text) == said
