"""Who a printed report comes from and whom it goes to, as far as the plan says; the rest stays blank.

A body of the area that a duty names for itself (the department that compiles) writes the report. Without one, or with
several, it is the plan's issuer for the plan's own area, and for an area below whoever the plan asks there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from chitieu.domain.document import BLANK, SHORT_BLANK, Letterhead
from chitieu.domain.obligation import Obligation
from chitieu.domain.plan import Duty, Plan
from chitieu.domain.unit import NATION, Unit

_COMMITTEE = "Ủy ban nhân dân"
# As people write it.
_COMMITTEES = (_COMMITTEE, "Uỷ ban nhân dân", "UBND")
# The levels that have a people's committee.
_GOVERNED = ("province", "district", "commune")
_KINDS = ("Tỉnh ", "Thành phố ", "Huyện ", "Quận ", "Thị xã ", "Thị trấn ", "Phường ", "Xã ", "Đặc khu ")
_UNKNOWN_BODY = "[TÊN CƠ QUAN BÁO CÁO]"
_UNKNOWN_ABOVE = "[TÊN CƠ QUAN CHỦ QUẢN]"


@dataclass(frozen=True, slots=True)
class Sender:
    """`recipients` are the plan's own words."""

    letterhead: Letterhead
    recipients: tuple[str, ...]


def sender(plan: Plan, area: Unit, own: bool, obligations: Iterable[Obligation]) -> Sender:
    """`own`: the area is the one that the plan binds. `obligations` are the area's in the period."""
    asked = list(obligations)
    named = {one.unit.id: one.unit for one in asked if _names(one.duty, one.unit, area)}
    if len(named) == 1:
        [body] = named.values()
        above = plan.issuer if own and plan.issuer.startswith(_COMMITTEES) else _committee(area) or _UNKNOWN_ABOVE
        return _sent(above, body.name, area, [one.duty for one in asked if one.unit.id == body.id])
    if own and area.code != NATION:
        return _sent("" if plan.issuer.startswith(_COMMITTEES) else _committee(area), plan.issuer, area, [])
    duties = [one.duty for one in asked if one.unit.id == area.id]
    if not duties:
        return _sent("", _UNKNOWN_BODY, area, [])
    # A people's committee has no body above it in its letterhead.
    committee = _committee(area)
    return _sent("" if committee else _UNKNOWN_ABOVE, committee or area.name, area, duties)


def _names(duty: Duty, unit: Unit, area: Unit) -> bool:
    return duty.who.within == (unit.code,) and unit.parent == area.code


def _committee(area: Unit) -> str:
    return f"{_COMMITTEE} {in_sentence(area)}" if area.level in _GOVERNED else ""


def _sent(above: str, body: str, area: Unit, duties: Sequence[Duty]) -> Sender:
    sign = "UBND" if body.startswith(_COMMITTEES) else SHORT_BLANK
    letterhead = Letterhead(above, body, f"Số: {SHORT_BLANK}/BC-{sign}", f"{_place(area)}, ngày ….. tháng ….. năm ……..")
    to = dict.fromkeys(one for duty in duties for one in duty.to.split("; "))
    return Sender(letterhead, tuple(to) or (BLANK,))


def _place(area: Unit) -> str:
    """Phụ lục I, II.4: the place's name without its kind, unless that is all it is told by (Quận 7)."""
    if area.level not in _GOVERNED:
        return BLANK
    name = _parted(area)[1]
    return area.name if name.isdecimal() else name


def in_sentence(area: Unit) -> str:
    """An area's name in the middle of a sentence: the word for its kind is no name, unless a number follows it."""
    kind, name = _parted(area)
    return area.name if name.isdecimal() else kind.lower() + name


def _parted(area: Unit) -> tuple[str, str]:
    kind = next((kind for kind in _KINDS if area.name.startswith(kind)), "")
    return kind, area.name.removeprefix(kind)


def issued(text: str) -> str:
    """When a plan was issued, in words as far as its document tells: a day, a month or a year."""
    parts = text.split("-") if text else []
    if len(parts) == 3:
        day = date.fromisoformat(text)
        return f" ngày {_two(day.day, 9)} tháng {_two(day.month, 2)} năm {day.year}"
    if len(parts) == 2:
        return f" tháng {_two(int(parts[1]), 2)} năm {parts[0]}"
    return f" năm {text}" if parts else ""


def _two(number: int, padded: int) -> str:
    """Days below 10 and the months 1 and 2 have a 0 before them (Phụ lục I, II.4)."""
    return f"{number:02}" if number <= padded else str(number)
