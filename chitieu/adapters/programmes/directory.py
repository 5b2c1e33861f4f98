"""A directory of programme files as one value, with everything that can't be read.

    catalogue.yaml   forms/*.yaml   units/administrative.csv   units/successors.csv
    <plan>/plan.yaml   <plan>/units.csv

Reading never stops at the first mistake: an entry that is wrong is left out and its name kept, so that what refers to
it isn't called wrong too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field, ValidationError

from chitieu.adapters.programmes.finding import Finding, Severity, mistake
from chitieu.adapters.programmes.rows import SuccessorsFile, UnitsFile, read_successors, read_units
from chitieu.adapters.programmes.sentences import translated
from chitieu.adapters.programmes.source import Loc, Sourced, load
from chitieu.contracts.plan_file import PlanFile, TargetFile
from chitieu.contracts.programme import CatalogueFile, ElementFile, FormFile

ADMINISTRATIVE = "administrative"
_NOT_PLANS = {"forms", "units"}

File = TypeVar("File", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Written(Generic[File]):
    """A file's meaning and where each part of it stands."""

    value: File
    source: Sourced

    @property
    def path(self) -> Path:
        return Path(self.source.file)

    def mistake(self, loc: Loc, sentence: str) -> Finding:
        return self.source.mistake(loc, sentence)

    def warning(self, loc: Loc, sentence: str) -> Finding:
        return Finding(self.source.file, self.source.line_of(loc), Severity.WARNING, sentence)


@dataclass(frozen=True, slots=True)
class Names:
    """Every name that is defined somewhere, also by an entry or file that can't be read.

    `catalogued` is false if the catalogue can't be read at all, so that nobody knows what it defines.
    """

    catalogued: bool
    elements: frozenset[str]
    breakdowns: frozenset[str]
    indicators: frozenset[str]
    forms: frozenset[str]
    plans: frozenset[str]


@dataclass(frozen=True, slots=True)
class Programmes:
    """What a directory says. `whole` means that every file could be read in full."""

    root: Path
    catalogue: Written[CatalogueFile] | None
    forms: tuple[Written[FormFile], ...]
    plans: tuple[Written[PlanFile], ...]
    units: tuple[UnitsFile, ...]
    successors: SuccessorsFile
    names: Names
    whole: bool


def read(root: Path) -> tuple[Programmes, list[Finding]]:
    """Everything under `root`, and what can't be read, in the order of files and lines."""
    reading = _Reading(root)
    catalogues = reading.files(CatalogueFile, [root / "catalogue.yaml"])
    forms = reading.files(FormFile, sorted((root / "forms").glob("*.yaml")))
    homes = [one for one in sorted(root.iterdir()) if _is_plan(one)] if root.is_dir() else []
    plans = reading.files(PlanFile, [home / "plan.yaml" for home in homes])
    units = reading.units(homes)
    successors = reading.successors()
    return (
        Programmes(
            root=root,
            catalogue=next(iter(catalogues), None),
            forms=tuple(forms),
            plans=tuple(plans),
            units=tuple(units),
            successors=successors,
            names=_names(reading.sources),
            whole=not reading.findings,
        ),
        sorted(reading.findings),
    )


def _is_plan(path: Path) -> bool:
    return path.is_dir() and path.name not in _NOT_PLANS and not path.name.startswith((".", "_"))


class _Reading:
    """Files read so far and what was wrong with them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.findings: list[Finding] = []
        self.sources: list[tuple[type[BaseModel], Sourced]] = []

    def files(self, model: type[File], paths: Iterable[Path]) -> list[Written[File]]:
        return [written for path in paths if (written := self._file(model, path)) is not None]

    def _file(self, model: type[File], path: Path) -> Written[File] | None:
        if not path.is_file():
            self.findings.append(mistake(str(path), 1, "there is no such file"))
            return None
        source = load(path)
        self.sources.append((model, source))
        self.findings += source.mistakes
        if source.data is None:
            return None
        try:
            return Written(model.model_validate(source.data), source)
        except ValidationError as error:
            self.findings += translated(error, source)
            return _rest(model, source, error)

    def units(self, homes: Iterable[Path]) -> list[UnitsFile]:
        paths = {ADMINISTRATIVE: self.root / "units" / "administrative.csv"}
        paths |= {home.name: home / "units.csv" for home in homes if (home / "units.csv").is_file()}
        files = []
        for id_, path in paths.items():
            if not path.is_file():
                self.findings.append(mistake(str(path), 1, "there is no such file"))
                continue
            file, findings = read_units(path, id_)
            files.append(file)
            self.findings += findings
        return files

    def successors(self) -> SuccessorsFile:
        path = self.root / "units" / "successors.csv"
        if not path.is_file():
            return SuccessorsFile(str(path))
        file, findings = read_successors(path)
        self.findings += findings
        return file


class _CatalogueRest(CatalogueFile):
    """A catalogue of which perhaps no element can be read."""

    elements: dict[str, ElementFile] = Field(default={})


class _PlanRest(PlanFile):
    """A plan of which perhaps no target can be read."""

    targets: dict[str, TargetFile] = Field(default={})


_RESTS: Mapping[type[BaseModel], type[BaseModel]] = {CatalogueFile: _CatalogueRest, PlanFile: _PlanRest}


def _rest(model: type[File], source: Sourced, error: ValidationError) -> Written[File] | None:
    """The file without the entries that are wrong (one target, one element), if it means something without them."""
    data: dict[str, Any] = {k: dict(v) if isinstance(v, dict) else v for k, v in _mapping(source.data).items()}
    for one in error.errors(include_url=False, include_context=False):
        match one["loc"]:
            case (str(key),) if one["type"] == "extra_forbidden":
                data.pop(key, None)
            case (str(key), str(entry), *_) if isinstance(data.get(key), dict):
                data[key].pop(entry, None)
    try:
        rest = _RESTS.get(model, model).model_validate(data)
    except ValidationError:
        return None
    assert isinstance(rest, model)
    return Written(rest, source)


def _names(sources: Iterable[tuple[type[BaseModel], Sourced]]) -> Names:
    catalogue = next((s.data for model, s in sources if model is CatalogueFile), None)
    return Names(
        catalogued=isinstance(catalogue, dict),
        elements=_keys(catalogue, "elements"),
        breakdowns=_keys(catalogue, "breakdowns"),
        indicators=_keys(catalogue, "indicators"),
        forms=_ids(sources, FormFile, "form"),
        plans=_ids(sources, PlanFile, "plan"),
    )


def _ids(sources: Iterable[tuple[type[BaseModel], Sourced]], of: type[BaseModel], key: str) -> frozenset[str]:
    """What the files of one kind call themselves, and where they don't, what their file or folder is called."""
    found = set()
    for model, source in sources:
        if model is of:
            path = Path(source.file)
            called = path.parent.name if of is PlanFile else path.name.partition(".")[0]
            found.add(str(_mapping(source.data).get(key) or called))
    return frozenset(found)


def _keys(data: object, section: str) -> frozenset[str]:
    return frozenset(_mapping(_mapping(data).get(section)))


def _mapping(data: object) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}
