"""The same broker and engine as the integration tests."""

from tests.integration.conftest import broker, engine, loop, stack

__all__ = ["broker", "engine", "loop", "stack"]
