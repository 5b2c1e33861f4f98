"""Who is asked, and what became of it: on time, late, missing, not yet due, or received where no day is named."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.form import Collection, Form, Reporters
from chitieu.domain.obligation import (
    Expectations,
    Obligation,
    ObligationState,
    Receipt,
    duties_for,
    obligations,
    received,
    state_of,
)
from chitieu.domain.period import Period, PeriodKind, Window
from chitieu.domain.rollup import Decision
from chitieu.domain.unit import Unit, UnitTree
from tests.unit.small_release import COMMUNE, COMMUNE_FORM, DISTRICT, FORMS, OLD, PLAN, PROVINCE, RELEASE, label

TODAY = date(2024, 12, 20)
Y2024 = Period.parse("2024")


def at(day: int, hour: int, month: int = 12) -> datetime:
    """An instant of 2024, UTC: seven hours behind Viet Nam."""
    return datetime(2024, month, day, hour, tzinfo=UTC)


def found(
    duty: str,
    period: str = "2024",
    area: str = PROVINCE,
    receipts: dict[tuple[str, str], Receipt] | None = None,
    today: date = TODAY,
) -> list[Obligation]:
    when = Period.parse(period)
    mine = [(d, form) for d, form in duties_for(PLAN, FORMS, when) if d.id == duty]
    asked = Expectations(RELEASE)
    return [o for d, form in mine for o in obligations(asked, d, form, when, area, receipts or {}, today)]


def states(some: Iterable[Obligation]) -> dict[str, str]:
    return {one.unit.code: one.state.value for one in some}


def test_a_report_is_on_time_through_the_last_day_in_viet_nam() -> None:
    """`on 25/12` includes the day: 16:59 UTC is 23:59 there, 17:00 UTC is the 26th."""
    receipts = {("xa", COMMUNE): Receipt(at(25, 16)), ("xa", "00002@2021-01-01"): Receipt(at(25, 17))}
    late = date(2024, 12, 27)
    assert states(found("year", receipts=receipts, today=late)) == {
        "00001": "on_time",
        "00002": "late",
        "00003": "missing",
    }


def test_before_a_day_excludes_it() -> None:
    receipts = {("xa", COMMUNE): Receipt(at(4, 16, 7)), ("xa", "00002@2021-01-01"): Receipt(at(4, 17, 7))}
    assert states(found("half", "2024S1", receipts=receipts)) == {
        "00001": "on_time",
        "00002": "late",
        "00003": "missing",
    }


def test_nothing_is_missing_before_its_last_day_is_over() -> None:
    for today, state in ((date(2024, 12, 25), "not_yet_due"), (date(2024, 12, 26), "missing")):
        assert set(states(found("year", today=today)).values()) == {state}


def test_a_duty_without_a_deadline_is_received_or_not_and_never_late() -> None:
    receipts = {("huyen", DISTRICT): Receipt(at(31, 0))}
    some = found("district", receipts=receipts, today=date(2040, 1, 1))
    assert states(some) == {"201": "received", "202": "not_received"}
    assert {one.last_day for one in some} == {None}


def test_a_duty_of_the_first_half_year_asks_for_nothing_in_the_second() -> None:
    assert found("half", "2024S2") == []
    assert len(found("half", "2024S1")) == 3


def test_a_duty_that_nothing_can_be_received_for_is_none_here() -> None:
    assert found("incidents") == []


def test_an_area_sees_the_duties_of_the_units_below_it_and_of_no_others() -> None:
    assert states(found("year", area=DISTRICT)) == {"00001": "not_yet_due", "00002": "not_yet_due"}
    assert found("year", area="30@2008-08-01") == []


def test_who_has_a_duty_is_decided_on_the_windows_last_day() -> None:
    """14/6/2025 lies before the reform, 14/12/2025 after it."""
    assert [one.unit.id for one in found("half", "2025S1")] == [
        "00001@2021-01-01",
        "00002@2021-01-01",
        "00003@2021-01-01",
    ]
    assert [one.unit.id for one in found("year", "2025")] == ["00001@2025-07-01", "00003@2025-07-01"]


def test_a_retracted_report_counts_as_missing_and_says_so() -> None:
    receipts = {("xa", COMMUNE): Receipt(at(1, 0), retracted=True)}
    first = found("year", receipts=receipts, today=date(2024, 12, 26))[0]
    assert (first.state, first.retracted, first.received_on) == (ObligationState.MISSING, True, None)


# Receipts

A, R = Decision.ACCEPTED, Decision.RETRACTED


@pytest.mark.parametrize(
    ("decisions", "receipt"),
    [
        ([], None),
        ([A], Receipt(at(1, 0))),
        ([A, A, A], Receipt(at(1, 0))),  # corrections don't make a report late
        ([A, R], Receipt(at(1, 0), retracted=True)),
        ([A, R, A], Receipt(at(3, 0))),  # sent again: counts from then
        ([A, R, A, A], Receipt(at(3, 0))),
        ([R], None),
    ],
)
def test_a_receipt_is_the_first_acceptance_of_what_now_stands(
    decisions: list[Decision], receipt: Receipt | None
) -> None:
    assert received((d, at(n, 0)) for n, d in enumerate(decisions, 1)) == receipt


days = st.dates(date(2024, 1, 1), date(2024, 12, 31))


@given(days, st.none() | days, days)
def test_every_report_has_exactly_one_state_and_time_only_moves_what_is_not_sent(
    last_day: date, received_on: date | None, today: date
) -> None:
    now, later = state_of(last_day, received_on, today), state_of(last_day, received_on, today + timedelta(days=400))
    if received_on is None:
        assert now in (ObligationState.NOT_YET_DUE, ObligationState.MISSING)
        assert later is ObligationState.MISSING
    else:
        assert now is later is (ObligationState.ON_TIME if received_on <= last_day else ObligationState.LATE)


# Who is asked


def asks(form: Form, tree: UnitTree, period: Period) -> set[tuple[int, str]]:
    """Round and unit, the slow way: every unit on every round's last day, the first round that fits."""
    asked: dict[str, int] = {}
    for at_, one in enumerate(form.collections):
        last = one.window.days(period)
        if one.kind is not period.kind or last.last < one.first or (one.last and last.first > one.last):
            continue
        for unit in tree.units.values():
            if unit.in_force(last.last) and one.reporters.include(tree.path(unit, last.last)):
                asked.setdefault(unit.code, at_)
    return {(at_, code) for code, at_ in asked.items()}


