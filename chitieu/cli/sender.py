"""Reports over HTTP as an agency's system sends them: in bulk, under Idempotency-Keys, again if not acknowledged."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from chitieu.cli.simulation import Batch, Shown, Single

_TRIES = 10
_AGAIN_AFTER_SECONDS = 2
_VISIBLE_WITHIN_SECONDS = 120
_WAIT = {"Prefer": "wait=20"}


class NotSent(Exception):
    """The interface did not take what it should have taken; the message says what it answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """To a single report: the HTTP status, and what became of it or every sentence that says why not."""

    status: int
    outcome: str
    sentences: tuple[str, ...] = ()


class Sender:
    """Remembers how far in the log its reports stand, so that it can wait until all of them count."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._last: dict[int, int] = {}

    async def send(self, batch: Batch) -> int:
        """Returns how many reports were acknowledged. Raises NotSent if one was refused."""
        body = "\n".join(json.dumps(item.members(), ensure_ascii=False) for item in batch.items).encode()
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": batch.key}
        answer = await self._acknowledged("POST", "/v1/reports", content=body, headers=headers)
        results = [json.loads(line) for line in answer.text.splitlines()]
        for result in results:
            if result["status"] != httpx.codes.ACCEPTED:
                raise NotSent(f"{batch.title}, line {result['line']}: {result['problem']['title']}")
            self._remember(result)
        return len(results)

    async def send_single(self, one: Single) -> Answer:
        """PUT, or DELETE with the reason; follows the report until it is decided."""
        item = one.item
        headers = {**_WAIT, "Idempotency-Key": one.key}
        if item.if_match is not None:
            headers["If-Match"] = f'"{item.if_match}"'
        path = f"/v1/reports/{item.form}/{item.period}/{item.unit}"
        if one.reason is not None:
            answer = await self._acknowledged("DELETE", path, headers=headers, json={"reason": one.reason})
        else:
            answer = await self._acknowledged("PUT", path, headers=headers, json={"values": item.values})
        said = answer.json()
        if answer.is_success:
            self._remember(said)
            return Answer(answer.status_code, said.get("decision", "pending"))
        code = str(said["type"]).rpartition(":")[2]
        return Answer(answer.status_code, code, tuple(error["en"] for error in said["errors"]))

    async def until_visible(self, shown: Shown, reader: httpx.AsyncClient) -> None:
        """Wait until an answer of the api stands beyond all that was sent. Raises NotSent if that takes too long."""
        try:
            async with asyncio.timeout(_VISIBLE_WITHIN_SECONDS):
                while not self._covered((await attainment(reader, shown))["as_of"]["progress"]):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise NotSent(f"what was sent did not count within {_VISIBLE_WITHIN_SECONDS} seconds") from None

    async def _acknowledged(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Under the same keys it is safe to send the same again."""
        for _ in range(_TRIES):
            answer = await self._http.request(method, path, **request)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE and '"status":503' not in answer.text:
                break
            await asyncio.sleep(_AGAIN_AFTER_SECONDS)
        if answer.is_server_error:
            raise NotSent(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def _remember(self, receipt: dict[str, Any]) -> None:
        partition, position = int(receipt["partition"]), int(receipt["position"])
        self._last[partition] = max(position, self._last.get(partition, -1))

    def _covered(self, progress: dict[str, int]) -> bool:
        return all(progress.get(str(partition), 0) > position for partition, position in self._last.items())


async def attainment(http: httpx.AsyncClient, shown: Shown) -> dict[str, Any]:
    """The answer of `/v1/attainment`."""
    answer = await http.get("/v1/attainment", params=_parameters(shown))
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


async def duties(http: httpx.AsyncClient, shown: Shown) -> Sequence[dict[str, Any]]:
    """The summaries of `/v1/obligations`: each duty, with how many units stand where."""
    answer = await http.get("/v1/obligations", params={**_parameters(shown), "limit": 1})
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["duties"]
    return found


def _parameters(shown: Shown) -> dict[str, str]:
    return {"plan": shown.plan, "area": shown.area, "period": shown.period}
