"""Random logs of a small world: few units, few keys, few contents, so that everything collides with everything."""

from hypothesis import strategies as st

from chitieu.contracts.events import Event, content_hash, pack
from chitieu.domain.rollup import MessageKind, ValueState

NATION, PROVINCES, DISTRICTS = "vn", ("p1", "p2"), ("d1", "d2", "d3")
UNITS = ("u1", "u2", "u3")
FIELDS = 3

# Mostly of a commune; anything else down to the nation itself, above which there is nothing, reports as well.
paths = st.builds(
    lambda depth, p, d: (NATION, p, d)[:depth],
    st.sampled_from((3, 3, 3, 2, 1, 0)),
    st.sampled_from(PROVINCES),
    st.sampled_from(DISTRICTS),
)
releases = st.integers(1, 4)


@st.composite
def reports(draw: st.DrawFn) -> Event:
    """A submission: values of up to three fields, some absent or not applicable."""
    states = tuple(draw(st.lists(st.sampled_from(list(map(int, ValueState))), max_size=FIELDS)))
    values = tuple(draw(st.integers(0, 3)) if state == ValueState.REPORTED else 0 for state in states)
    return _event(draw, MessageKind.REPORT, values, states)


@st.composite
def retractions(draw: st.DrawFn) -> Event:
    return _event(draw, MessageKind.RETRACTION, (), ())


@st.composite
def moves(draw: st.DrawFn) -> Event:
    return _event(draw, MessageKind.MOVE, (), ())


def _event(draw: st.DrawFn, kind: MessageKind, values: tuple[int, ...], states: tuple[int, ...]) -> Event:
    unit = draw(st.sampled_from(UNITS))
    return Event(
        kind=int(kind),
        form=draw(st.sampled_from(("f", "g"))),
        form_version=1,
        period=draw(st.sampled_from(("2024", "2025"))),
        unit=unit,
        release=draw(releases),
        path=(*draw(paths), unit),
        submission=draw(st.integers(0, 5)).to_bytes(16, "big"),
        content=content_hash(kind, pack(values), bytes(states)),
        replaces=draw(st.sampled_from((None, None, None, 0, 1, 2))) if kind != MessageKind.MOVE else None,
        packed=pack(values),
        states=bytes(states),
        tell=draw(st.booleans()),
    )


_messages = st.one_of(reports(), reports(), reports(), retractions(), moves())
logs = st.lists(_messages, max_size=40)
long_logs = st.lists(_messages, min_size=20, max_size=40)
