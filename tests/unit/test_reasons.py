"""Why a state is what it is, in words: for people, with the numbers, and with no number that is withheld."""

from fractions import Fraction

import pytest

from chitieu.domain.attainment import Attainment, Earlier, Rule, State
from chitieu.domain.disclosure import Caller, disclose
from chitieu.domain.period import Period
from chitieu.domain.plan import Comparator
from chitieu.domain.reasons import reason
from tests.unit.small_release import ELEMENTS, target
from tests.unit.test_attainment import (
    DUE,
    INFORMED,
    informed,
    judged,
    kept,
    labour,
    lowered,
    on_line,
    year,
)

NOBODY = Caller(frozenset())


def said(one: Attainment) -> tuple[str, str]:
    label = reason(one, ELEMENTS)
    return label.vi, label.en


def test_every_rule_has_a_sentence_in_both_languages() -> None:
    one = target("t", "informed_rate", Comparator.AT_LEAST, Fraction(7, 2), due=DUE)
    before = Earlier(Period.parse("2022"), informed(1, 50))
    for rule in Rule:
        found = Attainment(one, INFORMED, State.MET, rule, informed(1, 2), Fraction(3), before, before)
        for text in said(found):
            assert text.endswith(".") and "None" not in text and "False" not in text and "{" not in text
    assert ["3,5" in said(found)[0], "3.5" in said(found)[1]] == [True, True]


def test_a_met_bound_says_how_many_could_be_lost() -> None:
    assert said(judged(Comparator.AT_LEAST, 80, informed(1812, 2000))) == (
        "Đạt mức đề ra (≥ 80%). Giá trị: 90,6% (1.812/2.000). Bớt 212 vẫn đạt (informed).",
        "The bound is met (≥ 80 %). The value: 90.6 % (1,812 of 2,000). With 212 fewer it would still hold (informed).",
    )


def test_an_unmet_bound_says_how_many_are_needed() -> None:
    vi, en = said(judged(Comparator.ABOVE, 90, informed(899, 1000), due=DUE))
    assert vi.endswith("Giá trị: 89,9% (899/1.000). Cần thêm 2 (informed).")
    assert en.endswith("The value: 89.9 % (899 of 1,000). 2 more are needed (informed).")


def test_where_lower_is_better_fewer_are_needed_and_more_can_be_borne() -> None:
    assert said(lowered(labour(41, 1000), labour(4, 100))) == (
        "Chưa đạt (giảm so với năm 2021 (4,0%)); kế hoạch không cho biết lộ trình đến hạn 31/12/2025. "
        "Giá trị: 4,1% (41/1.000). Cần bớt 2 (labour).",
        "The bound is not met (decrease against 2021 (4.0 %)); the plan gives no path to the due date 31/12/2025. "
        "The value: 4.1 % (41 of 1,000). 2 fewer are needed (labour).",
    )
    assert said(lowered(labour(30, 1000), labour(4, 100)))[1].endswith("With 9 more it would still hold (labour).")


def test_behind_the_path_both_ways_are_said() -> None:
    """On 31/12/2023 the line is at 55.967… %, so that 56.0 % against 56.0 % would not show why it is behind."""
    assert said(on_line(541, year(2023)))[1] == (
        "The bound is not met (≥ 80 %), and the value is behind the path to it (56.0 % by now). "
        "The value: 54.1 % (541 of 1,000). 259 more are needed (informed). It is on the path with 19 more."
    )
    near = judged(Comparator.AT_LEAST, 80, informed(5596, 10000), year(2023), due=DUE, baseline=Fraction(20))
    assert "(55.97 % by now). The value: 55.96 %" in said(near)[1]


def test_a_broken_promise_names_the_period_and_its_value() -> None:
    """1 of 30,000 is not shown as 0.0 %."""
    assert said(kept(labour(0, 100), labour(0, 100), labour(1, 30000))) == (
        "Phải duy trì trong mọi kỳ (= 0%); đã không đạt ở kỳ: năm 2022 (0,003%).",
        "It must hold in every period (= 0 %); it did not in 2022 (0.003 %).",
    )


def test_a_half_year_is_named_as_people_name_it() -> None:
    one = target("t", "informed_rate", Comparator.AT_LEAST, 80)
    half = Earlier(Period.parse("2023S1"), informed(None, None))
    found = Attainment(one, INFORMED, State.MISSED, Rule.BROKEN_BEFORE, broken=half)
    assert said(found)[0] == "Phải duy trì trong mọi kỳ (≥ 80%); đã không đạt ở kỳ: 6 tháng đầu năm 2023."


def test_what_no_numerator_can_do_is_said_so() -> None:
    assert said(judged(Comparator.EQUAL, 50, informed(3, 7)))[1].endswith(
        "With this denominator no numerator can do it."
    )


@pytest.mark.parametrize("few", [1, 5])
def test_a_withheld_figure_is_said_to_be_withheld_and_nothing_follows_from_it(few: int) -> None:
    found = disclose(lowered(labour(few, 10), labour(1, 100)), NOBODY)
    assert said(found) == (
        "Chưa đạt (giảm so với năm 2021); kế hoạch không cho biết lộ trình đến hạn 31/12/2025. "
        "Giá trị: không hiển thị số đếm trẻ em từ 1 đến 5.",
        "The bound is not met (decrease against 2021); the plan gives no path to the due date 31/12/2025. "
        "The value: a count of 1 to 5 children is withheld.",
    )


def test_a_gap_to_a_withheld_figure_is_withheld() -> None:
    """7 of 100 now is shown; that it must be fewer than 4 of 100 in 2021 is not."""
    vi, en = said(disclose(lowered(labour(7, 100), labour(4, 100)), NOBODY))
    assert en.endswith("The value: 7.0 % (7 of 100).") and vi.endswith("Giá trị: 7,0% (7/100).")
