"""The platform as a whole: its start, its memory, and a read of one's own data through the edge."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from shared.clock import monotonic
from shared.stack.directory import StackDirectory
from shared.stack.parts import edge
from shared.stack.settings import SERVICES
from tests.bench.figure import Area, Bench, Figure, Goal, ours_below, ratio_at_least
from tests.bench.servers import process
from tests.support.parts import free_ports
from tests.support.stack import StackUnderTest, processes_of

AREA = Area("edge")
QUERY = Area("edge-query", former_name="edge")
START = Area("start", former_name="edge")

CONNECTIONS = 16
SECONDS = 1.0
ROUNDS = 7
READ = "/v1/payments/cards"
"""A read of the database; the other one is answered from memory, its token is checked all the same."""
KNOWN = "/v1/payments/data-map"
UNREACHED = edge.EdgeLimits(
    total_requests_per_second=10**6, total_burst=10**6, client_requests_per_second=10**6, client_burst=10**6
)
"""One client reads more than it is granted: the edges of the measurement count as well, and refuse nothing."""


@START.measures
async def start(bench: Bench) -> list[Figure]:
    """Start the whole stack twice, and weigh it."""
    stack = StackUnderTest(StackDirectory(bench.folder / "start"))
    try:
        first = await started(stack)
        await asyncio.to_thread(stack.run, "down")
        again = await started(stack)
        resident = sum(map(memory_of, processes_of(stack.report)))
    finally:
        await asyncio.to_thread(stack.run, "down")
    return [
        Figure(name="first start, once installed", ours=first, reference=None, unit="s"),
        Figure(name="start again", ours=again, reference=None, unit="s", goal=ours_below(30, "s")),
        Figure(name="memory of all processes", ours=resident / 2**20, reference=None, unit="MiB", note="proportional"),
    ]


@AREA.measures
async def read_from_memory(bench: Bench) -> list[Figure]:
    """Read through the edge what a service answers from memory: ours and a bare handler in turn."""
    async with running_stack(bench.folder / "edge") as stack:
        known = await reads(stack, KNOWN)
    return [through_the_edge("authenticated read through the edge, no query", *known, goal=ratio_at_least(0.6))]


@QUERY.measures
async def read_from_database(bench: Bench) -> list[Figure]:
    """Read through the edge what a service asks its database for: ours and a bare handler in turn."""
    async with running_stack(bench.folder / "edge-query") as stack:
        asking = await reads(stack, READ, query=bench.mongo_url)
        read = await reads(stack, READ)
    return [
        through_the_edge(
            "authenticated read through the edge, one query, as the bare one", *asking, goal=ratio_at_least(0.6)
        ),
        # What the driver takes for a query is more than all the rest: no goal can be set for this one.
        through_the_edge("authenticated read through the edge, one query, the bare one none", *read),
    ]


@asynccontextmanager
async def running_stack(folder: Path) -> AsyncIterator[StackUnderTest]:
    """Run a whole stack with its data in *folder*."""
    stack = StackUnderTest(StackDirectory(folder))
    try:
        await started(stack)
        yield stack
    finally:
        await asyncio.to_thread(stack.run, "down")


def through_the_edge(name: str, ours: float, bare: float, *, goal: Goal | None = None) -> Figure:
    """Return the figure of one read."""
    note = "a bare aiohttp handler with the same bytes behind the same proxy"
    return Figure(name=name, ours=ours, reference=bare, unit="requests/s", goal=goal, note=note)


async def started(stack: StackUnderTest) -> float:
    """Start the stack; return the seconds until it said that all is ready."""
    began = monotonic()
    done = await asyncio.to_thread(stack.run, "up")
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return monotonic() - began


def memory_of(pid: int) -> int:
    """Return the bytes of a process, shared pages counted in parts (PSS)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


async def reads(stack: StackUnderTest, path: str, *, query: str | None = None) -> tuple[float, float]:
    """Return the reads a second of the platform and of a bare handler, in the middle one of some rounds in turn.

    The bare one asks for no cards with the driver as it comes, where *query* names a database.
    """
    token = await log_in(stack)
    async with aiohttp.ClientSession() as http, http.get(stack.url + path, headers=bearer(token)) as answer:
        body = await answer.read()
        assert answer.status == 200, body
    folder = stack.home.root / "bench"
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    async with AsyncExitStack() as opened:
        ours = await opened.enter_async_context(door(stack.ports["payments"], folder / "ours"))
        upstream = await opened.enter_async_context(answering(path, body, query, folder))
        bare = await opened.enter_async_context(door(upstream, folder / "bare"))
        await asyncio.sleep(3)  # their first look at the health of what is behind them
        found = [(await rate(ours, path, token), await rate(bare, path, token)) for _ in range(ROUNDS)]
    return sorted(found, key=lambda pair: pair[0] / pair[1])[ROUNDS // 2]


async def log_in(stack: StackUnderTest) -> str:
    """Return the access token of the demo customer."""
    body = {name: stack.access["customer"][name] for name in ("email", "password")}
    async with aiohttp.ClientSession() as http, http.post(f"{stack.url}/v1/identity/sessions", json=body) as answer:
        return str(json.loads(await answer.text())["access_token"])


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def door(upstream: int, folder: Path) -> AsyncIterator[int]:
    """Run the platform's proxy before what answers at the port *upstream*; yield its own."""
    ports = free_ports()
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    settings = edge.EdgeConfig(
        port=ports["edge"],
        admin_port=ports["edge-admin"],
        frontend_port=ports["frontend"],
        public_url=ports.build_url("edge"),
        upstreams=dict.fromkeys([*SERVICES, "mailbox"], upstream),
        limits=UNREACHED,
    )
    async with edge.start(settings, data=folder, log=folder / "edge.log"):
        yield ports["edge"]


@asynccontextmanager
async def answering(path: str, body: bytes, query: str | None, folder: Path) -> AsyncIterator[int]:
    """Serve *body* and nothing else, with aiohttp as it comes, in a process of its own; yield the port."""
    port, file = free_ports()["payments"], folder / "body"
    await asyncio.to_thread(file.write_bytes, body)
    command = (sys.executable, "-m", "tests.bench.bare_handler", str(port), path, str(file))
    async with process(command + ((query,) if query else ()), folder / "bare.log", port):
        yield port


async def rate(port: int, path: str, token: str) -> float:
    """Return the answers a second on some connections that are kept open."""
    asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    until = monotonic() + SECONDS
    counts = await asyncio.gather(*(keep_asking(port, asked, until) for _ in range(CONNECTIONS)))
    return sum(counts) / SECONDS


async def keep_asking(port: int, asked: bytes, until: float) -> int:
    """Ask again and again on one connection; return how many answers came, each of them 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    try:
        while monotonic() < until:
            writer.write(asked)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.partition(b"\r\n")[0].decode())
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            count += 1
    finally:
        writer.close()
    return count
