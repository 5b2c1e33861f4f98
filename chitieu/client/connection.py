"""What both clients know of the service: its addresses, the key, how often to try, and the requests that follow."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from chitieu.client.exchange import Call, Retries, Service, Tries

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def random_key() -> str:
    """An Idempotency-Key that nobody else has."""
    return secrets.token_hex(16)


@dataclass(frozen=True)
class Connection:
    """`key` is an access key; `new_key` makes Idempotency-Keys."""

    url: str
    key: str = field(repr=False)
    ingest_url: str | None
    retries: Retries
    random: Callable[[], float]
    new_key: Callable[[], str]

    def tries(self) -> Tries:
        return Tries(self.retries, self.random)

    def http(self) -> dict[str, Any]:
        """Arguments of httpx's clients. A proxy of the environment is not meant for the loopback."""
        hosts = {httpx.URL(url).host for url in (self.url, self.ingest_url or self.url)}
        headers = {"Authorization": f"Bearer {self.key}"}
        return {"headers": headers, "timeout": _TIMEOUT, "trust_env": not hosts <= _LOOPBACK}

    def request(self, call: Call[Any]) -> Mapping[str, Any]:
        """Arguments of httpx's `request`."""
        base = self.ingest_url if call.service is Service.INGEST and self.ingest_url else self.url
        return {
            "method": call.method,
            "url": base.rstrip("/") + call.path,
            "params": call.params or None,
            "headers": call.headers,
            "content": call.body,
        }
