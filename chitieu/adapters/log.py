"""Structured logs: one JSON line an event on standard error, without personal data or secrets."""

import logging
import sys

import structlog

# Never logged, whatever a library puts into its events.
_SECRET = frozenset({"authorization", "x-api-key", "secret", "password", "values", "body"})


def _drop_secrets(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {k: ("…" if k.lower() in _SECRET else v) for k, v in event.items()}


def _not_yet(record: logging.LogRecord) -> bool:
    """A new broker's coordinator is away for a moment at the first start; the client tries again by itself."""
    return "GroupCoordinatorNotAvailable" not in record.getMessage()


def configure(level: str = "INFO", *, human: bool = False) -> None:
    """Route structlog and the standard library's loggers to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _drop_secrets,
    ]
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if human else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    for noisy in ("aiokafka", "kafka", "faust", "mode", "uvicorn.access", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # They warn of every attempt while ClickHouse is away; whoever asked says so once, with the reason.
    for noisier in ("urllib3", "clickhouse_connect"):
        logging.getLogger(noisier).setLevel(logging.ERROR)
    # It warns of every turn that takes longer than the time between two, which is no fault: the next one waits.
    logging.getLogger("mode.timers").setLevel(logging.ERROR)
    logging.getLogger("aiokafka.consumer.group_coordinator").addFilter(_not_yet)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    return structlog.stdlib.get_logger(name)