@st.composite
def forms_(draw: st.DrawFn) -> tuple[Form, UnitTree]:
    """Up to 12 communes under two provinces, some of them ending or beginning, and up to three rounds."""
    units = [Unit("vn", date(1945, 9, 2), None, "nation", None, "Việt Nam")]
    units += [Unit(code, OLD, None, "province", "vn", code) for code in ("a", "b")]
    for n in range(draw(st.integers(0, 12))):
        starts = draw(st.sampled_from([OLD, date(2023, 7, 1)]))
        ends = draw(st.sampled_from([None, date(2024, 3, 31), date(2024, 11, 30)]))
        units.append(Unit(f"c{n}", starts, ends, "commune", draw(st.sampled_from("ab")), f"c{n}"))
    codes = st.lists(st.sampled_from(["vn", "a", "b", "c1"]), max_size=2)
    rounds = tuple(
        Collection(
            Reporters("commune", tuple(draw(codes)), tuple(draw(codes))),
            PeriodKind.YEAR,
            Window(draw(st.sampled_from(["calendar", "decree-09-2019"]))),
            draw(st.sampled_from([OLD, date(2024, 6, 1)])),
            draw(st.sampled_from([None, date(2022, 12, 31)])),
        )
        for _ in range(draw(st.integers(1, 3)))
    )
    return Form("f", 1, label("f"), "administrative", COMMUNE_FORM.fields, rounds), UnitTree(units)


@given(forms_(), st.integers(2020, 2025))
def test_who_is_asked_is_what_going_through_all_units_gives(given_: tuple[Form, UnitTree], year: int) -> None:
    form, tree = given_
    release = RELEASE.__class__(1, RELEASE.catalogue, {"f": form}, {}, {}, tree)
    period = Period.parse(str(year))
    asked = Expectations(release).asked(form, period)
    told = {(form.collections.index(one.collection), path[-1].code) for one in asked for path in one.roster.paths}
    slow = asks(form, tree, period)
    assert {code for _, code in told} == {code for _, code in slow}
    for one in asked:
        for area, count in one.roster.by_area.items():
            assert count == sum(any(u.id == area for u in path) for path in one.roster.paths)
