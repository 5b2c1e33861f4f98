"""What the demo sends: reports of all five plans' units, with the accidents of a real round. Nothing of it is real.

A simulation is a function of the release, the day and the seed: sent again under the same Idempotency-Keys, it changes
nothing. Reports of past periods are late, because a report counts as received when the broker appends it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from chitieu.cli.simulated_figures import Draw, Figures, Values
from chitieu.domain.obligation import Expectations, Path
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from chitieu.domain.unit import NATION

LINES_OF_A_BATCH = 1000

_LANG_SON = "20"


@dataclass(frozen=True, slots=True)
class Item:
    """One report as its sender says it. `unit` is a code, `if_match` the revision that it replaces."""

    form: str
    period: str
    unit: str
    values: Values
    if_match: int | None = None

    def members(self) -> dict[str, object]:
        """For a line of a bulk request."""
        told: dict[str, object] = {"form": self.form, "period": self.period, "unit": self.unit, "values": self.values}
        return told if self.if_match is None else {**told, "if_match": self.if_match}


@dataclass(frozen=True, slots=True)
class Batch:
    """One bulk request. `key` is its Idempotency-Key, `title` who sends what."""

    title: str
    key: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Single:
    """One report by itself, sent under a key; with a `reason`, taken back."""

    title: str
    key: str
    item: Item
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan in an area (a unit's code) and period."""

    plan: str
    area: str
    period: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A report as it was sent and as it should have been; `field` differs, and moves the target of what is shown."""

    before: Item
    after: Item
    shown: Shown
    target: str
    field: str

    @property
    def difference(self) -> int:
        return _count(self.after, self.field) - _count(self.before, self.field)


@dataclass(frozen=True, slots=True)
class Simulation:
    """In the order of sending: batches, then singles. The correction is left to whoever watches.

    Of `shown` the targets are worth looking at, of `duties` who has reported.
    """

    batches: tuple[Batch, ...]
    singles: tuple[Single, ...]
    correction: Correction
    shown: tuple[Shown, ...]
    duties: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class _Round:
    """A form collected in an area (a unit's code) for a period; `missing` units in a thousand never send it."""

    who: str
    form: str
    area: str
    period: str
    missing: int = 0


def _rounds(year: int) -> Iterator[_Round]:
    """`year` is the current one: its half-year may be late already, its year's reports are early."""
    for period, missing in (("2015", 0), ("2013-2015", 30), ("2020", 0), ("2016-2020", 30)):
        yield _Round("provinces, joint plan of the ministries", "lien-nganh-tinh", NATION, period, missing)
        yield _Round("the ministries' units compile", "compiled-report", NATION, period)
    yield _Round("schools of Quận 7", "own-plan", "778", "2021")
    yield _Round("schools of Quận 7", "start-report", "778", "2021", 200)
    yield _Round("schools of Quận 7", "tre-em-truong", "778", "2021S1")
    yield _Round("schools of Quận 7", "tre-em-truong", "778", "2021", 120)
    yield _Round("schools of Quận 7", "incident-notice", "778", "2021", 700)
    for area, missing in (("01", 60), ("20", 100), ("397", 150)):
        yield _Round("units' own plans", "own-plan", area, "2021", missing)
    yield _Round("education offices of Hà Nội", "ldte-gd", "01", "2024", 40)
    yield _Round("education department of Hà Nội", "ldte-gd-so", "01", "2024")
    yield _Round("schools under the department of Hà Nội", "school-report", "01", "2024")
    yield _Round("communes of Triệu Sơn", "ldte-xa", "397", "2024", 40)
    yield _Round("district of Triệu Sơn", "ldte-huyen", "397", "2024")
    yield _Round("offices of Triệu Sơn", "hoat-dong-co-quan", "397", "2024", 150)
    yield _Round("labour office of Triệu Sơn compiles", "compiled-report", "397", "2024")
    for period, missing in (("2024S1", 30), ("2024S2", 45), ("2024", 25)):
        yield _Round("communes of Lạng Sơn", "ldte-xa", _LANG_SON, period, missing)
        yield _Round("districts of Lạng Sơn", "ldte-huyen", _LANG_SON, period)
        yield _Round("province of Lạng Sơn", "ldte-tinh", _LANG_SON, period)
        yield _Round("agencies of Lạng Sơn", "hoat-dong-co-quan", _LANG_SON, period, 120)
        yield _Round("labour department of Lạng Sơn compiles", "compiled-report", _LANG_SON, period)
    yield _Round("new communes of Lạng Sơn", "ldte-xa", _LANG_SON, f"{year}S1", 90)
    yield _Round("province of Lạng Sơn", "ldte-tinh", _LANG_SON, f"{year}S1")
    yield _Round("agencies of Lạng Sơn", "hoat-dong-co-quan", _LANG_SON, f"{year}S1", 200)
    yield _Round("new communes of Lạng Sơn", "ldte-xa", _LANG_SON, f"{year}", 650)


_NATIONAL = _Round("communes of all other provinces and districts", "ldte-xa", NATION, "2024", 20)
_WATCHED = _Round("communes of Lạng Sơn", "ldte-xa", _LANG_SON, "2024", 25)

SHOWN = (
    Shown("vn-782", NATION, "2024"),
    Shown("lang-son-187", _LANG_SON, "2024"),
    Shown("trieu-son-2021", "397", "2024"),
    Shown("ha-noi-gddt-2021", "01", "2024"),
    Shown("quan-7-gddt-2021", "778", "2021"),
    Shown("lien-nganh-2013", NATION, "2015"),
    Shown("lien-nganh-2013", NATION, "2020"),
)


def simulate(release: Release, today: date, seed: int, national: bool = False) -> Simulation:
    """Everything to send. Periods that are not open on the day are left out; `national` adds every commune for 2024."""
    return _Simulating(release, today, seed).simulate(national)


class _Simulating:
    def __init__(self, release: Release, today: date, seed: int) -> None:
        self._release = release
        self._today = today
        self._seed = seed
        self._expectations = Expectations(release)
        self._figures = Figures(release, seed)

    def simulate(self, national: bool) -> Simulation:
        year = self._today.year
        rounds = list(_rounds(year))
        batches = {batch.key: batch for one in rounds for batch in self._batches(one)}
        if national:
            elsewhere = self._batches(_NATIONAL, without={one.area for one in rounds if one.form == _NATIONAL.form})
            batches |= {batch.key: batch for batch in elsewhere}
        communes = batches[_key(_WATCHED)]
        # Seven different ones, so that no accident hides another.
        watched, reused, taken_back, refused, *corrected = Draw(self._seed, "accidents").some(
            range(len(communes.items)), 7
        )
        correction = _left_to_the_watcher(communes.items[watched])
        lines = (*communes.items[:watched], correction.before, *communes.items[watched + 1 :])
        batches[communes.key] = replace(communes, items=lines)
        corrections = tuple(_corrected(communes.items[at]) for at in corrected)
        agencies = batches[_key(_Round("", "hoat-dong-co-quan", _LANG_SON, "2024S1"))]
        return Simulation(
            (
                *batches.values(),
                Batch("communes of Lạng Sơn correct 2024", f"{_key(_WATCHED)}-corrected", corrections),
                replace(agencies, title=f"{agencies.title}, the same again by mistake"),
            ),
            (
                _reused_key(communes, reused),
                Single(
                    "correct a revision that was corrected since",
                    "simulated-conflict",
                    replace(_corrected(corrections[0]), if_match=1),
                ),
                *_taken_back(communes.items[taken_back]),
                _refused(communes.items[refused]),
            ),
            correction,
            SHOWN,
            tuple(Shown("lang-son-187", _LANG_SON, period) for period in ("2024", f"{year}S1", f"{year}")),
        )

    def _batches(self, one: _Round, without: Iterable[str] = ()) -> Iterator[Batch]:
        period, form = Period.parse(one.period), self._release.forms[one.form]
        paths = [path for path in self._asked(one) if not any(unit.code in without for unit in path)]
        silent = set(Draw(self._seed, "missing", _key(one)).some(range(len(paths)), len(paths) * one.missing // 1000))
        items = [
            Item(form.id, one.period, path[-1].code, self._figures.report(form, period, path))
            for at, path in enumerate(paths)
            if at not in silent
        ]
        for start in range(0, len(items), LINES_OF_A_BATCH):
            key = _key(one) + (f"-{start}" if start else "")
            some = tuple(items[start : start + LINES_OF_A_BATCH])
            yield Batch(f"{one.who}: {form.id} {one.period}", key, some)

    def _asked(self, one: _Round) -> list[Path]:
        """Units that the form asks for the period, if it is open."""
        return [
            path
            for asked in self._expectations.asked(self._release.forms[one.form], Period.parse(one.period))
            if asked.days.first <= self._today
            for path in asked.roster.paths
            if any(unit.code == one.area for unit in path)
        ]


def _key(one: _Round) -> str:
    return f"simulated-{one.form}-{one.period}-{one.area}"


def _left_to_the_watcher(item: Item) -> Correction:
    """A commune that filled in little of the form and, it will turn out, counted too few parents."""
    parents = _count(item, "parents")
    some = {key: item.values[key] for key in ("parents", "parents_informed", "children", "children_informed")}
    before = replace(item, values={**some, "parents_informed": parents * 2 // 5})
    after = replace(item, values={**some, "parents_informed": parents * 19 // 20})
    shown = next(one for one in SHOWN if one.area == _LANG_SON)
    return Correction(before, after, shown, "parents-informed", "parents_informed")


def _corrected(item: Item) -> Item:
    """The parents that a commune forgot, in a report that replaces its first one."""
    parents, informed = _count(item, "parents"), _count(item, "parents_informed")
    return replace(item, values={**item.values, "parents_informed": (parents + informed) // 2}, if_match=1)


def _reused_key(communes: Batch, at: int) -> Single:
    other = _corrected(communes.items[at])
    # In bulk a report's key is the batch's key and its line.
    return Single("use a key again for other figures", f"{communes.key}:{at + 1}", replace(other, if_match=None))


def _taken_back(item: Item) -> Iterator[Single]:
    yield Single("take a report back", "simulated-retraction", item, reason="Gửi nhầm kỳ báo cáo (mô phỏng)")
    yield Single("and send it again", "simulated-sent-again", item)


def _refused(item: Item) -> Single:
    """More children in child labour than children, and a field that the form lacks."""
    children = {key: 0 for key in item.values if key.startswith("children_5_17.")}
    working = {key: 1 for key in item.values if key.startswith("child_labour.")}
    wrong = {**item.values, **children, **working, "parent_informed": 10}
    return Single("send figures that cannot be", "simulated-refused", replace(item, values=wrong))


def _count(item: Item, key: str) -> int:
    return int(item.values[key])
