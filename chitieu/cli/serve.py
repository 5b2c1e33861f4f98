"""`chitieu serve`: one service, against an external Kafka and ClickHouse, with settings from the environment."""

import sys
from enum import StrEnum
from typing import Annotated

import typer
from fastapi import FastAPI

from chitieu.adapters import log
from chitieu.adapters.server import Server
from services.aggregate import app as aggregate
from services.aggregate.settings import AggregateSettings
from services.api import app as api
from services.api.settings import ApiSettings
from services.ingest import app as ingest
from services.ingest.settings import IngestSettings


class Service(StrEnum):
    INGEST = "ingest"
    AGGREGATE = "aggregate"
    API = "api"


def serve(service: Annotated[Service, typer.Argument(help="which one")]) -> None:
    """Run one service until it is told to stop."""
    log.configure()
    failures: list[Exception] = []
    if service is Service.AGGREGATE:
        settings = AggregateSettings()
        server = _server(
            aggregate.create(settings, lambda error: _stop(server, failures, error)), settings.host, settings.port
        )
    elif service is Service.INGEST:
        ingest_settings = IngestSettings()
        server = _server(ingest.create(ingest_settings), ingest_settings.host, ingest_settings.port)
    else:
        api_settings = ApiSettings()
        server = _server(api.create(api_settings), api_settings.host, api_settings.port)
    server.run()
    if failures or not server.started:
        sys.exit(1)


def _server(app: FastAPI, host: str, port: int) -> Server:
    return Server(app, host=host, port=port, timeout_graceful_shutdown=5)


def _stop(server: Server, failures: list[Exception], error: Exception) -> None:
    """Figures from another log and the like: end the process, so that whoever runs it sees it fail."""
    failures.append(error)
    server.should_exit = True
