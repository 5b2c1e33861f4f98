"""Invented figures for reports: plausible by what was published, the same for the same seed, never real.

Published: 20.6 million children aged 5 to 17 in 2023; child labour 5.3 % of them in 2018, half of it hazardous, and
1.31 % in 2025.
Every number is drawn from a stream named by what it is about, so that a unit's later reports continue its earlier ones
and a year holds its half-years.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from itertools import pairwise
from typing import TypeVar

from chitieu.domain.form import Form
from chitieu.domain.period import Period, PeriodKind
from chitieu.domain.registry import Release
from chitieu.domain.unit import NATION, Unit

T = TypeVar("T")

Values = dict[str, int | str]

_NOT_APPLICABLE = "n/a"
# From that day a commune is about three of the old ones; an education office of Hà Nội has about nineteen.
_REFORM = date(2025, 7, 1)
_COMMUNES_MADE_ONE = 3
_COMMUNES_OF_AN_OFFICE = 19
_PILOT_PROVINCES = 12


@dataclass(frozen=True, slots=True)
class Locality:
    """An area at the end of 2024. `children` are those aged 5 to 17 in a commune, on average.

    `child_labour` is for 100,000 of them; the rest are shares in per mille of the whole that they name.
    """

    children: int
    child_labour: int
    cases_notified: int
    at_risk_or_labour: int
    staff: int
    parents: int
    children_informed: int
    employers: int
    officials: int
    enterprises: int
    cooperatives_households: int
    collaborators: int


# By area; the nearest on a unit's path holds. Lạng Sơn promised to keep free of child labour: a handful is found.
LOCALITIES: Mapping[str, Locality] = {
    "397": Locality(1450, 480, 930, 928, 958, 761, 815, 622, 972, 585, 741, 1000),
    "20": Locality(880, 6, 1000, 925, 945, 762, 823, 715, 893, 640, 735, 985),
    "01": Locality(3020, 350, 1000, 931, 962, 789, 871, 842, 915, 803, 688, 1000),
    NATION: Locality(1960, 1310, 965, 885, 901, 694, 742, 560, 862, 548, 612, 940),
}

_SEX = {"m": 520, "f": 480}
_AGE = {"a05": 620, "a13": 150, "a15": 230}
# Who works: mostly the older ones, boys more often.
_WORKING = {"a05": 1, "a13": 3, "a15": 6}
_WORKING_BOYS = {"m": 3, "f": 2}


class Draw:
    """A stream of random numbers that belongs to a name: hashes of the name and of a counter.

    A fifth of the cost of a `random.Random` for every name, and the same under every version of Python.
    """

    def __init__(self, *name: object) -> None:
        self._name = "/".join(map(str, name))
        self._drawn = 0

    def below(self, limit: int) -> int:
        self._drawn += 1
        drawn = blake2b(f"{self._name}/{self._drawn}".encode(), digest_size=8).digest()
        return int.from_bytes(drawn, "big") % limit

    def between(self, least: int, most: int) -> int:
        return least + self.below(most - least + 1)

    def part(self, whole: int, share: int, of: int = 1000) -> int:
        """About share/of of a whole: rounded up or down by chance, so that small wholes are right on average."""
        return (whole * min(max(share, 0), of) + self.below(of)) // of

    def about(self, mean: int) -> int:
        """Half as much again, or half as little."""
        return self.between(mean // 2, mean + mean // 2)

    def near(self, share: int) -> int:
        """A share in per mille as one unit has it, up to 60 ‰ from the area's."""
        return min(max(share + self.between(-60, 60), 0), 1000)

    def among(self, weights: Mapping[str, int], number: int) -> Counter[str]:
        """How many of a number fall to each name."""
        names = [name for name, weight in weights.items() for _ in range(weight)]
        return Counter(names[self.below(len(names))] for _ in range(number))

    def some(self, of: Sequence[T], number: int) -> list[T]:
        """Different ones, in an order by chance."""
        left = list(of)
        return [left.pop(self.below(len(left))) for _ in range(min(number, len(left)))]


