"""The tables of a printed report, from figures that were disclosed: targets, what came late or not at all, tasks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chitieu.domain.attainment import Attainment
from chitieu.domain.catalogue import Catalogue
from chitieu.domain.disclosure import Derived
from chitieu.domain.document import BLANK, Align, Appendix, Cell, Column, Figure, Table
from chitieu.domain.evidence import Evidence
from chitieu.domain.fractions import exact_text, figure_text, rounded_text, vietnamese
from chitieu.domain.obligation import Obligation, ObligationState
from chitieu.domain.period import CIVIL_ZONE, Period
from chitieu.domain.plan import Plan
from chitieu.domain.unit import Unit
from chitieu.domain.words import OBLIGATIONS, STATES
from services.api.document_figures import Line

SUPPRESSED = "(*)"
NOTHING = "–"
# A longer list is not read on paper; what is left out is counted.
MOST_LISTED = 300
_MOST_NAMED = 10

NOT_IN_TIME = (ObligationState.LATE, ObligationState.MISSING, ObligationState.NOT_RECEIVED)
# What one of a count is; an element says it as a code.
_COUNTED = {"person": "người", "employer": "cơ sở", "case": "trường hợp", "province": "tỉnh, thành phố"}

_TARGETS = (
    *(Column("STT", 12, Align.CENTRE), Column("Chỉ tiêu", 64), Column("Đơn vị tính", 14, Align.CENTRE)),
    *(Column("Kế hoạch", 24, Align.CENTRE), Column("Thực hiện kỳ", 20, Align.RIGHT)),
    *(Column("Luỹ kế từ đầu năm", 20, Align.RIGHT), Column("Cùng kỳ năm trước", 20, Align.RIGHT)),
    *(Column("% kế hoạch", 18, Align.RIGHT), Column("% cùng kỳ", 18, Align.RIGHT), Column("Ghi chú", 42)),
)
_LATE = (
    *(Column("STT", 12, Align.CENTRE), Column("Đơn vị", 74), Column("Báo cáo phải gửi", 82)),
    *(Column("Hạn", 26, Align.CENTRE), Column("Ngày nhận", 26, Align.CENTRE), Column("Tình trạng", 32)),
)
_TASKS = (
    *(Column("STT", 12, Align.CENTRE), Column("Đơn vị thực hiện", 56), Column("Nhiệm vụ", 114)),
    *(Column("Thời hạn", 26, Align.CENTRE), Column("Kết quả", 44)),
)


@dataclass(frozen=True, slots=True)
class Told:
    """All that a report tells, disclosed. `own`: the area is the one that the plan binds.

    `figures_at` and `receipts_at` are when the newest of what was counted came in.
    """

    plan: Plan
    area: Unit
    own: bool
    period: Period
    lines: Sequence[Line]
    obligations: Sequence[Obligation]
    not_judged: Sequence[str]
    figures_at: datetime | None
    receipts_at: datetime | None
    today: date
    tree_day: date | None
    undivided: Sequence[str]
    notice: str | None


def targets(told: Told, catalogue: Catalogue) -> Appendix:
    """A row for each target, in the plan's order."""
    rows = tuple(_target_row(at, line, catalogue) for at, line in enumerate(told.lines, 1))
    return Appendix("KẾT QUẢ THỰC HIỆN CÁC CHỈ TIÊU", Table(_TARGETS, rows), tuple(_notes(told)))


def late(told: Told) -> Appendix | None:
    """Reports that came late or not at all, duty by duty; None if there are none."""
    found = [one for one in told.obligations if one.state in NOT_IN_TIME]
    rows = tuple(_late_row(at, one) for at, one in enumerate(found[:MOST_LISTED], 1))
    left = len(found) - MOST_LISTED
    notes = (f"Còn {vietnamese(str(left))} báo cáo khác không liệt kê.",) if left > 0 else ()
    return Appendix("BÁO CÁO GỬI QUÁ HẠN HOẶC CHƯA GỬI", Table(_LATE, rows), notes) if rows else None


def tasks(told: Told) -> Appendix | None:
    """What the plan gives whom to do, for the plan's own area; what became of it is left to be filled in."""
    if not told.own or not told.plan.tasks:
        return None
    every = enumerate(told.plan.tasks.values(), 1)
    rows = tuple((Figure(str(at)), one.owner, one.clause.words, day_text(one.due), BLANK) for at, one in every)
    return Appendix("NHIỆM VỤ ĐƯỢC GIAO", Table(_TASKS, rows))


