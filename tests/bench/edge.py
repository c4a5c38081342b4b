"""The platform as a whole: its start, its memory, and a read of one's own data through the edge."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from shared.clock import monotonic
from shared.stack.home import Home
from shared.stack.parts import edge
from shared.stack.settings import SERVICES
from tests.bench.figure import Area, Bench, Figure, ours_below, ratio_at_least
from tests.support.parts import free_ports
from tests.support.stack import StackUnderTest, processes_of

AREA = Area("edge")

CONNECTIONS = 16
SECONDS = 4.0
ROUNDS = 3
READ = "/v1/payments/cards"
"""A read of the database; the other one is answered from memory, its token is checked all the same."""
KNOWN = "/v1/payments/data-map"
UNREACHED = edge.Limits(all_per_second=10**6, all_burst=10**6, client_per_second=10**6, client_burst=10**6)
"""The bare handler answers more than a client is granted: its edge counts as well, and refuses nothing."""


@AREA.measures
async def platform(bench: Bench) -> list[Figure]:
    """Start the whole stack twice, weigh it, and read through its edge."""
    stack = StackUnderTest(Home(bench.folder / "stack"))
    try:
        first = await started(stack)
        await asyncio.to_thread(stack.run, "down")
        again = await started(stack)
        resident = sum(map(memory_of, processes_of(stack.report)))
        bench.tell("reading through the edge: ours and a bare handler in turn")
        read, known = await reads(stack, READ), await reads(stack, KNOWN)
    finally:
        await asyncio.to_thread(stack.run, "down")
    return [
        Figure(name="first start, once installed", ours=first, reference=None, unit="s"),
        Figure(name="start again", ours=again, reference=None, unit="s", goal=ours_below(30, "s")),
        Figure(name="memory of all processes", ours=resident / 2**20, reference=None, unit="MiB", note="proportional"),
        through_the_edge("authenticated read through the edge, one query", *read),
        through_the_edge("authenticated read through the edge, no query", *known),
    ]


def through_the_edge(name: str, ours: float, bare: float) -> Figure:
    """Return the figure of one read."""
    note = "a bare aiohttp handler with the same bytes behind the same proxy"
    return Figure(name=name, ours=ours, reference=bare, unit="requests/s", goal=ratio_at_least(0.6), note=note)


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


async def reads(stack: StackUnderTest, path: str) -> tuple[float, float]:
    """Return the reads a second of the platform and of a bare handler, the best of some rounds in turn."""
    token = await log_in(stack)
    async with aiohttp.ClientSession() as http, http.get(stack.url + path, headers=bearer(token)) as answer:
        body = await answer.read()
        assert answer.status == 200, body
    async with AsyncExitStack() as opened:
        bare = await bare_edge(opened, path, body, stack.home.root / "bare")
        found = [(await rate(stack.ports["edge"], path, token), await rate(bare, path, token)) for _ in range(ROUNDS)]
    return max(ours for ours, _ in found), max(reference for _, reference in found)


async def log_in(stack: StackUnderTest) -> str:
    """Return the access token of the demo customer."""
    body = {name: stack.access["customer"][name] for name in ("email", "password")}
    async with aiohttp.ClientSession() as http, http.post(f"{stack.url}/v1/identity/sessions", json=body) as answer:
        return str(json.loads(await answer.text())["access_token"])


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


async def bare_edge(opened: AsyncExitStack, path: str, body: bytes, folder: Path) -> int:
    """Run the same proxy before a handler that does nothing but answer; return its port."""
    ports = free_ports()
    await opened.enter_async_context(answering(path, body, ports["payments"]))
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    door = edge.Door(
        port=ports["edge"],
        admin_port=ports["edge-admin"],
        frontend_port=ports["frontend"],
        public_url=ports.url("edge"),
        upstreams=dict.fromkeys([*SERVICES, "mailbox"], ports["payments"]),
        limits=UNREACHED,
    )
    await opened.enter_async_context(edge.start(door, data=folder, log=folder / "edge.log"))
    await asyncio.sleep(3)  # its first look at the health of what is behind it
    return ports["edge"]


@asynccontextmanager
async def answering(path: str, body: bytes, port: int) -> AsyncIterator[None]:
    """Serve *body* and nothing else, with aiohttp as it comes."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    for known in (path, "/readyz"):
        app.router.add_get(known, answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


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
