"""Settings of every test."""

import logging
import os
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


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command run in this process routes its logs to the test's standard error, which is closed after it."""
    configured, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**configured)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
