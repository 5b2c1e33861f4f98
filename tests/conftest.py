"""Settings of every test."""

import logging
import os
from collections import Counter
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# Machines are noisy: a slow example is not a failure.
settings.register_profile("short", deadline=None)
settings.register_profile("long", deadline=None, max_examples=5_000)
PROFILE = os.environ.get("CHITIEU_TEST_PROFILE", "short")
settings.load_profile(PROFILE)

# What failed is logged with every value of every frame otherwise: whole registries, for minutes.
structlog.configure(
    processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)],
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of tests with one id xdist runs only one, and says nothing of it.

    Schemathesis names its tests by their operations, of which pytest's ids know nothing.
    """
    for item in items:
        if not item.nodeid.endswith(item.name):
            item._id = item.parent.id.child(item.name)  # type: ignore[union-attr]
    repeated = [id_ for id_, often in Counter(item.nodeid for item in items).items() if often > 1]
    if repeated:
        raise pytest.UsageError(f"more than one test is called {', '.join(repeated)}")


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command run in this process routes its logs to the test's standard error, which is closed after it."""
    configured, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**configured)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
