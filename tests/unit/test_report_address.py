"""Which form, period and unit a sender means, and whether reports for it are taken."""

from dataclasses import replace
from datetime import date

import pytest

from chitieu.domain.address import Address, Reference, locate, member_pointer
from chitieu.domain.errors import InvalidReport
from chitieu.domain.form import Collection, Reporters
from chitieu.domain.period import Anchor, PeriodKind, Window
from tests.unit.commune_release import RELEASE, SECOND

TODAY = date(2024, 7, 1)


def located(form: str, period: str, unit: str, today: date = TODAY) -> Address:
    return locate(RELEASE, Reference(form, period, unit), today)


def codes(form: str, period: str, unit: str, today: date = TODAY) -> list[str]:
    try:
        located(form, period, unit, today)
    except InvalidReport as invalid:
        return [problem.code for problem in invalid.problems]
    return []


def test_an_address_carries_the_path_from_the_nation_to_the_unit() -> None:
    address = located("xa", "2024S1", "00001")
    assert [unit.id for unit in address.path] == [
        "vn@2000-01-01",
        "01@2000-01-01",
        "001@2000-01-01",
        "00001@2000-01-01",
    ]
    assert (address.unit.code, str(address.period), address.form.version) == ("00001", "2024S1", 2)


def test_a_code_means_the_unit_in_force_on_the_last_day_of_the_periods_window() -> None:
    # The first half of 2022 closes on 14/6, the year on 31/12; the unit changed on 1/7.
    assert located("xa", "2022S1", "00002").unit.id == "00002@2000-01-01"
    assert located("xa", "2022", "00002").unit.id == "00002@2022-07-01"


def test_an_ended_unit_may_write_its_old_periods_by_its_id() -> None:
    assert located("xa", "2021", "00002@2000-01-01").unit.name == "Xã Hai"
    assert codes("xa", "2023", "00002@2000-01-01") == ["unit_not_in_force"]


@pytest.mark.parametrize(
    ("form", "period", "unit", "expected"),
    [
        ("none", "2024S1", "00001", ["unknown_form"]),
        ("xa", "2024S3", "00001", ["unknown_period"]),
        ("xa", "2024S1", "99999", ["unknown_unit"]),
        ("xa", "2024S1", "00001@1999-01-01", ["unknown_unit"]),
        ("none", "nonsense", "99999", ["unknown_form", "unknown_period", "unknown_unit"]),
        ("xa", "202403", "00001", ["period_not_collected"]),
        ("xa", "202403", "99999", ["period_not_collected", "unknown_unit"]),
        ("xa", "2023", "00010", ["unit_not_in_force"]),
        ("xa", "2024S1", "00003", ["unit_does_not_report"]),
        ("xa", "2024S1", "00009", ["unit_does_not_report"]),
        ("xa", "2024S1", "01", ["unit_does_not_report"]),
        ("xa", "2020", "00001", ["period_outside_plan"]),
        ("xa", "2020", "99999", ["unknown_unit", "period_outside_plan"]),
        ("xa", "2027", "00001", ["period_outside_plan", "period_not_open"]),
        ("xa", "2025", "00001", ["period_not_open"]),
        ("xa", "2025", "00003", ["unit_does_not_report", "period_not_open"]),
    ],
)
def test_every_problem_of_an_address_is_said(form: str, period: str, unit: str, expected: list[str]) -> None:
    assert codes(form, period, unit) == expected


def test_a_period_opens_on_the_first_day_of_its_window_and_never_closes() -> None:
    assert codes("xa", "2024S2", "00001", date(2024, 6, 14)) == ["period_not_open"]
    assert codes("xa", "2024S2", "00001", date(2024, 6, 15)) == []
    assert codes("xa", "2021", "00001", date(2031, 1, 1)) == []


def test_messages_name_the_days() -> None:
    with pytest.raises(InvalidReport) as refused:
        located("xa", "2027", "00001")
    outside, not_open = refused.value.problems
    assert outside.params == {"period": "2027", "first": "2021-01-01", "last": "2025-12-31"}
    assert not_open.params == {"period": "2027", "opens": "2027-01-01"}


def test_of_two_rounds_for_the_same_unit_the_one_of_the_periods_years_counts() -> None:
    """A window that changed in 2023: the years before keep the old one."""
    old, half_year = SECOND.collections
    earlier = replace(old, last=date(2022, 12, 31))
    later = Collection(old.reporters, PeriodKind.YEAR, Window("decree-09-2019"), date(2023, 1, 1), None)
    changed = replace(SECOND, collections=(earlier, later, half_year))
    release = replace(RELEASE, forms={"xa": changed})
    assert locate(release, Reference("xa", "2022", "00001"), TODAY).collection is earlier
    assert locate(release, Reference("xa", "2024", "00001"), TODAY).collection is later


@pytest.mark.parametrize(("own", "other", "told"), [("14/12", "31/10", "2023-12-14"), ("31/10", "14/12", "2023-10-31")])
@pytest.mark.parametrize("own_first", [True, False])
def test_a_unit_that_is_not_in_force_is_told_the_day_of_the_round_that_would_ask_it(
    own: str, other: str, told: str, own_first: bool
) -> None:
    """Xã Hai, of province 01, ended on 30/6/2022; the communes of province 02 have a window of their own."""
    windows = {
        "14/12": Window("decree-09-2019"),
        "31/10": Window("", ((Anchor(1, 11, -1), Anchor(31, 10)),)),
    }
    year = SECOND.collections[0]
    rounds = (
        replace(year, window=windows[own]),
        replace(year, reporters=Reporters("commune", ("02",)), window=windows[other]),
    )
    form = replace(SECOND, collections=rounds if own_first else rounds[::-1])
    release = replace(RELEASE, forms={"xa": form})
    with pytest.raises(InvalidReport) as refused:
        locate(release, Reference("xa", "2023", "00002@2000-01-01"), TODAY)
    (problem,) = refused.value.problems
    assert (problem.code, problem.params["date"]) == ("unit_not_in_force", told)


def test_pointers_name_parts_of_the_address_only_where_it_stands_in_the_body() -> None:
    for in_body, pointers in ((False, ["", "", ""]), (True, ["/form", "/period", "/unit"])):
        with pytest.raises(InvalidReport) as refused:
            locate(RELEASE, Reference("a", "b", "c", in_body), TODAY)
        assert [problem.pointer for problem in refused.value.problems] == pointers


def test_names_in_pointers_are_escaped_and_long_ones_cut() -> None:
    assert member_pointer("values", "a/b~c") == "/values/a~1b~0c"
    assert len(member_pointer("x" * 10_000)) == 102
