"""Python's collector of cycles: how often it looks."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# New objects between two looks at the young ones, and how many looks until older ones are looked at, too. Nothing in a
# batch of reports has a cycle; with Python's own 700, looking for one costs the fold 1 µs a report, ingest 2. A look at
# 20,000 would cost less still, and hold the event loop for 10 ms.
_YOUNG, _MIDDLE, _OLD = 5_000, 20, 50


@contextmanager
def seldom() -> Iterator[None]:
    """Inside, cycles are looked for seldom: for work that makes thousands of objects a second, none of them cyclic."""
    before = gc.get_threshold()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
