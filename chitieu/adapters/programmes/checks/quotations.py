"""Whoever binds somebody quotes the words that bind; with the documents at hand, the words are looked up."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chitieu.adapters.programmes.directory import Programmes, Written
from chitieu.adapters.programmes.finding import Finding
from chitieu.adapters.programmes.source import Loc
from chitieu.contracts.plan_file import ClauseFile, PlanFile
from chitieu.domain.plan import Basis

_SAID = {Basis.READING: "our reading of the text", Basis.ASSUMED: "assumed"}


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words of a plan's document and where the plan quotes them."""

    loc: Loc
    words: str
    basis: Basis
    note: str


def quotations(plan: PlanFile) -> Iterator[Quotation]:
    """Every clause and every point of a task."""
    clauses: list[tuple[Loc, ClauseFile]] = []
    if plan.parent_clause is not None:
        clauses.append((("parent_clause",), plan.parent_clause))
    clauses += [(("targets", id_), target) for id_, target in plan.targets.items()]
    clauses += [(("duties", id_), duty) for id_, duty in plan.duties.items()]
    for loc, clause in clauses:
        yield Quotation((*loc, "words"), clause.words, clause.basis, clause.note)
    for id_, task in plan.tasks.items():
        for at, point in enumerate(task.points):
            yield Quotation(("tasks", id_, "points", at, "words"), point.words, point.basis, point.note)


def quoted(programmes: Programmes) -> Iterator[Finding]:
    """Words are needed if the document is at hand; what is assumed has none, but must then say why."""
    for plan in programmes.plans:
        for one in quotations(plan.value):
            excused = one.basis is Basis.ASSUMED and one.note.strip()
            if plan.value.document and not one.words.strip() and not excused:
                yield plan.mistake(one.loc, "the words that bind are missing: quote the document")


def bases(programmes: Programmes) -> Iterator[Finding]:
    """How much of a plan is not plain text."""
    for plan in programmes.plans:
        counted = Counter(one.basis for one in quotations(plan.value))
        for basis, said in _SAID.items():
            if counted[basis]:
                yield plan.warning((), f"{said}: {counted[basis]} of {counted.total()} clauses")


def found_in_documents(programmes: Programmes, documents: Path) -> Iterator[Finding]:
    for plan in programmes.plans:
        if plan.value.document:
            path = documents / plan.value.document
            if path.is_file():
                yield from _found(plan, path)
            else:
                yield plan.mistake(("document",), f"there is no document {plan.value.document} in {documents}")


def _found(plan: Written[PlanFile], path: Path) -> Iterator[Finding]:
    text = normal(path.read_text("utf-8"))
    for one in quotations(plan.value):
        if not quotes(normal(one.words), text):
            yield plan.mistake(one.loc, f"these words are not in {path.name}: '{one.words}'")


def normal(text: str) -> str:
    """NFC, white space collapsed, without the asterisks and back-slashes that a conversion to Markdown leaves."""
    return " ".join(unicodedata.normalize("NFC", re.sub(r"[*\\]", "", text)).split())


def quotes(words: str, text: str) -> bool:
    """Do the words stand in the text? `…` or `[…]` leaves something out."""
    if words in text:
        return True
    at = 0
    for part in re.split(r"\[?…\]?", words):
        at = text.find(part.strip(), at)
        if at < 0:
            return False
        at += len(part.strip())
    return True
