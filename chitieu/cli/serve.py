"""`chitieu serve`: one service, against an external Kafka and ClickHouse, with settings from the environment."""

import sys
from enum import StrEnum
from typing import Annotated

import typer
from fastapi import FastAPI

from chitieu.adapters import log
from chitieu.adapters.server import Server


class Service(StrEnum):
    INGEST = "ingest"
    AGGREGATE = "aggregate"
    API = "api"


def serve(service: Annotated[Service, typer.Argument(help="which one")]) -> None:
    """Run one service until it is told to stop."""
    log.configure()
    failures: list[Exception] = []
    match service:
        case Service.AGGREGATE:
            server = _aggregate(failures)
        case Service.INGEST:
            server = _ingest()
        case Service.API:
            server = _api()
    server.run()
    if failures or not server.started:
        sys.exit(1)


# Each is imported when it is chosen: an ingest process starts without the fold and holds none of its libraries.


def _aggregate(failures: list[Exception]) -> Server:
    from services.aggregate import app
    from services.aggregate.settings import AggregateSettings

    settings = AggregateSettings()
    server = _server(app.create(settings, lambda error: _stop(server, failures, error)), settings.host, settings.port)
    return server


def _ingest() -> Server:
    from services.ingest import app
    from services.ingest.settings import IngestSettings

    settings = IngestSettings()
    return _server(app.create(settings), settings.host, settings.port)


def _api() -> Server:
    from services.api import app
    from services.api.settings import ApiSettings

    settings = ApiSettings()
    return _server(app.create(settings), settings.host, settings.port)


def _server(app: FastAPI, host: str, port: int) -> Server:
    return Server(app, host=host, port=port, timeout_graceful_shutdown=5)


def _stop(server: Server, failures: list[Exception], error: Exception) -> None:
    """Figures from another log and the like: end the process, so that whoever runs it sees it fail."""
    failures.append(error)
    server.should_exit = True
