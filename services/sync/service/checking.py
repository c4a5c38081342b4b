"""Checks any WebDAV server for what a sync client needs before it trusts it with somebody's documents.

The needed ones are those that clients which sync packages of files make before they accept a server; the others make
such a client quicker or safer, and few servers pass them.
"""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from lxml import etree

NONE: Mapping[str, str] = {}
FOLDERS: Final = ("plain", "with a space")
"""Every check is made in both: names that must be percent-encoded are where servers differ."""
_DAV = "{DAV:}"
_LONGEST = 20.0
_TICK = 1.1
"""Seconds after which a time in whole seconds must be another."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered; the names of *headers* are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def accepted(self) -> bool:
        """Tell whether it did what it was asked; 207 says that a part failed."""
        return self.status in {200, 201, 204}


class Server(Protocol):
    """The server under test."""

    async def ask(self, method: str, path: str, headers: Mapping[str, str] = NONE, body: Any = None) -> Reply:
        """Send a request; *path* is relative to the address that was given, not encoded."""
        ...

    def url(self, path: str) -> str:
        """Return the absolute address of *path*, encoded."""
        ...


class NotMetError(Exception):
    """The server does otherwise; the message says what it did."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A folder of one check on the server, in which it may do what it likes."""

    server: Server
    folder: str

    def path(self, name: str) -> str:
        """Return the path of *name*."""
        return f"{self.folder}/{name}"

    async def ask(self, method: str, name: str, headers: Mapping[str, str] = NONE, body: Any = None) -> Reply:
        """Send any request about *name*."""
        return await self.server.ask(method, self.path(name), headers, body)

    async def need(self, method: str, name: str, headers: Mapping[str, str] = NONE, body: Any = None) -> Reply:
        """Send a request that any server accepts."""
        reply = await self.ask(method, name, headers, body)
        require(reply.accepted or reply.status == 207, f"{method} was answered with {reply.status}")
        return reply

    async def put(self, name: str, body: Any = b"x") -> None:
        """Make a file."""
        await self.need("PUT", name, {"Content-Type": "application/octet-stream"}, body)

    async def carry(self, method: str, name: str, to: str, headers: Mapping[str, str] = NONE) -> Reply:
        """Copy or move."""
        return await self.ask(method, name, {"Destination": self.server.url(self.path(to)), **headers})

    async def properties(self, name: str) -> dict[str, str]:
        """Return the live properties that a sync client reads."""
        asked = "<resourcetype/><getcontentlength/><getlastmodified/><getetag/>"
        body = f'<?xml version="1.0"?><propfind xmlns="DAV:"><prop>{asked}</prop></propfind>'.encode()
        reply = await self.ask("PROPFIND", name, {"Depth": "0", "Content-Type": "text/xml"}, body)
        require(reply.status == 207, f"PROPFIND was answered with {reply.status}")
        return _properties(reply.body)


