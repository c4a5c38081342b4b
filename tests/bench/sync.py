"""Sync beside wsgidav, Apache, nginx, rclone and asgi-webdav: the same requests, through the same client, in turn."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

from shared.clock import monotonic
from tests.bench.dav import Client
from tests.bench.figure import Area, Bench, Figure, ratio_at_least
from tests.bench.servers import OTHERS, Server, ours, wsgidav

AREA = Area("sync")
OTHER_SERVERS = Area("sync-others", former_name="sync")

CONNECTIONS = 8
SECONDS = 1.5
ROUNDS = 2
MEMBERS = 2000
LARGE = 256 << 20
FOLDERS, FILES = 5, 20
SMALL = b"s" * 1024
Work = Callable[[Client, int, int], Awaitable[object]]
"""Does the next thing on a connection: the client, the number of the connection, and that of the thing."""


@AREA.measures
async def beside_wsgidav(bench: Bench) -> list[Figure]:
    """Serve files beside wsgidav, eight connections, in turn."""
    return await measure_beside(bench, [wsgidav(bench.folder / "wsgidav")])


@OTHER_SERVERS.measures
async def beside_others(bench: Bench) -> list[Figure]:
    """Serve files beside Apache, nginx, rclone and asgi-webdav, as far as they are installed, in turn."""
    installed = [program for program in OTHERS if shutil.which(program)]
    for program in OTHERS.keys() - set(installed):
        bench.tell(f"{program} is not installed: its lines are left out")
    return await measure_beside(bench, [OTHERS[program](bench.folder / program) for program in installed])


async def measure_beside(bench: Bench, others: Sequence[AbstractAsyncContextManager[Server]]) -> list[Figure]:
    """Measure every line on ours and on *others*, in turn."""
    async with AsyncExitStack() as opened:
        servers = [await opened.enter_async_context(server) for server in (ours(bench), *others)]
        for server in servers:
            bench.tell(f"furnishing {server.name}")
            await furnish(server)
        for number in range(ROUNDS):
            for line, work in LINES.items():
                for server in servers:
                    server.note(line, await rate(server, work, number))
                    bench.tell(f"{line}: {server.name} {server.best[line]:,.1f}/s")
            for server in servers:
                await large(server)
            bench.tell(f"round {number + 1} of {ROUNDS} is done")
    return figures(servers)


def figures(servers: list[Server]) -> list[Figure]:
    """Return each line against each other server; against Apache the listing and the session have goals."""
    own, *others = servers
    return [
        Figure(
            name=f"sync: {line}, beside {other.name}",
            ours=speed,
            reference=other.best[line],
            unit="MiB/s" if line in (PUT_LARGE, GET_LARGE) else "/s",
            goal=ratio_at_least(1) if (other.name, line) in GOALS or other.name == "wsgidav" else None,
            note="8 connections; ours sealed at rest, durable, with an app password; the others open to all",
        )
        for other in others
        for line, speed in own.best.items()
    ]


# ── What is done ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def furnish(server: Server) -> None:
    """Make a folder of 2,000 files, and the tree of each connection."""
    if server.files is not None:
        await asyncio.to_thread(_lay, server.files)
        return
    async with AsyncExitStack() as opened:
        clients = [await opened.enter_async_context(server.connected()) for _ in range(CONNECTIONS)]
        for folder in _folders():
            await clients[0].mkcol(folder)
        paths = list(_paths())
        await asyncio.gather(*(_send(client, paths[number::CONNECTIONS]) for number, client in enumerate(clients)))


def _lay(files: Path) -> None:
    for folder in _folders():
        (files / folder).mkdir()
        (files / folder).chmod(0o777)  # Apache's children are another user
    for path in _paths():
        (files / path).write_bytes(SMALL)
        (files / path).chmod(0o666)


async def _send(client: Client, paths: list[str]) -> None:
    for path in paths:
        await client.put(path, SMALL)


def _folders() -> list[str]:
    trees = [f"tree{number}" for number in range(CONNECTIONS)]
    return ["many", "new", *trees, *(f"{tree}/{folder}" for tree in trees for folder in range(FOLDERS))]


def _paths() -> Iterator[str]:
    yield from (f"many/document-{member:04}.bin" for member in range(MEMBERS))
    for tree in range(CONNECTIONS):
        yield from (f"tree{tree}/{folder}/{member}.bin" for folder in range(FOLDERS) for member in range(FILES))


async def put_new(client: Client, number: int, thing: int) -> None:
    """Write a file that is new."""
    await client.put(f"new/{number}-{thing}.bin", SMALL)


async def get_one(client: Client, number: int, thing: int) -> None:
    """Read a file."""
    size = await client.get(f"many/document-{(number + CONNECTIONS * thing) % MEMBERS:04}.bin")
    assert size == len(SMALL)


async def list_many(client: Client, _number: int, _thing: int) -> None:
    """List 2,000 files."""
    assert await client.propfind("many/") > 100 * MEMBERS


async def session(client: Client, number: int, thing: int) -> None:
    """Synchronise as clients do: list the tree, replace 20 files whole, read 20, list the tree again."""
    tree = f"tree{number}"
    await _list_tree(client, tree)
    for member in range(FILES):
        temporary = f"{tree}/.{thing}-{member}.tmp"
        await client.put(temporary, SMALL)
        await client.move(temporary, f"{tree}/{thing % FOLDERS}/{member}.bin")
    for member in range(FILES):
        await client.get(f"{tree}/{(thing + 1) % FOLDERS}/{member}.bin")
    await _list_tree(client, tree)


async def _list_tree(client: Client, tree: str) -> None:
    await client.propfind(f"{tree}/")
    for folder in range(FOLDERS):
        await client.propfind(f"{tree}/{folder}/")


LISTING, SESSION = "PROPFIND of 2,000", "sync session"
PUT_LARGE, GET_LARGE = f"PUT {LARGE >> 20} MiB", f"GET {LARGE >> 20} MiB"
GOALS = (("Apache", LISTING), ("Apache", SESSION))
LINES: dict[str, Work] = {"PUT 1 KiB, new": put_new, "GET 1 KiB": get_one, LISTING: list_many, SESSION: session}


async def rate(server: Server, work: Work, first: int) -> float:
    """Return how many times a second *work* is done, on all connections together."""
    await _nothing_to_flush()
    async with AsyncExitStack() as opened:
        clients = [await opened.enter_async_context(server.connected()) for _ in range(CONNECTIONS)]
        began = monotonic()
        workers = (_keep_doing(work, client, number, first, began + SECONDS) for number, client in enumerate(clients))
        done = sum(await asyncio.gather(*workers))
        # What was begun is finished: a session may be longer than the round.
        return done / (monotonic() - began)


async def _keep_doing(work: Work, client: Client, number: int, first: int, until: float) -> int:
    done = 0
    while not done or monotonic() < until:
        await work(client, number, first * 1_000_000 + done)
        done += 1
    return done


async def large(server: Server) -> None:
    """Write and read one large file."""
    data = bytes(range(256)) * (LARGE // 256)
    await _nothing_to_flush()
    async with server.connected() as client:
        began = monotonic()
        await client.put("large.bin", data)
        server.note(PUT_LARGE, (LARGE >> 20) / (monotonic() - began))
        began = monotonic()
        assert await client.get("large.bin") == LARGE
        server.note(GET_LARGE, (LARGE >> 20) / (monotonic() - began))


async def _nothing_to_flush() -> None:
    """Flush all disks: who flushes what they write would wait for what the ones before have left unflushed."""
    await asyncio.to_thread(os.sync)