class Figures:
    """What the units of a release would report, by a seed."""

    def __init__(self, release: Release, seed: int) -> None:
        self._seed = seed
        provinces = [u.code for u in release.tree.children(NATION, date(2015, 12, 31)) if u.level == "province"]
        self._pilots = frozenset(self._draw("pilot provinces").some(sorted(provinces), _PILOT_PROVINCES))
        self._by_form: Mapping[str, Callable[[Form, Period, Sequence[Unit]], Values]] = {
            **dict.fromkeys(("ldte-xa", "ldte-gd", "ldte-huyen", "ldte-tinh", "ldte-gd-so"), self._child_labour),
            "hoat-dong-co-quan": self._agency,
            "tre-em-truong": self._school,
            "lien-nganh-tinh": self._province,
        }

    def report(self, form: Form, period: Period, path: Sequence[Unit]) -> Values:
        """Values by field key, of the unit at the end of a path. A form without figures is a paper that was sent: 1."""
        asked = [field.key for field in form.fields if not field.retired]
        draw = self._by_form.get(form.id)
        if draw is None:
            return dict.fromkeys(asked, 1)
        drawn = draw(form, period, path)
        return {key: drawn[key] for key in asked if key in drawn}

    def _draw(self, *name: object) -> Draw:
        return Draw(self._seed, *name)

    def _child_labour(self, form: Form, period: Period, path: Sequence[Unit]) -> Values:
        unit, place = path[-1], _locality(path)
        expected = self._draw(unit.id, "children").about(place.children * _communes(unit))
        children = {
            field.key: self._draw(unit.id, field.key).part(
                expected, _SEX[field.options[0]] * _AGE[field.options[1]], 10**6
            )
            for field in form.fields
            if field.element == "children_5_17"
        }
        number = sum(children.values()) or expected
        return {
            **children,
            **self._labour(period, unit, place, children),
            **self._cases(period, unit, place, number),
            **self._reached(period, unit, place, number),
            **self._activity(period, unit),
        }

    def _labour(self, period: Period, unit: Unit, place: Locality, children: Mapping[str, int]) -> Values:
        number, draw = sum(children.values()), self._draw(unit.id, "labour")
        rate = place.child_labour * (1000 - 50 * _half_years(period)) // 1000
        weights = {
            f"child_labour.{sex}.{age}": boys * older
            for sex, boys in _WORKING_BOYS.items()
            for age, older in _WORKING.items()
        }
        drawn = self._draw(unit.id, "who works").among(weights, draw.part(number, rate, 100_000))
        working = {
            key: min(drawn[key], children.get(key.replace("child_labour", "children_5_17"), 0)) for key in weights
        }
        labour = sum(working.values())
        at_risk = labour + draw.part(number, 600, 100_000)
        educated = draw.part(at_risk, draw.near(_grown(place.at_risk_or_labour, period)))
        return {
            **working,
            "hazardous_labour": draw.part(labour, 420 - 30 * _half_years(period)),
            "at_risk_or_labour": at_risk,
            "at_risk_or_labour_educated": educated,
        }

    def _cases(self, period: Period, unit: Unit, place: Locality, number: int) -> Values:
        """Few: in most communes nobody notified any. Some of a half-year's are dealt with later in the year."""
        notified = sum(self._draw(unit.id, half, "cases").part(number, 25, 100_000) for half in _halves(period))
        later = 40 if period.kind is PeriodKind.HALF_YEAR else 0
        supported = self._draw(unit.id, "supported").part(notified, place.cases_notified - later)
        return {"cases_notified": notified, "cases_supported": supported}

    def _reached(self, period: Period, unit: Unit, place: Locality, number: int) -> Values:
        """Those informed and trained, and of how many."""
        small = self._draw(unit.id, "small bodies")
        wholes = {
            "staff": (number * 60 // 1000, "informed", place.staff),
            "parents": (number * 1150 // 1000, "informed", place.parents),
            "children": (number * 1250 // 1000, "informed", place.children_informed),
            "employers": (number * 120 // 1000, "informed", place.employers),
            "officials_province": (small.between(40, 70), "trained", place.officials),
            "officials_district": (small.between(8, 20), "trained", place.officials),
            "officials_commune": (small.part(number, small.between(5, 9)), "trained", place.officials),
            "enterprises": (small.part(number, small.between(0, 6)), "trained", place.enterprises),
            "cooperatives_households": (
                small.part(number, small.between(15, 35)),
                "trained",
                place.cooperatives_households,
            ),
            "collaborators": (small.part(number, 12), "reached", place.collaborators),
        }
        reached: Values = {}
        for element, (whole, verb, share) in wholes.items():
            draw = self._draw(unit.id, element)
            # All of them stays all of them.
            mine = share if share == 1000 else draw.near(_grown(share, period))
            nobody = whole == 0
            reached[element] = _NOT_APPLICABLE if nobody else whole
            reached[f"{element}_{verb}"] = _NOT_APPLICABLE if nobody else draw.part(whole, mine)
        return reached

    def _activity(self, period: Period, unit: Unit) -> Values:
        return {
            "communication_events": self._flow(period, unit, "events", 0, 6),
            "training_courses": self._flow(period, unit, "courses", 1, 5),
            "models_running": self._draw(unit.id, "models").between(0, 2),
            "inspections": self._flow(period, unit, "inspections", 0, 3),
            "violations_handled": self._flow(period, unit, "violations", -6, 1),
            "commitments": self._flow(period, unit, "commitments", 0, 15),
            "budget_million_vnd": vietnamese(self._flow(period, unit, "budget", 200, 9000)),
        }

    def _agency(self, form: Form, period: Period, path: Sequence[Unit]) -> Values:
        unit = path[-1]
        return {
            "agency_events": self._flow(period, unit, "events", 0, 8),
            "agency_courses": self._flow(period, unit, "courses", 0, 3),
            "agency_inspections": self._flow(period, unit, "inspections", 0, 3),
            "agency_violations": self._flow(period, unit, "violations", -4, 1),
        }

    def _school(self, form: Form, period: Period, path: Sequence[Unit]) -> Values:
        """Quận 7 asks for less than 3.5 % and at least 98 %: reached and missed by little."""
        unit, first_half = path[-1], period.kind is PeriodKind.HALF_YEAR
        draw = self._draw(unit.id, "school")
        enrolled = draw.between(250, 400) if ".mn" in unit.code else draw.between(900, 1500)
        special = draw.part(enrolled, 12 if first_half else 11)
        return {
            "children_enrolled": enrolled,
            "special_circumstances": special,
            "special_circumstances_supported": draw.part(special, 930 if first_half else 955),
            "special_circumstances_at_risk": draw.part(enrolled, 25 if first_half else 21),
        }

    def _province(self, form: Form, period: Period, path: Sequence[Unit]) -> Values:
        """The joint plan asks for 80 % by 2015 and 95 % by 2020: the first is reached, the second is not."""
        unit, early = path[-1], period.last_year <= 2015
        draw = self._draw(unit.id, "province")
        educators, pupils = draw.about(19_000), draw.about(254_000)
        trained = draw.part(educators, draw.near(832 if early else 925))
        left = [self._draw(unit.id, year, "dropouts") for year in range(period.year, period.last_year + 1)]
        return {
            "educators": educators,
            "educators_trained": trained,
            "provinces": 1,
            "provinces_implementing": int(not early or unit.code in self._pilots),
            "dropouts": sum(one.part(pupils, one.between(1, 3) if early else 1) for one in left),
            "pupils": pupils,
        }

    def _flow(self, period: Period, unit: Unit, what: str, least: int, most: int) -> int:
        """What happened: in a year, what happened in its halves. Most often nothing if `least` is below 0."""
        return sum(max(self._draw(unit.id, half, what).between(least, most), 0) for half in _halves(period))


def vietnamese(tenths: int) -> str:
    """A decimal as people write it: 12345 tenths are 1.234,5."""
    whole = str(tenths // 10)
    cuts = [0, *range(len(whole) % 3 or 3, len(whole), 3), len(whole)]
    return ".".join(whole[a:b] for a, b in pairwise(cuts)) + f",{tenths % 10}"


def _locality(path: Sequence[Unit]) -> Locality:
    return next(LOCALITIES[unit.code] for unit in reversed(path) if unit.code in LOCALITIES)


def _communes(unit: Unit) -> int:
    """How many communes of 2024 a reporting unit stands for."""
    if unit.level == "education_office":
        return _COMMUNES_OF_AN_OFFICE
    return _COMMUNES_MADE_ONE if unit.level == "commune" and unit.valid_from >= _REFORM else 1


def _halves(period: Period) -> list[str]:
    if period.kind is PeriodKind.YEAR:
        return [f"{period.year}S1", f"{period.year}S2"]
    return [str(period)]


def _half_years(period: Period) -> int:
    """From the end of 2024 to the end of a period."""
    middle = period.kind is PeriodKind.HALF_YEAR and period.index == 1
    return 2 * (period.last_year - 2024) - middle


def _grown(share: int, period: Period) -> int:
    """A share that grows by 2 % of the whole every half-year."""
    return min(share + 20 * _half_years(period), 1000)
