"""Structured logging: redacted JSON lines on stdout, including records of the standard library's loggers."""

import logging
import os
import sys
from collections.abc import Iterator
from traceback import extract_tb
from types import TracebackType
from typing import Any

import structlog
from opentelemetry import trace

from shared.observe.redaction import redact_event

_NOISY_LOGGERS = (
    "aio_pika",
    "aiormq",
    "aiohttp",
    "asyncio",
    "motor",
    "pymongo",
    "urllib3",
    "aiosmtplib",
    "opentelemetry",
)
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

get_logger = structlog.stdlib.get_logger
"""``log = observe.get_logger(__name__)``; then ``log.info("event.name", key=value)``."""


def configure_logging(service: str, level: str) -> None:
    """Send every record of this process to stdout as one line; libraries log from WARNING upwards."""

    def add_service(_logger: Any, _method: str, event: Any) -> Any:
        return {"service": service, **event}

    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.stdlib.PositionalArgumentsFormatter(),
        _add_trace_id,
        add_service,
        structlog.processors.ExceptionRenderer(exception_to_dict),
        redact_event,
    ]
    structlog.configure(
        processors=[*chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(_truncate_asyncio_record)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            # ASCII only: no control character can forge a record or control a terminal
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.captureWarnings(capture=True)


def exception_to_dict(exc_info: _ExcInfo) -> list[dict[str, Any]]:
    """Return an exception and its causes as data: type, frames, and the message unless it may quote a value."""
    return [
        {
            "type": type(fault).__qualname__,
            "text": _safe_message(fault),
            "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(fault.__traceback__)[-12:]],
        }
        for fault in _iter_causes(exc_info[1])
    ]


_CODE_ERRORS = (AttributeError, ImportError, NameError, NotImplementedError, RecursionError, TypeError)


def _safe_message(fault: BaseException) -> str:
    """Return the message of our own, operating system and programming errors; others may quote a value (C18)."""
    if isinstance(fault, OSError) and fault.errno is not None:
        return os.strerror(fault.errno) if fault.errno > 0 else ""
    is_ours = type(fault).__module__.startswith(("shared.", "services."))
    return str(fault)[:500] if is_ours or isinstance(fault, _CODE_ERRORS) else ""


def _iter_causes(fault: BaseException | None) -> Iterator[BaseException]:
    for _ in range(8):
        if fault is None:
            return
        yield fault
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)


def _add_trace_id(_logger: Any, _method: str, event: Any) -> Any:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
    return event


def _truncate_asyncio_record(record: logging.LogRecord) -> bool:
    """Keep only the first line of an asyncio record: the others contain the exception's text."""
    if record.name == "asyncio":
        record.msg, record.args = record.getMessage().partition("\n")[0], ()
    return True
