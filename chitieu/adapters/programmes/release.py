"""From files to a release, and to the objects that carry it on the registry topic and back.

An object is immutable: its version is its content (for a form, the version its author gave). A form's object holds its
fields as they were resolved against the catalogue of its day, so that an old version means for ever what it meant.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel

from chitieu.adapters.programmes.directory import ADMINISTRATIVE, Programmes
from chitieu.adapters.programmes.rows import UnitsFile
from chitieu.contracts.plan_file import PlanFile
from chitieu.contracts.programme import CatalogueFile, FormFile
from chitieu.domain.catalogue import Catalogue
from chitieu.domain.form import Field, Form
from chitieu.domain.registry import Release
from chitieu.domain.unit import Succession, Unit, UnitTree

PIECE = 2_000
ObjectKind = Literal["catalogue", "form", "plan", "units", "successors"]


@dataclass(frozen=True, slots=True)
class RegistryObject:
    """One immutable definition. `body` is JSON; the order of its keys means something (options, targets)."""

    kind: ObjectKind
    id: str
    version: str
    body: Any


def build_release(number: int, programmes: Programmes) -> Release:
    """The release that the files alone make.

    ValueError without a catalogue, KeyError for a form that asks for what the catalogue lacks: check first.
    """
    catalogue = _catalogue(programmes).to_domain()
    return _release(
        number,
        catalogue,
        forms=[written.value.to_domain(catalogue) for written in programmes.forms],
        plans=[written.value for written in programmes.plans],
        tree=UnitTree((unit for file in programmes.units for unit in file.rows), programmes.successors.rows),
    )


def _catalogue(programmes: Programmes) -> CatalogueFile:
    if programmes.catalogue is None:
        raise ValueError(f"{programmes.root} has no catalogue that can be read")
    return programmes.catalogue.value


def _release(
    number: int, catalogue: Catalogue, forms: Iterable[Form], plans: Iterable[PlanFile], tree: UnitTree
) -> Release:
    versions = sorted(forms, key=lambda form: (form.id, form.version))
    return Release(
        number=number,
        catalogue=catalogue,
        forms={form.id: form for form in versions},
        form_versions={(form.id, form.version): form for form in versions},
        plans={plan.plan: plan.to_domain() for plan in plans},
        tree=tree,
    )


# To objects


def objects(programmes: Programmes) -> list[RegistryObject]:
    """Every definition of a directory; ValueError without a catalogue."""
    catalogue = _catalogue(programmes)
    made = [_by_content("catalogue", "catalogue", _dumped(catalogue))]
    meaning = catalogue.to_domain()
    for form in programmes.forms:
        leaves = [_leaf(field) for field in form.value.to_domain(meaning).fields]
        body = {**_dumped(form.value), "leaves": leaves}
        made.append(RegistryObject("form", form.value.form, str(form.value.version), body))
    made += (_by_content("plan", plan.value.plan, _dumped(plan.value)) for plan in programmes.plans)
    for file in programmes.units:
        made += _unit_pieces(file)
    steps = [[step.unit, step.successor, step.kind] for step in programmes.successors.rows]
    made += (_by_content("successors", f"successors-{n:02}", piece) for n, piece in _pieces(steps))
    return made


def with_older_forms(made: Iterable[RegistryObject], before: Iterable[RegistryObject]) -> list[RegistryObject]:
    """The objects of a new release: those made now, and every form version in force before, because reports name it."""
    new = list(made)
    present = {(one.id, one.version) for one in new if one.kind == "form"}
    return new + [one for one in before if one.kind == "form" and (one.id, one.version) not in present]


def canonical(body: Any) -> bytes:
    """JSON without spaces, keys in the order of the models and the files."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _by_content(kind: ObjectKind, id_: str, body: Any) -> RegistryObject:
    return RegistryObject(kind, id_, hashlib.sha256(canonical(body)).hexdigest()[:16], body)


def _dumped(file: BaseModel) -> Any:
    return file.model_dump(mode="json", by_alias=True)


def _leaf(field: Field) -> list[Any]:
    return [
        field.key,
        field.element,
        list(field.options),
        field.scale,
        field.maximum,
        field.sensitive,
        field.retired,
    ]


def _unit_pieces(file: UnitsFile) -> Iterator[RegistryObject]:
    """`administrative-01` …; a plan's units fit one piece, called like the plan, or `<plan>.02` and on."""
    rows = [
        [u.code, u.valid_from.isoformat(), u.valid_to and u.valid_to.isoformat(), u.level, u.parent, u.name, u.sample]
        for u in file.rows
    ]
    for n, piece in _pieces(rows):
        if file.id == ADMINISTRATIVE:
            id_ = f"{ADMINISTRATIVE}-{n:02}"
        else:
            id_ = file.id if n == 1 else f"{file.id}.{n:02}"
        yield _by_content("units", id_, piece)


def _pieces(rows: Sequence[list[Any]]) -> Iterator[tuple[int, list[list[Any]]]]:
    """Pieces that each fit a message, numbered from 1."""
    for n, start in enumerate(range(0, len(rows), PIECE), 1):
        yield n, list(rows[start : start + PIECE])


# From objects


def release_from_objects(number: int, named: Iterable[RegistryObject]) -> Release:
    """The release that some objects make; ValueError if there isn't exactly one catalogue."""
    bodies: dict[str, list[Any]] = {"catalogue": [], "form": [], "plan": [], "units": [], "successors": []}
    for one in named:
        bodies[one.kind].append(one.body)
    if len(bodies["catalogue"]) != 1:
        raise ValueError(f"a release has one catalogue, not {len(bodies['catalogue'])}")
    catalogue = CatalogueFile.model_validate(bodies["catalogue"][0]).to_domain()
    return _release(
        number,
        catalogue,
        forms=[_form(body) for body in bodies["form"]],
        plans=[PlanFile.model_validate(body) for body in bodies["plan"]],
        tree=UnitTree(
            (_unit(row) for piece in bodies["units"] for row in piece),
            [Succession(*row) for piece in bodies["successors"] for row in piece],
        ),
    )


def _form(body: Mapping[str, Any]) -> Form:
    """The fields as they were when the version was made, whatever the catalogue says now."""
    file = FormFile.model_validate({key: value for key, value in body.items() if key != "leaves"})
    return Form(
        file.form,
        file.version,
        file.label,
        file.series,
        tuple(
            Field(key, element, tuple(options), scale, maximum, sensitive, retired)
            for key, element, options, scale, maximum, sensitive, retired in body["leaves"]
        ),
        tuple(one.to_domain() for one in file.collected),
    )


def _unit(row: Sequence[Any]) -> Unit:
    code, valid_from, valid_to, level, parent, name, sample = row
    return Unit(code, _day(valid_from), _day(valid_to) if valid_to else None, level, parent, name, sample)


@lru_cache(maxsize=4096)
def _day(text: str) -> date:
    return date.fromisoformat(text)
