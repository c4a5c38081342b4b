"""Reads what the process logs, as an operator's collector would."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import structlog

from shared import observe

Lines = Callable[[], list[dict[str, Any]]]


@contextmanager
def logs_of(service: str, level: str = "info") -> Iterator[Lines]:
    """Log as *service* does; the lines since the last call are returned by a call of what is yielded."""
    root = logging.getLogger()
    handlers, before, written = list(root.handlers), root.level, StringIO()
    observe.configure_logging(service, level)
    [stream] = [handler for handler in root.handlers if isinstance(handler, logging.StreamHandler)]
    stream.setStream(written)

    def lines() -> list[dict[str, Any]]:
        found = [json.loads(line) for line in written.getvalue().splitlines()]
        written.seek(0)
        written.truncate()
        return found

    try:
        yield lines
    finally:
        root.handlers[:], root.level = handlers, before
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()
