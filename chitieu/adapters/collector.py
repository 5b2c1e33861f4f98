"""Python's collector of cycles: how often it looks."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# New objects between two looks at the young ones. Nothing in a batch of reports or in an answer has a cycle; with
# Python's own 700, looking for one costs the fold 1 µs a report, ingest 2, and the api looked through all that it holds
# every three seconds. A look at 20,000 would cost less still, and hold the event loop for 10 ms.
_YOUNG = 5_000
# Looks at the young ones until all are looked at.
_ALL = 1_000


@contextmanager
def seldom(middle: int = 20) -> Iterator[None]:
    """Inside, cycles are looked for seldom: for work that makes thousands of objects a second, none of them cyclic.

    `middle`: looks at the young ones until those that were seen once are looked at, too: the fewer, the more work, and
    the shorter the event loop is held.
    """
    before = gc.get_threshold()
    gc.set_threshold(_YOUNG, middle, _ALL // middle)
    try:
        yield
    finally:
        gc.set_threshold(*before)
