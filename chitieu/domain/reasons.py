"""Why a target's state is what it is, in words for people, with the numbers that decided it.

Sentences don't pass disclosure, so they are put together after it, from what it left: a figure that is withheld is said
to be withheld, and nothing that was computed from it is said.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction

from chitieu.domain.attainment import Attainment, Earlier, Rule
from chitieu.domain.catalogue import Element, Label
from chitieu.domain.certainty import Certainty, certainty
from chitieu.domain.evidence import Coverage, Evidence
from chitieu.domain.fractions import digits_apart, exact_text, figure_text, vietnamese
from chitieu.domain.period import Period

Words = tuple[str, str]  # Vietnamese, English

# `it` is the wording: of its numbers, only those are written that a sentence names.
_RULES: Mapping[Rule, Words] = {
    Rule.ENDED: (
        "Đơn vị không còn hoạt động vào ngày cuối kỳ.",
        "The area is no longer in force on the period's last day.",
    ),
    Rule.BROKEN_BEFORE: (
        "Phải duy trì trong mọi kỳ ({it.bound}); đã không đạt ở kỳ: {it.broken}.",
        "It must hold in every period ({it.bound}); it did not in {it.broken}.",
    ),
    Rule.NO_DATA: ("Chưa có số liệu.", "Nothing has been reported."),
    Rule.INSUFFICIENT: (
        "Số đơn vị báo cáo chưa đủ: {it.reported}/{it.asked}, cần ít nhất {it.least}%.",
        "Too few units have reported: {it.reported} of {it.asked}, at least {it.least} % are needed.",
    ),
    Rule.NOT_ARISING: (
        "Không phát sinh: không có đối tượng để tính.",
        "Does not arise: there is nothing to count.",
    ),
    Rule.MET: ("Đạt mức đề ra ({it.bound}).", "The bound is met ({it.bound})."),
    Rule.KEPT: ("Duy trì được trong mọi kỳ ({it.bound}).", "It has held in every period ({it.bound})."),
    Rule.BROKEN_NOW: (
        "Phải duy trì trong mọi kỳ; kỳ này không đạt ({it.bound}).",
        "It must hold in every period; in this one it does not ({it.bound}).",
    ),
    Rule.BREAKING: (
        "Kỳ chưa kết thúc và đang không duy trì được ({it.bound}).",
        "The period is not over and it does not hold ({it.bound}).",
    ),
    Rule.NOTHING_LEFT: ("Bằng 0: không thể giảm thêm.", "It is 0: nothing is left to decrease."),
    Rule.FIRST_KNOWN: (
        "Kỳ đầu tiên có số liệu: các kỳ sau được so với kỳ này.",
        "The first known period: later ones are compared with it.",
    ),
    Rule.DECREASED: ("Đã giảm so với {it.compared}.", "It has decreased against {it.compared}."),
    Rule.DUE_PASSED: (
        "Chưa đạt ({it.bound}) và đã qua hạn {it.due}.",
        "The bound is not met ({it.bound}) and the due date {it.due} has passed.",
    ),
    Rule.NOT_DUE: (
        "Chưa đạt ({it.bound}); kế hoạch không cho biết lộ trình đến hạn {it.due}.",
        "The bound is not met ({it.bound}); the plan gives no path to the due date {it.due}.",
    ),
    Rule.NO_DUE: (
        "Chưa đạt ({it.bound}); kế hoạch không nêu thời hạn.",
        "The bound is not met ({it.bound}); the plan names no due date.",
    ),
    Rule.ON_PATH: (
        "Chưa đạt ({it.bound}) nhưng không kém mức cần có trên lộ trình ({it.expected}).",
        "The bound is not met yet ({it.bound}), but the value is not behind the path to it ({it.expected} by now).",
    ),
    Rule.BEHIND_PATH: (
        "Chưa đạt ({it.bound}) và kém mức cần có trên lộ trình ({it.expected}).",
        "The bound is not met ({it.bound}), and the value is behind the path to it ({it.expected} by now).",
    ),
}
# Rules that no figure of the period itself decides.
_WITHOUT_FIGURE = (Rule.ENDED, Rule.BROKEN_BEFORE, Rule.NO_DATA, Rule.NOT_ARISING)
# With too few reports there is a figure, but nothing is concluded from it.
_WITHOUT_GAP = (*_WITHOUT_FIGURE, Rule.INSUFFICIENT)

_WITHHELD = ("không hiển thị số đếm trẻ em từ 1 đến 5", "a count of 1 to 5 children is withheld")
_VALUE = ("Giá trị: {value}.", "The value: {value}.")
_OF = ("{above}/{below}", "{above} of {below}")
_MORE = ("Cần thêm {number} ({counted}).", "{number} more are needed ({counted}).")
_FEWER = ("Cần bớt {number} ({counted}).", "{number} fewer are needed ({counted}).")
_NEVER = ("Với mẫu số này thì không tử số nào đạt được.", "With this denominator no numerator can do it.")
_MORE_SPARE = ("Thêm {number} vẫn đạt ({counted}).", "With {number} more it would still hold ({counted}).")
_FEWER_SPARE = ("Bớt {number} vẫn đạt ({counted}).", "With {number} fewer it would still hold ({counted}).")
_MORE_TO_PATH = ("Đúng lộ trình khi thêm {number}.", "It is on the path with {number} more.")
_FEWER_TO_PATH = ("Đúng lộ trình khi bớt {number}.", "It is on the path with {number} fewer.")
_SURE: Mapping[Certainty, Words] = {
    Certainty.MET: ("Các đơn vị còn lại báo cáo thế nào cũng đạt.", "It holds whatever the rest reports."),
    Certainty.NOT_MET: ("Các đơn vị còn lại báo cáo thế nào cũng không đạt.", "It fails whatever the rest reports."),
}
_DECREASE = ("giảm so với {reference}", "decrease against {reference}")
_FIRST = ("kỳ đầu tiên có số liệu", "the first known period")
_BASELINE = ("mức gốc ({value})", "the baseline ({value})")


def reason(one: Attainment, elements: Mapping[str, Element]) -> Label:
    """The rule in words, the figure, and how many are needed or to spare."""
    digits = _digits(one)
    vi, en = (_Wording(one, language, elements, digits) for language in (0, 1))
    return Label(vi.text(), en.text())


def _digits(one: Attainment) -> int:
    """With so many the value looks equal to nothing that it is held against and differs from."""
    value = one.evidence.value.value if one.evidence is not None else None
    levels = [level for level in (one.level.value, one.expected) if level is not None]
    return 1 if value is None else digits_apart(value, levels)


class _Wording:
    """One attainment, after disclosure, in one language: 0 is Vietnamese, 1 English."""

    def __init__(self, one: Attainment, language: int, elements: Mapping[str, Element], digits: int) -> None:
        self._one = one
        self._language = language
        self._elements = elements
        self._digits = digits

    def text(self) -> str:
        """One to five sentences."""
        said = (self._rule(), self._figure(), self._to_bound(), self._to_path(), self._whatever())
        return " ".join(filter(None, said))

    def _rule(self) -> str:
        return _RULES[self._one.rule][self._language].format(it=self)

    def _figure(self) -> str:
        evidence = self._one.evidence
        if evidence is None or self._one.rule in _WITHOUT_FIGURE:
            return ""
        if evidence.value.suppressed:
            return self._say(_VALUE, value=_WITHHELD[self._language])
        if evidence.value.value is None:
            return ""
        return self._say(_VALUE, value=f"{self._value(evidence.value.value)}{self._sums(evidence)}")

    def _sums(self, evidence: Evidence) -> str:
        above, below = evidence.numerator.value, evidence.denominator
        if above is None or below is None or below.value is None:
            return ""
        return f" ({self._say(_OF, above=self._number(above), below=self._number(below.value))})"

    def _to_bound(self) -> str:
        gap = self._one.gap
        if gap is None or gap.needed.suppressed or self._one.rule in _WITHOUT_GAP:
            return ""
        if gap.needed.value is None:
            return self._say(_NEVER)
        if gap.needed.value:
            return self._change(gap.needed.value, _MORE, _FEWER)
        return self._change(gap.spare.value or Fraction(0), _MORE_SPARE, _FEWER_SPARE, self._one.lower_is_better)

    def _to_path(self) -> str:
        gap = self._one.path_gap
        if gap is None or self._one.rule is not Rule.BEHIND_PATH:
            return ""
        return self._change(gap.needed.value or Fraction(0), _MORE_TO_PATH, _FEWER_TO_PATH)

    def _whatever(self) -> str:
        """What the rest can't change, while there is a rest."""
        one = self._one
        left = one.evidence.possible if one.evidence is not None and one.broken is None else None
        sure = None if left is None or left.low == left.high else certainty(one)
        return "" if sure is None else self._say(_SURE[sure])

    def _change(self, number: Fraction, more: Words, fewer: Words, up: bool = True) -> str:
        """Nothing for 0. A negative number is a change the other way."""
        if not number:
            return ""
        words = more if (number > 0) is up else fewer
        return self._say(words, number=self._number(abs(number)), counted=self._counted())

    def _counted(self) -> str:
        labels = (self._elements[id_].label for id_ in self._one.indicator.numerator)
        return " + ".join(label.in_language(self._language) for label in labels)

    @property
    def bound(self) -> str:
        target = self._one.target
        if target.bound is None:
            return self._say(_DECREASE, reference=self.compared)
        exact = self._number(target.bound) + self._unit()
        return f"{(target.holds or target.comparator).sign} {exact}"

    @property
    def compared(self) -> str:
        """What a decrease is judged by."""
        if self._one.compared is not None:
            return self._earlier(self._one.compared)
        baseline = self._one.target.baseline
        return self._say(_FIRST) if baseline is None else self._say(_BASELINE, value=self._value(baseline))

    @property
    def broken(self) -> str:
        return "" if self._one.broken is None else self._earlier(self._one.broken)

    @property
    def due(self) -> str:
        due = self._one.target.due
        return "" if due is None else f"{due:%d/%m/%Y}"

    @property
    def expected(self) -> str:
        expected = self._one.expected
        return "" if expected is None else self._value(expected)

    @property
    def reported(self) -> str:
        return self._covered(lambda coverage: Fraction(coverage.reported))

    @property
    def asked(self) -> str:
        return self._covered(lambda coverage: Fraction(coverage.expected))

    @property
    def least(self) -> str:
        return self._covered(lambda coverage: coverage.needed)

    def _covered(self, number: Callable[[Coverage], Fraction]) -> str:
        evidence = self._one.evidence
        return "" if evidence is None else self._number(number(evidence.coverage))

    def _earlier(self, earlier: Earlier) -> str:
        """A period with its value, unless that is withheld."""
        period, value = self._period(earlier.period), earlier.evidence.value.value
        if value is None:
            return period
        return f"{period} ({self._value(value, self._one.target.bound)})"

    def _period(self, period: Period) -> str:
        # It stands in the middle of a sentence.
        return period.vi[0].lower() + period.vi[1:] if self._language == 0 else str(period)

    def _value(self, number: Fraction, bound: Fraction | None = None) -> str:
        text = figure_text(number, self._one.indicator.unit, bound, self._digits)
        return self._written(text) + self._unit()

    def _unit(self) -> str:
        return ("%", " %")[self._language] if self._one.indicator.unit == "percent" else ""

    def _number(self, number: Fraction) -> str:
        return self._written(exact_text(number))

    def _written(self, text: str) -> str:
        """Thousands grouped: 1.234,5 in Vietnamese, 1,234.5 in English. A fraction stays one."""
        if "/" in text:
            return text
        if self._language == 0:
            return vietnamese(text)
        whole, point, decimals = text.partition(".")
        return f"{int(whole):,}{point}{decimals}"

    def _say(self, words: Words, **facts: object) -> str:
        return words[self._language].format_map(facts)
