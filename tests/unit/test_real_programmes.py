"""The programmes of this repository are without mistakes, and make a release."""

import os
import re
from functools import cache
from pathlib import Path

import pytest

from chitieu.adapters.programmes.check import check
from chitieu.adapters.programmes.directory import Programmes, read
from chitieu.adapters.programmes.finding import Finding, mistakes
from chitieu.adapters.programmes.release import build_release, canonical, objects, release_from_objects

ROOT = Path(__file__).parents[2] / "programmes"
PLANS = {"vn-782", "ha-noi-gddt-2021", "lang-son-187", "trieu-son-2021", "quan-7-gddt-2021", "lien-nganh-2013"}
DOCUMENTS = os.environ.get("CHITIEU_DOCUMENTS")
MESSAGE_LIMIT = 1_000_000  # Kafka's default for one message is a little more


@cache
def checked() -> tuple[Programmes, list[Finding]]:
    return check(ROOT, Path(DOCUMENTS) if DOCUMENTS else None)


def test_there_is_no_mistake_in_them() -> None:
    assert [str(one) for one in mistakes(checked()[1])] == []


def test_every_plan_is_there() -> None:
    assert {plan.value.plan for plan in checked()[0].plans} == PLANS


@pytest.mark.parametrize("id_", sorted(PLANS))
def test_what_is_read_into_a_plan_says_why(id_: str) -> None:
    plan = build_release(1, checked()[0]).plans[id_]
    clauses = [target.clause for target in plan.targets.values()] + [duty.clause for duty in plan.duties.values()]
    assert all(clause.note for clause in clauses if clause.basis != "text")


def test_objects_make_the_release_that_the_files_make() -> None:
    made = objects(checked()[0])
    files, sent = build_release(1, checked()[0]), release_from_objects(1, made)
    assert (sent.catalogue, sent.forms, sent.plans) == (files.catalogue, files.forms, files.plans)
    assert sent.tree.units == files.tree.units


def test_every_object_fits_a_message() -> None:
    assert max(len(canonical(one.body)) for one in objects(checked()[0])) < MESSAGE_LIMIT


def test_a_release_of_them_holds_the_whole_country() -> None:
    assert len(release_from_objects(1, objects(read(ROOT)[0])).tree) > 14_000


def test_the_excerpts_in_the_documentation_are_from_the_files() -> None:
    page = (ROOT.parent / "docs" / "programmes.md").read_text("utf-8")
    excerpts = re.findall(r"<!-- programmes/(\S+) -->\n```yaml\n(.*?)```", page, re.DOTALL)
    assert len(excerpts) == 4
    for name, excerpt in excerpts:
        assert excerpt in (ROOT / name).read_text("utf-8")
