"""How much a question may read: a larger one is refused before anything is read, saying what to narrow."""

from enum import Enum

from chitieu.domain.catalogue import Label
from chitieu.domain.errors import InvalidRequest


class Narrow(Enum):
    """What may make a question smaller."""

    CHILDREN = Label("bỏ children", "leave children out")
    PERIODS = Label("chọn ít kỳ hơn hoặc một periodType", "ask for fewer periods, or for one periodType")
    AREA = Label("chọn địa bàn nhỏ hơn", "ask for a smaller area")
    FORMAT = Label("dùng csv hoặc parquet", "ask for csv or parquet")
    VIEW = Label("bỏ knownAt và asOfHierarchy", "leave knownAt and asOfHierarchy out")


def check_size(cells: int, most: int, *narrow: Narrow) -> None:
    """`cells` are totals of a form in an area and period, or single reports. Raises InvalidRequest if they are more."""
    if cells > most:
        ways = Label("; ".join(one.value.vi for one in narrow), "; ".join(one.value.en for one in narrow))
        raise InvalidRequest.of("too_much", cells=cells, limit=most, narrow=ways)
