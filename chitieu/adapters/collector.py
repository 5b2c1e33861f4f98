"""Python's collector of cycles: how often it looks."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# New objects between two looks at the young ones, and how many looks until older ones, and then all, are looked at: of
# those that have survived one look never more than 20,000, which is what two milliseconds of the event loop grow to on a
# full machine. Nothing in a
# batch of reports or in an answer has a cycle; with Python's own 700, looking for one costs the fold 1 µs a report,
# ingest 2, and the api looked through all that it holds every three seconds. A look at 20,000 would cost less still,
# and hold the event loop for 10 ms.
_YOUNG, _MIDDLE, _OLD = 5_000, 4, 250


@contextmanager
def seldom() -> Iterator[None]:
    """Inside, cycles are looked for seldom: for work that makes thousands of objects a second, none of them cyclic."""
    before = gc.get_threshold()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
