"""The targets of two plans side by side: which count the same, which of them asks more, and what can't be compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from chitieu.domain.catalogue import Catalogue
from chitieu.domain.plan import Plan
from chitieu.domain.stringency import Aim, Difference, differences, stricter


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one target of the first plan and one of the second. `stricter` is the one that asks more, if either does."""

    first: Aim
    second: Aim
    differences: tuple[Difference, ...]
    stricter: Aim | None

    @property
    def comparable(self) -> bool:
        return all(one.comparable for one in self.differences)


@dataclass(frozen=True, slots=True)
class Group:
    """Targets of both plans whose indicators count some of the same; one side is empty if only one plan has any."""

    first: tuple[Aim, ...]
    second: tuple[Aim, ...]

    def verdicts(self) -> Iterator[Verdict]:
        for one, other in product(self.first, self.second):
            asks_more = one if stricter(one, other) else other if stricter(other, one) else None
            yield Verdict(one, other, tuple(differences(one, other)), asks_more)


def compared(first: Plan, second: Plan, catalogue: Catalogue) -> list[Group]:
    """In the order of the first plan's targets; what only the second has comes last."""
    groups: list[Group] = []
    sides = [(True, aim) for aim in _aims(first, catalogue)] + [(False, aim) for aim in _aims(second, catalogue)]
    for own, aim in sides:
        alone = Group((aim,), ()) if own else Group((), (aim,))
        kin = [group for group in groups if _overlap(group, aim)]
        at = groups.index(kin[0]) if kin else len(groups)
        groups = [group for group in groups if group not in kin]
        groups.insert(at, _joined([*kin, alone]))
    return groups


def _aims(plan: Plan, catalogue: Catalogue) -> list[Aim]:
    return [Aim(target, catalogue.indicators[target.indicator]) for target in plan.targets.values()]


def _overlap(group: Group, aim: Aim) -> bool:
    counted = set(aim.indicator.numerator)
    return any(not counted.isdisjoint(one.indicator.numerator) for one in (*group.first, *group.second))


def _joined(groups: Sequence[Group]) -> Group:
    return Group(
        tuple(aim for group in groups for aim in group.first), tuple(aim for group in groups for aim in group.second)
    )
