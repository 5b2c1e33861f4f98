"""Questions that would read too much: refused before anything is read, saying what to narrow."""

from collections.abc import Iterable
from datetime import datetime
from typing import NoReturn

import pytest
from fastapi import FastAPI

from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from services.api.app import router
from services.api.context import Context
from services.api.limits import Limits
from services.api.queries import Reads
from tests.contract.test_api_http import REGISTRY, YEAR, FixedClock, TableReads, ask


class NothingRead(TableReads):
    async def snapshot(self, keys: object, known: object = None, whole: object = ()) -> NoReturn:
        raise AssertionError("nothing is read")

    async def progress(self) -> NoReturn:
        raise AssertionError("nothing is read")

    async def progress_at(self, until: datetime) -> NoReturn:
        raise AssertionError("nothing is read")

    async def receipts(self, forms: Iterable[str], period: str, until: datetime | None = None) -> NoReturn:
        raise AssertionError("nothing is read")


def app(cells: int, reads: Reads) -> FastAPI:
    context = Context(reads, REGISTRY, FixedClock(), limits=Limits(cells=cells))
    return create_app("api", [router(context)], Metrics(), {})


# The communes' form has a target that is to be kept: it is judged at all of the years 2021 to 2024 and at their eight
# half-years, in the province and in both of its districts; the districts' form only at 2024 and in the province. Three
# communes report the one, two districts the other.
YEAR_OF = "/v1/attainment?plan=lang-son&period=2024"
OWN, BELOW, REPORTS = 4 + 8 + 1, 2 * (4 + 8), 3 * (4 + 8) + 2


@pytest.mark.parametrize(
    ("path", "cells", "ways"),
    [
        (YEAR_OF, OWN, "ask for a smaller area"),
        (f"{YEAR_OF}&children=true", OWN + BELOW, "leave children out; ask for a smaller area"),
        (
            f"{YEAR_OF}&children=true&asOfHierarchy=today",
            REPORTS,
            "leave children out; ask for a smaller area; leave knownAt and asOfHierarchy out",
        ),
        ("/v1/obligations?plan=lang-son&period=2024", 5, "ask for a smaller area"),
        # Of one target in the province and both districts, by the one period alone.
        ("/v1/lineage?plan=lang-son&period=2024&target=labour-none", 3, "ask for a smaller area"),
        # The half-years and years that it shows beside are among those that the target to be kept is judged by.
        ("/v1/documents/lang-son/20/2024.html", OWN + 1, "ask for a smaller area"),
    ],
)
def test_one_cell_too_many_is_refused_before_anything_is_read(path: str, cells: int, ways: str) -> None:
    answer = ask(app(cells - 1, NothingRead()), path)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "too_much")
    assert answer.json()["title"] == f"This would read {cells} cells, more than {cells - 1}. Narrow it: {ways}."
    assert ask(app(cells, TableReads(cells=YEAR)), path).status_code == 200
