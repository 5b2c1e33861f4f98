"""A printed report as a document: the figures that were disclosed, put into words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from chitieu.domain.attainment import State
from chitieu.domain.catalogue import Catalogue
from chitieu.domain.document import BLANK, Document, Section, appendix_heading
from chitieu.domain.fractions import rounded_text, vietnamese
from chitieu.domain.obligation import Obligation, ObligationState, Punctuality
from chitieu.domain.plan import Plan
from chitieu.domain.reasons import reason
from chitieu.domain.words import OBLIGATIONS, STATES
from services.api.document_letterhead import in_sentence, issued, sender
from services.api.document_tables import NOT_IN_TIME, Told, as_of, day_text, late, targets, tasks

_BEHIND = (State.MISSED, State.AT_RISK, State.INSUFFICIENT)
# What a plan's name may begin with so that it says what it is.
_CALLED = ("Kế hoạch", "Chương trình")
# Headings of the appendices, by what is in them.
_Where = Mapping[str, str]


def document(told: Told, catalogue: Catalogue) -> Document:
    """The report in its words, in Vietnamese."""
    come_from = sender(told.plan, told.area, told.own, told.obligations)
    period = _within(told.period.vi)
    tables = {"targets": targets(told, catalogue), "late": late(told), "tasks": tasks(told)}
    appendices = {name: one for name, one in tables.items() if one is not None}
    where = {name: appendix_heading(at, len(appendices)) for at, name in enumerate(appendices, 1)}
    return Document(
        letterhead=come_from.letterhead,
        subject=(
            f"Kết quả thực hiện các chỉ tiêu {period}",
            told.plan.label.vi,
            *([] if told.own else [f"Địa bàn: {in_sentence(told.area)}"]),
        ),
        recipients=come_from.recipients,
        notice=told.notice,
        opening=f"Thực hiện {_cited(told.plan)}, kết quả {period} tại {in_sentence(told.area)} như sau:",
        sections=tuple(_sections(told, catalogue, where)),
        closing=f"Trên đây là báo cáo kết quả thực hiện các chỉ tiêu {period}./.",
        copies=("- Như trên;", f"- {BLANK};", f"- Lưu: VT, {BLANK}."),
        signer=("[QUYỀN HẠN, CHỨC VỤ CỦA NGƯỜI KÝ]", "(Chữ ký, dấu)", "[Họ và tên]"),
        appendices=tuple(appendices.values()),
    )


def _cited(plan: Plan) -> str:
    number = f"số {plan.number}" if plan.number else f"số {BLANK}"
    named = plan.label.vi if plan.label.vi.startswith(_CALLED) else f"kế hoạch “{plan.label.vi}”"
    return f"{named} ({number}{issued(plan.issued)} của {plan.issuer})"


def _sections(told: Told, catalogue: Catalogue, where: _Where) -> Iterator[Section]:
    yield Section("I. TÌNH HÌNH GỬI BÁO CÁO", tuple(_reporting(told, where)))
    yield Section("II. KẾT QUẢ THỰC HIỆN CHỈ TIÊU", tuple(_results(told, catalogue, where)))
    if "tasks" in where:
        given = f"Kế hoạch giao {len(told.plan.tasks)} nhiệm vụ. Chi tiết tại {where['tasks']}."
        yield Section("III. NHIỆM VỤ ĐƯỢC GIAO", (given,))
    number = "IV" if "tasks" in where else "III"
    yield Section(f"{number}. KHÓ KHĂN, VƯỚNG MẮC VÀ KIẾN NGHỊ", (BLANK * 4,))


def _reporting(told: Told, where: _Where) -> Iterator[str]:
    if not told.obligations:
        yield "Kế hoạch không yêu cầu báo cáo nào trong kỳ tại địa bàn."
        return
    yield from map(_duty, _by_duty(told.obligations))
    count = sum(one.state in NOT_IN_TIME for one in told.obligations)
    listed = f" Danh sách tại {where['late']}." if "late" in where else ""
    yield f"Có {vietnamese(str(count))} báo cáo gửi quá hạn hoặc chưa gửi.{listed}"
    yield as_of(told.receipts_at, told.today)


def _by_duty(every: Sequence[Obligation]) -> list[list[Obligation]]:
    found: dict[str, list[Obligation]] = {}
    for one in every:
        found.setdefault(one.duty.id, []).append(one)
    return list(found.values())


def _duty(some: Sequence[Obligation]) -> str:
    counts, first = Punctuality.of(some), some[0]
    deadline = "không nêu hạn" if first.last_day is None else f"hạn {day_text(first.last_day)}"
    states = ", ".join(
        f"{OBLIGATIONS[state].vi} {vietnamese(str(counts.states[state]))}"
        for state in ObligationState
        if counts.states.get(state)
    )
    rate = counts.reporting_rate
    sent = "" if rate is None else f" (tỷ lệ đã gửi {vietnamese(rounded_text(rate * 100, digits=1))}%)"
    return f"- {first.duty.label.vi}: {vietnamese(str(counts.units))} đơn vị, {deadline}; {states}{sent}."


def _results(told: Told, catalogue: Catalogue, where: _Where) -> Iterator[str]:
    counts = Counter(line.attained.state for line in told.lines)
    states = ", ".join(f"{counts[state]} {STATES[state].vi}" for state in State if counts[state])
    yield f"Trong kỳ có {len(told.lines)} chỉ tiêu được đánh giá: {states}. Chi tiết tại {where['targets']}."
    for line in told.lines:
        if line.attained.state in _BEHIND:
            yield f"- {line.attained.target.label.vi}: {reason(line.attained, catalogue.elements).vi}"
    if told.not_judged:
        yield f"Không đánh giá ở kỳ này: {'; '.join(told.not_judged)}."


def _within(text: str) -> str:
    """A period's name in the middle of a sentence."""
    return text[:1].lower() + text[1:]
