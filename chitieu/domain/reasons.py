"""Why a target's state is what it is, in words for people, with the numbers that decided it.

Sentences don't pass disclosure, so they are put together after it, from what it left: a figure that is withheld is said
to be withheld, and nothing that was computed from it is said.
"""

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from functools import lru_cache
from string import Formatter

from chitieu.domain.attainment import Attainment, Earlier, Rule
from chitieu.domain.catalogue import Element, Label
from chitieu.domain.certainty import Certainty, certainty
from chitieu.domain.evidence import Coverage
from chitieu.domain.fractions import digits_apart, exact_text, figure_text, vietnamese
from chitieu.domain.period import Period

Words = tuple[str, str]  # Vietnamese, English

_RULES: Mapping[Rule, Words] = {
    Rule.ENDED: (
        "Đơn vị không còn hoạt động vào ngày cuối kỳ.",
        "The area is no longer in force on the period's last day.",
    ),
    Rule.BROKEN_BEFORE: (
        "Phải duy trì trong mọi kỳ ({bound}); đã không đạt ở kỳ: {broken}.",
        "It must hold in every period ({bound}); it did not in {broken}.",
    ),
    Rule.NO_DATA: ("Chưa có số liệu.", "Nothing has been reported."),
    Rule.INSUFFICIENT: (
        "Số đơn vị báo cáo chưa đủ: {reported}/{asked}, cần ít nhất {least}%.",
        "Too few units have reported: {reported} of {asked}, at least {least} % are needed.",
    ),
    Rule.NOT_ARISING: (
        "Không phát sinh: không có đối tượng để tính.",
        "Does not arise: there is nothing to count.",
    ),
    Rule.MET: ("Đạt mức đề ra ({bound}).", "The bound is met ({bound})."),
    Rule.KEPT: ("Duy trì được trong mọi kỳ ({bound}).", "It has held in every period ({bound})."),
    Rule.BROKEN_NOW: (
        "Phải duy trì trong mọi kỳ; kỳ này không đạt ({bound}).",
        "It must hold in every period; in this one it does not ({bound}).",
    ),
    Rule.BREAKING: (
        "Kỳ chưa kết thúc và đang không duy trì được ({bound}).",
        "The period is not over and it does not hold ({bound}).",
    ),
    Rule.NOTHING_LEFT: ("Bằng 0: không thể giảm thêm.", "It is 0: nothing is left to decrease."),
    Rule.FIRST_KNOWN: (
        "Kỳ đầu tiên có số liệu: các kỳ sau được so với kỳ này.",
        "The first known period: later ones are compared with it.",
    ),
    Rule.DECREASED: ("Đã giảm so với {compared}.", "It has decreased against {compared}."),
    Rule.DUE_PASSED: (
        "Chưa đạt ({bound}) và đã qua hạn {due}.",
        "The bound is not met ({bound}) and the due date {due} has passed.",
    ),
    Rule.NOT_DUE: (
        "Chưa đạt ({bound}); kế hoạch không cho biết lộ trình đến hạn {due}.",
        "The bound is not met ({bound}); the plan gives no path to the due date {due}.",
    ),
    Rule.NO_DUE: (
        "Chưa đạt ({bound}); kế hoạch không nêu thời hạn.",
        "The bound is not met ({bound}); the plan names no due date.",
    ),
    Rule.ON_PATH: (
        "Chưa đạt ({bound}) nhưng không kém mức cần có trên lộ trình ({expected}).",
        "The bound is not met yet ({bound}), but the value is not behind the path to it ({expected} by now).",
    ),
    Rule.BEHIND_PATH: (
        "Chưa đạt ({bound}) và kém mức cần có trên lộ trình ({expected}).",
        "The bound is not met ({bound}), and the value is behind the path to it ({expected} by now).",
    ),
}
# Rules that no figure of the period itself decides.
_WITHOUT_FIGURE = (Rule.ENDED, Rule.BROKEN_BEFORE, Rule.NO_DATA, Rule.NOT_ARISING)
# With too few reports there is a figure, but nothing is concluded from it.
_WITHOUT_GAP = (*_WITHOUT_FIGURE, Rule.INSUFFICIENT)

_WITHHELD = ("không hiển thị số đếm trẻ em từ 1 đến 5", "a count of 1 to 5 children is withheld")
_VALUE = ("Giá trị: {value}.", "The value: {value}.")
_VALUE_OF = ("Giá trị: {value} ({above}/{below}).", "The value: {value} ({above} of {below}).")
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
_WITH_VALUE = ("{period} ({value})",) * 2
_BLANK = ("", "")


# What each names: only that is written.
_NAMED = {rule: tuple(name for _, name, _, _ in Formatter().parse(words[0]) if name) for rule, words in _RULES.items()}


def reason(one: Attainment, elements: Mapping[str, Element]) -> Label:
    """The rule in words, the figure, and how many are needed or to spare: one to five sentences."""
    return Label(*_Wording(one, elements).text())


