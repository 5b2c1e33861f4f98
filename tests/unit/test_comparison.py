"""Two plans' targets side by side: nothing is lost, and what counts the same stands together."""

from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.comparison import Group, compared
from chitieu.domain.plan import Comparator, Plan, Target
from tests.unit.small_release import CATALOGUE, PLAN, rate, target

INDICATORS = {
    **CATALOGUE.indicators,
    "pooled": rate("pooled", ("informed", "trained_c"), ("parents", "officials_c")),
    "trained": rate("trained", ("trained_c",), ("officials_c",)),
}
WITH = replace(CATALOGUE, indicators=INDICATORS)
BOUNDED = (Comparator.BELOW, Comparator.AT_MOST, Comparator.AT_LEAST, Comparator.ABOVE, Comparator.EQUAL)


def plan(*targets: Target) -> Plan:
    return replace(PLAN, targets={one.id: one for one in targets})


def ids(group: Group) -> tuple[list[str], list[str]]:
    return [one.target.id for one in group.first], [one.target.id for one in group.second]


targets = st.lists(
    st.builds(
        target,
        st.sampled_from("abcdef"),
        st.sampled_from(sorted(INDICATORS)),
        st.sampled_from(BOUNDED),
        st.integers(0, 100),
    ),
    max_size=6,
)


def test_what_only_one_plan_has_stands_alone_and_the_second_s_comes_last() -> None:
    first = plan(target("a", "informed_rate", Comparator.AT_LEAST, 80), target("b", "labour_rate", Comparator.BELOW, 1))
    second = plan(
        target("c", "trained", Comparator.AT_LEAST, 90), target("d", "informed_rate", Comparator.AT_LEAST, 70)
    )
    groups = compared(first, second, WITH)
    assert [ids(group) for group in groups] == [(["a"], ["d"]), (["b"], []), ([], ["c"])]
    (verdict,) = groups[0].verdicts()
    assert verdict.comparable and verdict.stricter is verdict.first


def test_pooled_and_split_targets_stand_together_and_are_said_not_to_be_comparable() -> None:
    """Trap 10 of the domain: officials pooled in one plan, split in another."""
    first = plan(target("a", "officials_rate", Comparator.AT_LEAST, 90))
    second = plan(target("c", "trained", Comparator.AT_LEAST, 90))
    (group,) = compared(first, second, WITH)
    (verdict,) = group.verdicts()
    assert ids(group) == (["a"], ["c"]) and not verdict.comparable and verdict.stricter is None


@given(targets, targets)
def test_every_target_stands_in_one_group_and_with_all_that_count_some_of_the_same(
    ours: list[Target], theirs: list[Target]
) -> None:
    first, second = plan(*ours), plan(*theirs)
    groups = compared(first, second, WITH)
    assert sorted(id_ for group in groups for id_ in ids(group)[0]) == sorted(first.targets)
    assert sorted(id_ for group in groups for id_ in ids(group)[1]) == sorted(second.targets)
    counted = [{e for aim in (*group.first, *group.second) for e in aim.indicator.numerator} for group in groups]
    for (at, one), (other_at, other) in product(enumerate(counted), repeat=2):
        assert at == other_at or one.isdisjoint(other)


@given(targets, targets)
def test_swapping_the_plans_swaps_the_verdicts(ours: list[Target], theirs: list[Target]) -> None:
    def told(one: Plan, other: Plan) -> dict[tuple[str, str], str | None]:
        verdicts = (verdict for group in compared(one, other, WITH) for verdict in group.verdicts())
        return {
            (v.first.target.id, v.second.target.id): None
            if v.stricter is None
            else ("2" if v.stricter is v.second else "1")
            for v in verdicts
        }

    there, back = told(plan(*ours), plan(*theirs)), told(plan(*theirs), plan(*ours))
    swapped = {"1": "2", "2": "1", None: None}
    assert there == {(b, a): swapped[stricter] for (a, b), stricter in back.items()}
