"""A typed client of the HTTP interface, for agencies' systems and dashboards: `Client` blocks, `AsyncClient` awaits."""

from chitieu.client.asynchronous import AsyncClient
from chitieu.client.blocking import Client
from chitieu.client.bulk import Report
from chitieu.client.errors import ClientError, NotYet, ProblemError, Unintelligible, Unreachable
from chitieu.client.exchange import Retries

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "NotYet",
    "ProblemError",
    "Report",
    "Retries",
    "Unintelligible",
    "Unreachable",
]
