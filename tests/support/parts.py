"""The parts that integration tests need, started when the environment does not name them."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from shared.ids import new_token
from shared.stack.parts import mongo, rabbit
from shared.stack.settings import PORT_OFFSETS, StackPorts


@asynccontextmanager
async def mongo_part(home: Path) -> AsyncIterator[str]:
    """Yield MONGO_URL, or the URL of a private server with its files in *home*."""
    if given := os.environ.get("MONGO_URL"):
        yield given
        return
    async with mongo.start(port=free_ports()["mongo"], data=home / "data", log=home / "mongo.log") as url:
        yield url


@asynccontextmanager
async def amqp_part(home: Path) -> AsyncIterator[str]:
    """Yield AMQP_URL, or the URL of a private node with its files in *home*."""
    if given := os.environ.get("AMQP_URL"):
        yield given
        return
    password = new_token(128)
    node = rabbit.start(
        ports=free_ports(), data=home / "data", log=home / "rabbit.log", password=password, stop_timeout=0.0
    )
    async with node as url:
        yield url


def free_ports() -> StackPorts:
    """Return the ports of a stack of which none is taken; two runs at the same time begin to look apart."""
    bases = range(21_000, 32_000, 50)
    first = 37 * os.getpid() % len(bases)
    candidates = map(StackPorts, [*bases[first:], *bases[:first]])
    return next(ports for ports in candidates if all(_free(ports[part]) for part in PORT_OFFSETS))


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
