"""What a report's acknowledgement rests on is a setting, and the client's own one is another."""

from typing import Any

import pytest

from chitieu.adapters import kafka


def test_a_record_is_acknowledged_by_all_replicas_and_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(kafka, "AIOKafkaProducer", lambda **settings: given.update(settings))
    kafka.producer("broker:9092")
    assert (given["acks"], given["enable_idempotence"]) == ("all", True)