def _properties(body: bytes) -> dict[str, str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as fault:
        raise NotMetError("PROPFIND was answered with something that is no XML") from fault
    found: dict[str, str] = {}
    for propstat in root.iter(f"{_DAV}propstat"):
        if " 200" in propstat.findtext(f"{_DAV}status", ""):
            found |= {
                etree.QName(one).localname: (one.text or "").strip() for one in propstat.iterfind(f"{_DAV}prop/*")
            }
    return found


def require(holds: object, otherwise: str) -> None:
    """Go on only if it *holds*."""
    if not holds:
        raise NotMetError(otherwise)


# ── What is needed ────────────────────────────────────────────────────────────────────────────────────────────────


async def replaces_a_folder(bench: Bench) -> None:
    """Move a folder over another one, on the condition that this is what was seen last."""
    for folder in ("old", "new"):
        await bench.need("MKCOL", folder)
    await bench.put("new/inside")
    before, etag = (await bench.properties("")).get("getlastmodified"), (await bench.properties("old")).get("getetag")
    await asyncio.sleep(_TICK)
    condition = {"If": f"<{bench.server.url(bench.path('old'))}> ([{etag}])"} if etag else {}
    reply = await bench.carry("MOVE", "new", "old", {"Overwrite": "T", **condition})
    require(reply.accepted, f"the move was answered with {reply.status}")
    require((await bench.ask("GET", "old/inside")).status == 200, "what was inside did not come along")
    after = (await bench.properties("")).get("getlastmodified")
    require(before != after, "the folder above has the same getlastmodified as before")


async def tells_the_time(bench: Bench) -> None:
    """Each answer has a Date, and it goes forward."""
    times: list[datetime] = []
    for _ in range(2):
        reply = await bench.need("PROPFIND", "", {"Depth": "0"})
        require("date" in reply.headers, "there is no Date header")
        times.append(parsedate_to_datetime(reply.headers["date"]))
        await asyncio.sleep(_TICK)
    require(times[0] < times[1], "the Date stands still or goes back")


async def says_where_it_went(bench: Bench) -> None:
    """After a copy or move, a Location (if any) is the address that was asked for."""
    await bench.put("file")
    await bench.need("MKCOL", "folder")
    for method, name, to in (
        ("COPY", "file", "copied file"),
        ("MOVE", "copied file", "moved file"),
        ("COPY", "folder", "copied folder"),
        ("MOVE", "copied folder", "moved folder"),
    ):
        reply = await bench.carry(method, name, to)
        require(reply.accepted, f"{method} was answered with {reply.status}")
        told, wanted = reply.headers.get("location"), bench.server.url(bench.path(to))
        require(told is None or _same(told, wanted), f"{method} said Location: {told}")


def _same(told: str, wanted: str) -> bool:
    got, expected = urlsplit(told), urlsplit(wanted)
    if got.netloc and (got.scheme, got.netloc) != (expected.scheme, expected.netloc):
        return False
    return got.path.rstrip("/") == expected.path.rstrip("/")


async def does_not_overwrite(bench: Bench) -> None:
    """With Overwrite: F, what is at the destination stays: 412."""
    for kind in ("file", "folder"):
        for name in ("a", "b"):
            await (bench.put(f"{name} {kind}") if kind == "file" else bench.need("MKCOL", f"{name} {kind}"))
        reply = await bench.carry("MOVE", f"a {kind}", f"b {kind}", {"Overwrite": "F"})
        require(reply.status == 412, f"moving a {kind} was answered with {reply.status}")


async def needs_the_folder(bench: Bench) -> None:
    """A move into a folder that does not exist is refused, and nothing is lost."""
    await bench.put("file")
    await bench.need("MKCOL", "folder")
    for name in ("file", "folder"):
        reply = await bench.carry("MOVE", name, f"missing/deep/{name}")
        require(not reply.accepted, f"moving a {name} was answered with {reply.status}")
        require((await bench.ask("PROPFIND", name, {"Depth": "0"})).status == 207, f"the {name} is gone")


async def keeps_bytes(bench: Bench) -> None:
    """What is compressed already comes back as it went up, byte by byte."""
    data = gzip.compress(b"kept as it is" * 100, mtime=0)
    await bench.put("file.gz", data)
    reply = await bench.ask("GET", "file.gz", {"Accept-Encoding": "gzip"})
    require(reply.body == data, "other bytes came back")
    require("content-encoding" not in reply.headers, "it claims a Content-Encoding")


async def locks(bench: Bench) -> None:
    """An exclusive lock keeps out who does not have its token."""
    await bench.put("file")
    body = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
    reply = await bench.ask("LOCK", "file", {"Depth": "infinity", "Content-Type": "text/xml"}, body)
    require(reply.accepted, f"LOCK was answered with {reply.status}")
    token = reply.headers.get("lock-token", "")
    require((await bench.ask("PUT", "file", NONE, b"y")).status == 423, "a write without the token went through")
    require((await bench.ask("UNLOCK", "file", {"Lock-Token": token})).status == 204, "UNLOCK did not end it")


# ── What is better ────────────────────────────────────────────────────────────────────────────────────────────────


async def tags_every_write(bench: Bench) -> None:
    """Each of twenty writes in a row has a strong entity tag of its own."""
    tags = []
    for number in range(20):
        await bench.put("file", b"%02d" % number)
        tags.append((await bench.properties("file")).get("getetag", ""))
    require(all(tag and not tag.startswith("W/") for tag in tags), "they are missing or weak")
    require(len(set(tags)) == len(tags), f"there are only {len(set(tags))}")


async def tags_folders(bench: Bench) -> None:
    """The entity tag of a folder changes with its members, and moving it by an old one fails."""
    await bench.need("MKCOL", "folder")
    old = (await bench.properties("folder")).get("getetag", "")
    require(old, "folders have none")
    await bench.put("folder/new")
    require((await bench.properties("folder")).get("getetag") != old, "it stays the same")
    condition = {"If": f"<{bench.server.url(bench.path('folder'))}> ([{old}])"}
    status = (await bench.carry("MOVE", "folder", "moved", condition)).status
    require(status == 412, f"the move was answered with {status}")


async def refuses_what_is_stale(bench: Bench) -> None:
    """A write on the condition of an old entity tag fails: 412."""
    await bench.put("file", b"one")
    tag = (await bench.properties("file")).get("getetag", '"none"')
    await bench.put("file", b"two")
    for method, body in (("PUT", b"mine"), ("DELETE", None)):
        status = (await bench.ask(method, "file", {"If-Match": tag}, body)).status
        require(status == 412, f"{method} was answered with {status}")


async def lets_one_win(bench: Bench) -> None:
    """Of eight who make the same file at once (If-None-Match: *), one does."""
    puts = (bench.ask("PUT", "file", {"If-None-Match": "*"}, b"%d" % number) for number in range(8))
    made = [reply for reply in await asyncio.gather(*puts) if reply.accepted]
    require(len(made) == 1, f"{len(made)} did")


async def keeps_the_old_file(bench: Bench) -> None:
    """An upload that breaks off leaves the file as it was."""
    old = b"old" * 1000
    await bench.put("file", old)

    async def broken() -> AsyncIterator[bytes]:
        yield b"new" * 50_000
        await asyncio.sleep(0.2)
        raise ConnectionError

    # Whatever the client sees of it: what counts is what is there afterwards.
    await asyncio.gather(bench.ask("PUT", "file", {"Content-Length": "100000000"}, broken()), return_exceptions=True)
    await asyncio.sleep(0.5)
    require((await bench.ask("GET", "file")).body == old, "it is cut, empty or gone")


async def refuses_depth_infinity(bench: Bench) -> None:
    """Listing a whole tree in one request is refused: 403."""
    status = (await bench.ask("PROPFIND", "", {"Depth": "infinity"})).status
    require(status == 403, f"it was answered with {status}")


async def tells_what_changed(bench: Bench) -> None:
    """A folder can be followed by sync tokens (RFC 6578)."""
    await bench.put("file")
    asked = "<sync-token/><sync-level>1</sync-level><prop><getetag/></prop>"
    body = f'<sync-collection xmlns="DAV:">{asked}</sync-collection>'.encode()
    reply = await bench.ask("REPORT", "", {"Depth": "0", "Content-Type": "text/xml"}, body)
    require(reply.status == 207, f"REPORT was answered with {reply.status}")
    require(b"sync-token>" in reply.body, "the answer has no token")


@dataclass(frozen=True, slots=True)
class Check:
    """One check, and *why* it matters."""

    run: Callable[[Bench], Awaitable[None]]
    why: str
    needed: bool = True

    @property
    def title(self) -> str:
        """What is checked, in a sentence."""
        return str(self.run.__doc__)


CHECKS: Final = (
    Check(replaces_a_folder, "A package is saved by moving the new one over the old one."),
    Check(tells_the_time, "A client compares times by the server's clock, not its own."),
    Check(says_where_it_went, "A wrong address, often behind a proxy, sends the client to another file."),
    Check(does_not_overwrite, "Two devices that save the same name must not lose one of both."),
    Check(needs_the_folder, "What goes where nothing is cannot be found again."),
    Check(keeps_bytes, "Bytes that are changed on the way break encrypted documents."),
    Check(locks, "Some clients write only under a lock (DAV class 2)."),
    Check(tags_every_write, "A tag that stays the same hides a change.", needed=False),
    Check(tags_folders, "A client sees in one request whether a folder has changed.", needed=False),
    Check(refuses_what_is_stale, "Without it, the later of two devices silently wins.", needed=False),
    Check(lets_one_win, "Two devices that begin at once must not both believe that they made the file.", needed=False),
    Check(keeps_the_old_file, "A lost connection must not cost the document.", needed=False),
    Check(refuses_depth_infinity, "One request must not keep a server busy for minutes.", needed=False),
    Check(tells_what_changed, "A client learns what is new without listing everything.", needed=False),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a check in a *folder*; *fault* is empty when it passed."""

    check: Check
    folder: str
    fault: str = ""


async def check(server: Server, *, name: str, checks: Iterable[Check] = CHECKS) -> AsyncIterator[Result]:
    """Make the checks in a new folder *name*, which is deleted afterwards; OSErrors of the connection are faults."""
    made = await server.ask("MKCOL", name)
    require(made.status == 201, f"no folder could be made here: MKCOL was answered with {made.status}")
    try:
        for folder in FOLDERS:
            await server.ask("MKCOL", f"{name}/{folder}")
            for number, one in enumerate(checks):
                bench = Bench(server, f"{name}/{folder}/{number}")
                yield Result(one, folder, await _fault(one, bench))
    finally:
        await server.ask("DELETE", name)


async def _fault(one: Check, bench: Bench) -> str:
    try:
        async with asyncio.timeout(_LONGEST):
            await bench.need("MKCOL", "")
            await one.run(bench)
    except NotMetError as fault:
        return str(fault)
    except TimeoutError:
        return f"no answer within {_LONGEST:g} seconds"
    except (OSError, ValueError) as fault:
        return f"the connection or the answer broke: {type(fault).__name__}"
    return ""