class _Wording:
    """One attainment, after disclosure. All is said in both languages at once: most of the work is the numbers'."""

    def __init__(self, one: Attainment, elements: Mapping[str, Element]) -> None:
        self._one = one
        self._elements = elements
        value = one.evidence.value.value if one.evidence is not None else None
        levels = [level for level in (one.level.value, one.expected) if level is not None]
        self._digits = 1 if value is None else digits_apart(value, levels)

    def text(self) -> Words:
        said = (self._rule(), self._figure(), self._to_bound(), self._to_path(), self._whatever())
        vi, en = zip(*filter(None, said), strict=True)
        return " ".join(vi), " ".join(en)

    def _rule(self) -> Words:
        rule = self._one.rule
        return _say(_RULES[rule], **{name: _FACTS[name](self) for name in _NAMED[rule]})

    def _figure(self) -> Words | None:
        evidence = self._one.evidence
        if evidence is None or self._one.rule in _WITHOUT_FIGURE:
            return None
        if evidence.value.suppressed:
            return _say(_VALUE, value=_WITHHELD)
        if evidence.value.value is None:
            return None
        above, below = evidence.numerator.value, evidence.denominator
        value = self._value(evidence.value.value)
        if above is None or below is None or below.value is None:
            return _say(_VALUE, value=value)
        return _say(_VALUE_OF, value=value, above=_number(above), below=_number(below.value))

    def _to_bound(self) -> Words | None:
        gap = self._one.gap
        if gap is None or gap.needed.suppressed or self._one.rule in _WITHOUT_GAP:
            return None
        if gap.needed.value is None:
            return _NEVER
        if gap.needed.value:
            return self._change(gap.needed.value, _MORE, _FEWER)
        return self._change(gap.spare.value or Fraction(0), _MORE_SPARE, _FEWER_SPARE, self._one.lower_is_better)

    def _to_path(self) -> Words | None:
        gap = self._one.path_gap
        if gap is None or self._one.rule is not Rule.BEHIND_PATH:
            return None
        return self._change(gap.needed.value or Fraction(0), _MORE_TO_PATH, _FEWER_TO_PATH)

    def _whatever(self) -> Words | None:
        """What the rest can't change, while there is a rest."""
        one = self._one
        left = one.evidence.possible if one.evidence is not None and one.broken is None else None
        sure = None if left is None or left.low == left.high else certainty(one)
        return None if sure is None else _SURE[sure]

    def _change(self, number: Fraction, more: Words, fewer: Words, up: bool = True) -> Words | None:
        """Nothing for 0. A negative number is a change the other way."""
        if not number:
            return None
        return _say(more if (number > 0) is up else fewer, number=_number(abs(number)), counted=self._counted())

    def _counted(self) -> Words:
        labels = [self._elements[id_].label for id_ in self._one.indicator.numerator]
        return " + ".join([label.vi for label in labels]), " + ".join([label.en for label in labels])

    def _bound(self) -> Words:
        target = self._one.target
        if target.bound is None:
            return _say(_DECREASE, reference=self._reference())
        vi, en = self._with_unit(_number(target.bound))
        sign = (target.holds or target.comparator).sign
        return f"{sign} {vi}", f"{sign} {en}"

    def _due(self) -> Words:
        due = self._one.target.due
        return _BLANK if due is None else _day(due)

    def _reference(self) -> Words:
        """What a decrease is judged by."""
        if self._one.compared is not None:
            return self._earlier(self._one.compared)
        baseline = self._one.target.baseline
        return _FIRST if baseline is None else _say(_BASELINE, value=self._value(baseline))

    def _covered(self, number: Callable[[Coverage], int | Fraction]) -> Words:
        evidence = self._one.evidence
        return _BLANK if evidence is None else _number(Fraction(number(evidence.coverage)))

    def _earlier(self, earlier: Earlier | None) -> Words:
        """A period with its value, unless that is withheld."""
        if earlier is None:
            return _BLANK
        period, value = _period(earlier.period), earlier.evidence.value.value
        if value is None:
            return period
        return _say(_WITH_VALUE, period=period, value=self._value(value, self._one.target.bound))

    def _value(self, number: Fraction | None, bound: Fraction | None = None) -> Words:
        if number is None:
            return _BLANK
        return self._with_unit(_written(figure_text(number, self._one.indicator.unit, bound, self._digits)))

    def _with_unit(self, number: Words) -> Words:
        return (f"{number[0]}%", f"{number[1]} %") if self._one.indicator.unit == "percent" else number


_FACTS: Mapping[str, Callable[[_Wording], Words]] = {
    "bound": _Wording._bound,
    "due": _Wording._due,
    "broken": lambda one: one._earlier(one._one.broken),
    "compared": _Wording._reference,
    "expected": lambda one: one._value(one._one.expected),
    "reported": lambda one: one._covered(lambda coverage: coverage.reported),
    "asked": lambda one: one._covered(lambda coverage: coverage.expected),
    "least": lambda one: one._covered(lambda coverage: coverage.needed),
}


def _say(words: Words, **facts: Words) -> Words:
    vi, en = words
    return (
        vi.format_map({name: fact[0] for name, fact in facts.items()}),
        en.format_map({name: fact[1] for name, fact in facts.items()}),
    )


def _period(period: Period) -> Words:
    # It stands in the middle of a sentence.
    return period.vi[0].lower() + period.vi[1:], str(period)


@lru_cache(1_000)
def _day(day: date) -> Words:
    return (f"{day:%d/%m/%Y}",) * 2


def _number(number: Fraction) -> Words:
    if number.denominator == 1:
        grouped = f"{number.numerator:,}"
        return grouped.replace(",", "."), grouped
    return _written(exact_text(number))


def _written(text: str) -> Words:
    """Thousands grouped: 1.234,5 in Vietnamese, 1,234.5 in English. A fraction stays one."""
    if "/" in text:
        return text, text
    whole, point, decimals = text.partition(".")
    return vietnamese(text), f"{int(whole):,}{point}{decimals}"
