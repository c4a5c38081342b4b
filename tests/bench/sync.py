"""Sync beside wsgidav and Apache mod_dav: the same requests, through the same client, in turn."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp

from shared.bus import Answer, Answerer, Asked
from shared.clock import monotonic, utc_now
from shared.contracts import identity_v1
from tests.bench.dav import Client, connected
from tests.bench.figure import Area, Bench, Figure, ratio_at_least
from tests.support.neighbours import PUBLIC_URL, neighbours
from tests.support.parts import free_ports
from tests.support.running import running
from tests.support.vhosts import own_vhost

AREA = Area("sync")

CONNECTIONS = 8
SECONDS = 1.5
ROUNDS = 2
MEMBERS = 2000
LARGE = 256 << 20
FOLDERS, FILES = 5, 20
SMALL = b"s" * 1024
APACHE = "apache2"
MODULES = {
    name: f"mod_{name.removesuffix('_module')}.so"
    for name in ("mpm_event_module", "authz_core_module", "dav_module", "dav_fs_module")
}
CONF = """
ServerRoot "{home}"
PidFile "{home}/pid"
Listen 127.0.0.1:{port}
ServerName 127.0.0.1
ErrorLog "{home}/error.log"
{modules}
DocumentRoot "{home}/files"
DavLockDB "{home}/lock"
MaxKeepAliveRequests 0
<Directory "{home}/files">
Dav On
Require all granted
</Directory>
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test, its tree beneath *root*; *origin* is what it takes for itself in a Destination header."""

    name: str
    port: int
    root: str = "/"
    authorization: str = ""
    origin: str = ""
    files: Path | None = None
    """Where it keeps its files as they are: these are laid there, not sent."""
    best: dict[str, float] = field(default_factory=dict)

    def connected(self) -> AbstractAsyncContextManager[Client]:
        """Open a connection."""
        return connected(self.port, root=self.root, authorization=self.authorization, origin=self.origin)

    def note(self, line: str, speed: float) -> None:
        """Keep the best of all rounds."""
        self.best[line] = max(speed, self.best.get(line, 0.0))


Work = Callable[[Client, int, int], Awaitable[object]]
"""Does the next thing on a connection: the client, the number of the connection, and that of the thing."""


@AREA.measures
async def beside_others(bench: Bench) -> list[Figure]:
    """Serve files beside wsgidav and Apache mod_dav, eight connections, in turn."""
    async with AsyncExitStack() as opened:
        servers = [
            await opened.enter_async_context(ours(bench)),
            await opened.enter_async_context(wsgidav(bench.folder / "wsgidav")),
        ]
        if shutil.which(APACHE):
            servers.append(await opened.enter_async_context(apache(bench.folder / "apache")))
        else:
            bench.tell("Apache is not installed: its lines are left out")
        for server in servers:
            bench.tell(f"furnishing {server.name}")
            await furnish(server)
        for number in range(ROUNDS):
            for line, work in LINES.items():
                for server in servers:
                    server.note(line, await rate(server, work, number))
                    bench.tell(f"{line}: {server.name} {server.best[line]:,.1f}/s")
            bench.tell(f"round {number + 1} of {ROUNDS} is done")
        for server in servers:
            await large(server)
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
            goal=ratio_at_least(1) if other.name == "wsgidav" or line in (LISTING, SESSION) else None,
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
LINES: dict[str, Work] = {"PUT 1 KiB, new": put_new, "GET 1 KiB": get_one, LISTING: list_many, SESSION: session}


async def rate(server: Server, work: Work, first: int) -> float:
    """Return how many times a second *work* is done, on all connections together."""
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
    async with server.connected() as client:
        began = monotonic()
        await client.put("large.bin", data)
        server.note(PUT_LARGE, (LARGE >> 20) / (monotonic() - began))
        began = monotonic()
        assert await client.get("large.bin") == LARGE
        server.note(GET_LARGE, (LARGE >> 20) / (monotonic() - began))


# ── Who does it ───────────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def ours(bench: Bench) -> AsyncIterator[Server]:
    """Run sync as in production: a process of its own, the database, and who answers for identity over the broker."""
    home = bench.folder / "sync"
    await asyncio.to_thread(home.mkdir)
    amqp_url = await own_vhost(bench.amqp_url, "bench-sync")
    async with neighbours(amqp_url) as identity:
        answer = Answer("identity.credential.verify", identity_v1.CredentialVerifyRequest, _verify)
        answering = asyncio.create_task(Answerer(identity.broker, [answer], utc_now).run())
        try:
            parts = {"MONGO_URL": bench.mongo_url, "AMQP_URL": amqp_url}
            async with running("sync", parts=parts, neighbours=identity, home=home) as started:
                secret = aiohttp.encode_basic_auth("ada", "password")
                yield Server(
                    "ours",
                    started.port,
                    root="/sync/ada/",
                    authorization=f"Authorization: {secret}\r\n",
                    origin=PUBLIC_URL,
                )
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)


async def _verify(request: identity_v1.CredentialVerifyRequest, _: Asked) -> identity_v1.CredentialVerifyReply:
    """Accept every app password."""
    reply = identity_v1.CredentialVerifyReply(
        accepted=True, account_id=f"acc_{request.username}", app_password_id="app_bench", scope="read_write"
    )
    reply.expires_at.FromDatetime(utc_now() + timedelta(days=1))
    return reply


@asynccontextmanager
async def wsgidav(home: Path) -> AsyncIterator[Server]:
    """Run wsgidav on the threaded server that it brings along (the faster cheroot is a package of its own)."""
    files, port = home / "files", free_ports()["payments"]
    await asyncio.to_thread(files.mkdir, parents=True)
    command = (sys.executable, "-m", "tests.bench.wsgidav_server", str(files), str(port))
    async with process(command, home / "log", port):
        yield Server("wsgidav", port, files=files)


@asynccontextmanager
async def apache(home: Path) -> AsyncIterator[Server]:
    """Run Apache with mod_dav in the foreground, its files owned by whoever measures."""
    files, port = home / "files", free_ports()["payments"]
    await asyncio.to_thread(files.mkdir, parents=True)
    modules = "\n".join(f"LoadModule {name} /usr/lib/apache2/modules/{file}" for name, file in MODULES.items())
    conf = home / "conf"
    await asyncio.to_thread(conf.write_text, CONF.format(home=home, port=port, modules=modules), encoding="utf-8")
    async with process((APACHE, "-f", str(conf), "-D", "FOREGROUND"), home / "log", port):
        # Started by root, its children give that up.
        await asyncio.to_thread(open_to_all, home)
        yield Server("Apache", port, files=files)


def open_to_all(home: Path) -> None:
    """Let every user write there, and go through the folders above."""
    for folder in (home, home / "files"):
        folder.chmod(0o777)
    home.parent.chmod(0o711)


@asynccontextmanager
async def process(command: tuple[str, ...], log: Path, port: int) -> AsyncIterator[None]:
    """Run *command* until the context ends; it begins once *port* answers."""
    with log.open("wb") as out:
        child = await asyncio.create_subprocess_exec(*command, stdout=out, stderr=out)
    try:
        await _answers(child, log, port)
        yield
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


async def _answers(child: asyncio.subprocess.Process, log: Path, port: int) -> None:
    for _ in range(200):
        if child.returncode is not None:
            raise RuntimeError(await asyncio.to_thread(log.read_text, encoding="utf-8"))
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise TimeoutError
