"""When the worker flushes: soon when there is little to do, seldom when it is behind, never for nothing."""

import pytest

from services.aggregate.worker import BEHIND_RECORDS, BEHIND_SECONDS, due

STEADY = 0.05


@pytest.mark.parametrize(
    ("waiting", "ahead", "since", "expected"),
    [
        (0, 0, 3600.0, False),  # nothing to write, however long it has been
        (0, BEHIND_RECORDS, 3600.0, False),
        (1, 0, 3600.0, True),  # idle until now: at once
        (1, 0, STEADY, True),
        (1, 0, STEADY - 0.001, False),  # the last one was just now
        (1, BEHIND_RECORDS - 1, STEADY, True),  # what one poll takes is no arrears
        (1, BEHIND_RECORDS, BEHIND_SECONDS - 0.001, False),  # behind: larger ones
        (1, BEHIND_RECORDS, BEHIND_SECONDS, True),
    ],
)
def test_a_flush_is_due(waiting: int, ahead: int, since: float, expected: bool) -> None:
    assert due(waiting, ahead, since, STEADY) is expected
