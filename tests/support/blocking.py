"""Finds blocking calls: code of the product that waits for a disk or a socket while the event loop stands still.

blockbuster wraps what blocks (files, sockets, ``time.sleep``) and raises BlockingError in a running loop.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from blockbuster import blockbuster_ctx

MAY_BLOCK = (
    ("prometheus_client/process_collector.py", "collect"),  # reads /proc, which is in memory
    ("structlog/dev.py", "__call__"),  # a traceback for a person at a terminal; services log JSON
)
"""Functions of libraries, by the end of their file's path, whose calls are let through."""


@contextmanager
def no_blocking_calls() -> Iterator[None]:
    """Raise BlockingError where code of services or shared blocks the loop; the tests themselves may block it."""
    with blockbuster_ctx(["services", "shared"], excluded_modules=["shared.stack"]) as found:
        for function in found.functions.values():
            for file, name in MAY_BLOCK:
                function.can_block_in(file, name)
        yield