def _target_row(at: int, line: Line, catalogue: Catalogue) -> tuple[Cell, ...]:
    one = line.attained
    return (
        Figure(str(at)),
        one.target.label.vi,
        _unit(one, catalogue),
        _promised(one),
        _value(line.value, one),
        _value(line.to_date, one),
        _value(line.year_before, one),
        _share(line.of_plan),
        _share(line.of_year_before),
        "; ".join(_remarks(one)),
    )


def _unit(one: Attainment, catalogue: Catalogue) -> str:
    if one.indicator.unit == "percent":
        return "%"
    counts = catalogue.elements[one.indicator.numerator[0]].counts
    return _COUNTED.get(counts, counts)


def _promised(one: Attainment) -> str:
    target = one.target
    if target.bound is None:
        return "giảm"
    bound = vietnamese(exact_text(target.bound))
    if target.holds is not None:
        return f"duy trì {target.holds.sign} {bound}"
    return f"{target.comparator.sign} {bound}"


def _value(value: Derived, one: Attainment) -> Cell:
    """As `display` in the JSON: rounded, never looking equal to a bound it differs from. Whole counts stay whole."""
    if value.value is None:
        return SUPPRESSED if value.suppressed else NOTHING
    return Figure(figure_text(value.value, one.indicator.unit, one.target.bound))


def _share(value: Derived) -> Cell:
    if value.value is None:
        return SUPPRESSED if value.suppressed else NOTHING
    return Figure(rounded_text(value.value))


def _remarks(one: Attainment) -> Iterator[str]:
    yield STATES[one.state].vi
    evidence = one.evidence
    if evidence is None:
        return
    if evidence.known and (counted := _counted(evidence)):
        yield counted
    yield f"{vietnamese(str(evidence.coverage.reported))}/{vietnamese(str(evidence.coverage.expected))} đơn vị báo cáo"
    if not evidence.final:
        yield "sơ bộ"


def _counted(evidence: Evidence) -> str:
    """Numerator and denominator; nothing for a count, which is the value itself."""
    if evidence.denominator is None:
        return ""
    parts = (evidence.numerator, evidence.denominator)
    texts = [vietnamese(exact_text(p.value)) if p.value is not None else _absent(p) for p in parts]
    return "/".join(texts)


def _absent(value: Derived) -> str:
    return SUPPRESSED if value.suppressed else NOTHING


def _notes(told: Told) -> Iterator[str]:
    yield as_of(told.figures_at, told.today)
    yield f"{NOTHING} Không có số để tính: chưa báo cáo, không phát sinh, hoặc năm trước chưa đủ báo cáo."
    yield "Với chỉ tiêu càng thấp càng tốt, % kế hoạch dưới 100 là tốt hơn mức đề ra."
    if any(_hidden(line) for line in told.lines):
        yield f"{SUPPRESSED} Không nêu: có số trẻ em từ 1 đến 5, ngoài phạm vi được xem."
    if told.tree_day is not None:
        yield f"Địa bàn tính theo đơn vị hành chính ngày {day_text(told.tree_day)}.{_undivided(told)}"


def _undivided(told: Told) -> str:
    if not told.undivided:
        return ""
    names = ", ".join(told.undivided[:_MOST_NAMED]) + (", …" if len(told.undivided) > _MOST_NAMED else "")
    return f" Không tách được {len(told.undivided)} đơn vị, tính ở cấp bao trùm: {names}."


def _hidden(line: Line) -> bool:
    return any(one.suppressed for one in (line.value, line.to_date, line.year_before, line.of_year_before))


def _late_row(at: int, one: Obligation) -> tuple[Cell, ...]:
    mark = " (mẫu)" if one.unit.sample and "(mẫu)" not in one.unit.name else ""
    state = OBLIGATIONS[one.state].vi + (", đã rút" if one.retracted else "")
    return (
        Figure(str(at)),
        f"{one.unit.name}{mark}",
        one.duty.label.vi,
        day_text(one.last_day),
        day_text(one.received_on),
        state,
    )


def as_of(known_at: datetime | None, today: date) -> str:
    until = "chưa có báo cáo nào" if known_at is None else f"{known_at.astimezone(CIVIL_ZONE):%H:%M:%S ngày %d/%m/%Y}"
    return f"Số liệu tổng hợp đến: {until}; hạn tính theo ngày {day_text(today)}."


def day_text(day: date | None) -> str:
    return NOTHING if day is None else f"{day:%d/%m/%Y}"
