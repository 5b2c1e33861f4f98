"""Data values against the report they are: the same event as a PUT of it, whatever their order and their mistakes."""

from collections.abc import Mapping
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chitieu.contracts.events import Event
from chitieu.domain.address import Address, Reference
from chitieu.domain.errors import ChitieuError
from services.ingest.data_values import read_data_values
from services.ingest.gathered_reports import Gathered, Homes, draft
from services.ingest.intake import Sender
from services.ingest.said import SaidReport
from tests.unit.commune_release import GOOD, SECOND
from tests.unit.test_ingest_intake import NORTH, intake

ASKED = [one.key for one in SECOND.fields if not one.retired]
FIGURES = st.integers(-1, 40) | st.decimals("-1", "40", places=1) | st.sampled_from(["n/a", "x", 10**7]) | st.none()
# Right as it is, and some fields of it changed.
RIGHT = {**dict.fromkeys(ASKED), **GOOD, "parents": 1234, "budget": Decimal("12.5")}
REPORTS = st.dictionaries(st.sampled_from(ASKED), FIGURES, max_size=2).map(lambda changed: {**RIGHT, **changed})
LEFT_OUT = st.sets(st.sampled_from([key for key in ASKED if "." not in key]), min_size=1)
PARTS = st.tuples(REPORTS, LEFT_OUT).map(lambda both: {key: f for key, f in both[0].items() if key not in both[1]})

Said = Mapping[str, object]


def data_value(key: str, figure: object) -> dict[str, object]:
    element, _, options = key.partition(".")
    one = {"dataElement": element, "categoryOptionCombo": options or "default"}
    return {**one, "deleted": True} if figure is None else {**one, "value": str(figure)}


def gathered(said: Said) -> Gathered:
    values = [data_value(key, figure) for key, figure in said.items()]
    body = {"period": "2024S1", "orgUnit": "00001", "dataValues": values}
    asked = read_data_values(body, {}, 1000)
    homes = Homes(intake(), Sender(NORTH), asked.data_set)
    address = homes.find(asked.values[0])
    assert isinstance(address, Address)
    assert all(homes.find(value) is address for value in asked.values)
    return Gathered(address, list(asked.values))


def by_data_values(said: Said) -> Event | None:
    """None if they are refused."""
    found = gathered(said)
    if list(found.problems()):
        return None
    try:
        return draft(intake(), NORTH, read_data_values({}, {}, 0).strategy, found).event
    except ChitieuError:
        return None


def by_put(said: Said) -> Event | None:
    values = {key: figure for key, figure in said.items() if figure is not None}
    try:
        return intake().report(SaidReport(Reference("xa", "2024S1", "00001"), values), Sender(NORTH))
    except ChitieuError:
        return None


@given(REPORTS, st.randoms())
def test_a_whole_report_is_the_one_that_a_put_would_send(said: Said, shuffled: object) -> None:
    order = sorted(said, key=lambda _: shuffled.random())  # type: ignore[attr-defined]
    sent, put = by_data_values({key: said[key] for key in order}), by_put(said)
    assert (sent is None) == (put is None)
    if sent is not None and put is not None:
        assert (sent.content, sent.packed, sent.states, sent.path) == (put.content, put.packed, put.states, put.path)
        assert sent.replaces is None


@given(PARTS)
def test_a_part_never_replaces_a_report(said: Said) -> None:
    event = by_data_values(said)
    assert event is None or event.replaces == 0


@given(PARTS, PARTS)
def test_a_part_sent_again_is_the_same_submission_and_one_that_says_something_else_is_not(
    one: Said, other: Said
) -> None:
    first, again, second = by_data_values(one), by_data_values(one), by_data_values(other)
    if first is not None and again is not None and second is not None:
        assert first.submission == again.submission
        assert first.content == second.content or first.submission != second.submission


def test_what_the_properties_are_about_is_taken() -> None:
    assert by_data_values(RIGHT) is not None
    assert by_data_values({key: figure for key, figure in RIGHT.items() if key != "budget"}) is not None
