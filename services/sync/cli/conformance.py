"""Checks any WebDAV server for what a sync client needs before it entrusts documents to it.

The required checks are those that clients which sync packages of files make before they accept a server. The others
make such a client faster or safer; few servers pass them.
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

NO_HEADERS: Mapping[str, str] = {}
TEST_FOLDERS: Final = ("plain", "with a space")
"""Every check runs in both: servers differ in names that must be percent-encoded."""
_DAV = "{DAV:}"
_CHECK_TIMEOUT = 20.0
_CLOCK_TICK = 1.1
"""Seconds after which a time in whole seconds must differ."""


@dataclass(frozen=True, slots=True)
class DavResponse:
    """The server's response; the names of *headers* are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Tell whether the request succeeded; 207 means that a part of it failed."""
        return self.status in {200, 201, 204}


class DavServer(Protocol):
    """The server under test."""

    async def request(
        self, method: str, path: str, headers: Mapping[str, str] = NO_HEADERS, body: Any = None
    ) -> DavResponse:
        """Send a request; *path* is relative to the base URL, not encoded."""
        ...

    def build_url(self, path: str) -> str:
        """Return the absolute URL of *path*, encoded."""
        ...


class CheckFailedError(Exception):
    """The server failed the check; the message says what it did."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The folder of one check on the server."""

    server: DavServer
    folder: str

    def build_path(self, name: str) -> str:
        """Return the path of *name*."""
        return f"{self.folder}/{name}"

    async def request(
        self, method: str, name: str, headers: Mapping[str, str] = NO_HEADERS, body: Any = None
    ) -> DavResponse:
        """Send a request about *name*."""
        return await self.server.request(method, self.build_path(name), headers, body)

    async def require_success(
        self, method: str, name: str, headers: Mapping[str, str] = NO_HEADERS, body: Any = None
    ) -> DavResponse:
        """Send a request that every server must accept."""
        reply = await self.request(method, name, headers, body)
        require(reply.is_success or reply.status == 207, f"{method} returned {reply.status}")
        return reply

    async def put(self, name: str, body: Any = b"x") -> None:
        """Create a file."""
        await self.require_success("PUT", name, {"Content-Type": "application/octet-stream"}, body)

    async def copy_or_move(
        self, method: str, name: str, destination: str, headers: Mapping[str, str] = NO_HEADERS
    ) -> DavResponse:
        """Copy or move."""
        return await self.request(
            method, name, {"Destination": self.server.build_url(self.build_path(destination)), **headers}
        )

    async def get_properties(self, name: str) -> dict[str, str]:
        """Return the live properties that sync clients read."""
        props = "<resourcetype/><getcontentlength/><getlastmodified/><getetag/>"
        body = f'<?xml version="1.0"?><propfind xmlns="DAV:"><prop>{props}</prop></propfind>'.encode()
        reply = await self.request("PROPFIND", name, {"Depth": "0", "Content-Type": "text/xml"}, body)
        require(reply.status == 207, f"PROPFIND returned {reply.status}")
        return _parse_properties(reply.body)


def _parse_properties(body: bytes) -> dict[str, str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as fault:
        raise CheckFailedError("PROPFIND returned a body that is not XML") from fault
    found: dict[str, str] = {}
    for propstat in root.iter(f"{_DAV}propstat"):
        if " 200" in propstat.findtext(f"{_DAV}status", ""):
            found |= {
                etree.QName(one).localname: (one.text or "").strip() for one in propstat.iterfind(f"{_DAV}prop/*")
            }
    return found


def require(condition: object, message: str) -> None:
    """Raise CheckFailedError with *message* unless the condition holds."""
    if not condition:
        raise CheckFailedError(message)


# ── What is needed ────────────────────────────────────────────────────────────────────────────────────────────────


async def replaces_a_folder(sandbox: Sandbox) -> None:
    """Move a folder over another one, if that is still the version that was read last."""
    for folder in ("old", "new"):
        await sandbox.require_success("MKCOL", folder)
    await sandbox.put("new/inside")
    before, etag = (
        (await sandbox.get_properties("")).get("getlastmodified"),
        (await sandbox.get_properties("old")).get("getetag"),
    )
    await asyncio.sleep(_CLOCK_TICK)
    condition = {"If": f"<{sandbox.server.build_url(sandbox.build_path('old'))}> ([{etag}])"} if etag else {}
    reply = await sandbox.copy_or_move("MOVE", "new", "old", {"Overwrite": "T", **condition})
    require(reply.is_success, f"the move returned {reply.status}")
    require((await sandbox.request("GET", "old/inside")).status == 200, "the members of the folder were lost")
    after = (await sandbox.get_properties("")).get("getlastmodified")
    require(before != after, "the folder above has the same getlastmodified as before")


async def sends_the_date(sandbox: Sandbox) -> None:
    """Every response has a Date, and it never goes back."""
    times: list[datetime] = []
    for _ in range(2):
        reply = await sandbox.require_success("PROPFIND", "", {"Depth": "0"})
        require("date" in reply.headers, "there is no Date header")
        times.append(parsedate_to_datetime(reply.headers["date"]))
        await asyncio.sleep(_CLOCK_TICK)
    require(times[0] < times[1], "the Date stands still or goes back")


async def returns_the_location(sandbox: Sandbox) -> None:
    """After a copy or move, a Location (if any) is the requested URL."""
    await sandbox.put("file")
    await sandbox.require_success("MKCOL", "folder")
    for method, name, to in (
        ("COPY", "file", "copied file"),
        ("MOVE", "copied file", "moved file"),
        ("COPY", "folder", "copied folder"),
        ("MOVE", "copied folder", "moved folder"),
    ):
        reply = await sandbox.copy_or_move(method, name, to)
        require(reply.is_success, f"{method} returned {reply.status}")
        location, expected = reply.headers.get("location"), sandbox.server.build_url(sandbox.build_path(to))
        require(location is None or _is_same_url(location, expected), f"{method} said Location: {location}")


def _is_same_url(returned_url: str, requested_url: str) -> bool:
    got, expected = urlsplit(returned_url), urlsplit(requested_url)
    if got.netloc and (got.scheme, got.netloc) != (expected.scheme, expected.netloc):
        return False
    return got.path.rstrip("/") == expected.path.rstrip("/")


async def does_not_overwrite(sandbox: Sandbox) -> None:
    """With Overwrite: F the destination is kept: 412."""
    for kind in ("file", "folder"):
        for name in ("a", "b"):
            await (
                sandbox.put(f"{name} {kind}") if kind == "file" else sandbox.require_success("MKCOL", f"{name} {kind}")
            )
        reply = await sandbox.copy_or_move("MOVE", f"a {kind}", f"b {kind}", {"Overwrite": "F"})
        require(reply.status == 412, f"moving a {kind} returned {reply.status}")


async def requires_the_parent(sandbox: Sandbox) -> None:
    """A move into a missing folder is refused, and nothing is lost."""
    await sandbox.put("file")
    await sandbox.require_success("MKCOL", "folder")
    for name in ("file", "folder"):
        reply = await sandbox.copy_or_move("MOVE", name, f"missing/deep/{name}")
        require(not reply.is_success, f"moving a {name} returned {reply.status}")
        require((await sandbox.request("PROPFIND", name, {"Depth": "0"})).status == 207, f"the {name} is gone")


async def preserves_bytes(sandbox: Sandbox) -> None:
    """Compressed files are returned as they were uploaded, byte by byte."""
    data = gzip.compress(b"kept as it is" * 100, mtime=0)
    await sandbox.put("file.gz", data)
    reply = await sandbox.request("GET", "file.gz", {"Accept-Encoding": "gzip"})
    require(reply.body == data, "other bytes came back")
    require("content-encoding" not in reply.headers, "it claims a Content-Encoding")


async def enforces_locks(sandbox: Sandbox) -> None:
    """An exclusive lock keeps out clients without its token."""
    await sandbox.put("file")
    body = b'<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
    reply = await sandbox.request("LOCK", "file", {"Depth": "infinity", "Content-Type": "text/xml"}, body)
    require(reply.is_success, f"LOCK returned {reply.status}")
    token = reply.headers.get("lock-token", "")
    require(
        (await sandbox.request("PUT", "file", NO_HEADERS, b"y")).status == 423, "a write without the token went through"
    )
    require((await sandbox.request("UNLOCK", "file", {"Lock-Token": token})).status == 204, "UNLOCK did not end it")


# ── What is better ────────────────────────────────────────────────────────────────────────────────────────────────


async def etags_every_write(sandbox: Sandbox) -> None:
    """Each of twenty writes in a row has a strong entity tag of its own."""
    tags = []
    for number in range(20):
        await sandbox.put("file", b"%02d" % number)
        tags.append((await sandbox.get_properties("file")).get("getetag", ""))
    require(all(tag and not tag.startswith("W/") for tag in tags), "they are missing or weak")
    require(len(set(tags)) == len(tags), f"there are only {len(set(tags))}")


async def etags_folders(sandbox: Sandbox) -> None:
    """The entity tag of a folder changes with its members, and moving it with an old tag fails."""
    await sandbox.require_success("MKCOL", "folder")
    old = (await sandbox.get_properties("folder")).get("getetag", "")
    require(old, "folders have none")
    await sandbox.put("folder/new")
    require((await sandbox.get_properties("folder")).get("getetag") != old, "it stays the same")
    condition = {"If": f"<{sandbox.server.build_url(sandbox.build_path('folder'))}> ([{old}])"}
    status = (await sandbox.copy_or_move("MOVE", "folder", "moved", condition)).status
    require(status == 412, f"the move returned {status}")


async def rejects_stale_writes(sandbox: Sandbox) -> None:
    """A write with an old entity tag fails: 412."""
    await sandbox.put("file", b"one")
    tag = (await sandbox.get_properties("file")).get("getetag", '"none"')
    await sandbox.put("file", b"two")
    for method, body in (("PUT", b"mine"), ("DELETE", None)):
        status = (await sandbox.request(method, "file", {"If-Match": tag}, body)).status
        require(status == 412, f"{method} returned {status}")


async def allows_one_creator(sandbox: Sandbox) -> None:
    """Of eight concurrent creations of a file (If-None-Match: *), one succeeds."""
    puts = (sandbox.request("PUT", "file", {"If-None-Match": "*"}, b"%d" % number) for number in range(8))
    accepted = [reply for reply in await asyncio.gather(*puts) if reply.is_success]
    require(len(accepted) == 1, f"{len(accepted)} did")


async def survives_broken_uploads(sandbox: Sandbox) -> None:
    """An upload that is broken off leaves the file unchanged."""
    old = b"old" * 1000
    await sandbox.put("file", old)

    async def broken() -> AsyncIterator[bytes]:
        yield b"new" * 50_000
        await asyncio.sleep(0.2)
        raise ConnectionError

    # The client may see any error: the file afterwards is what counts.
    await asyncio.gather(
        sandbox.request("PUT", "file", {"Content-Length": "100000000"}, broken()), return_exceptions=True
    )
    await asyncio.sleep(0.5)
    require((await sandbox.request("GET", "file")).body == old, "it is cut, empty or gone")


async def rejects_depth_infinity(sandbox: Sandbox) -> None:
    """A listing of a whole tree in one request is refused: 403."""
    status = (await sandbox.request("PROPFIND", "", {"Depth": "infinity"})).status
    require(status == 403, f"the response was {status}")


async def reports_changes(sandbox: Sandbox) -> None:
    """A folder supports sync tokens (RFC 6578)."""
    await sandbox.put("file")
    request_xml = "<sync-token/><sync-level>1</sync-level><prop><getetag/></prop>"
    body = f'<sync-collection xmlns="DAV:">{request_xml}</sync-collection>'.encode()
    reply = await sandbox.request("REPORT", "", {"Depth": "0", "Content-Type": "text/xml"}, body)
    require(reply.status == 207, f"REPORT returned {reply.status}")
    require(b"sync-token>" in reply.body, "the answer has no token")


@dataclass(frozen=True, slots=True)
class ConformanceCheck:
    """A check, and *why* it matters."""

    run: Callable[[Sandbox], Awaitable[None]]
    why: str
    required: bool = True

    @property
    def title(self) -> str:
        """What is checked, in one sentence."""
        return str(self.run.__doc__)


CHECKS: Final = (
    ConformanceCheck(replaces_a_folder, "A package is saved by moving the new one over the old one."),
    ConformanceCheck(sends_the_date, "A client compares times by the server's clock, not its own."),
    ConformanceCheck(returns_the_location, "A wrong address, often behind a proxy, sends the client to another file."),
    ConformanceCheck(does_not_overwrite, "Two devices that save the same name must not lose one of both."),
    ConformanceCheck(requires_the_parent, "What goes where nothing is cannot be found again."),
    ConformanceCheck(preserves_bytes, "Bytes that are changed on the way break encrypted documents."),
    ConformanceCheck(enforces_locks, "Some clients write only under a lock (DAV class 2)."),
    ConformanceCheck(etags_every_write, "A tag that stays the same hides a change.", required=False),
    ConformanceCheck(etags_folders, "A client sees in one request whether a folder has changed.", required=False),
    ConformanceCheck(rejects_stale_writes, "Without it, the later of two devices silently wins.", required=False),
    ConformanceCheck(
        allows_one_creator,
        "Two devices that begin at once must not both believe that they made the file.",
        required=False,
    ),
    ConformanceCheck(survives_broken_uploads, "A lost connection must not cost the document.", required=False),
    ConformanceCheck(rejects_depth_infinity, "One request must not keep a server busy for minutes.", required=False),
    ConformanceCheck(reports_changes, "A client learns what is new without listing everything.", required=False),
)


@dataclass(frozen=True, slots=True)
class ConformanceResult:
    """The result of a check in a *folder*; *failure* is empty when it passed."""

    check: ConformanceCheck
    folder: str
    failure: str = ""


async def run_checks(
    server: DavServer, *, name: str, checks: Iterable[ConformanceCheck] = CHECKS
) -> AsyncIterator[ConformanceResult]:
    """Run the checks in a new folder *name*, which is deleted afterwards; connection errors are failures."""
    reply = await server.request("MKCOL", name)
    require(reply.status == 201, f"a folder cannot be created here: MKCOL returned {reply.status}")
    try:
        for folder in TEST_FOLDERS:
            await server.request("MKCOL", f"{name}/{folder}")
            for number, one in enumerate(checks):
                bench = Sandbox(server, f"{name}/{folder}/{number}")
                yield ConformanceResult(one, folder, await _run_check(one, bench))
    finally:
        await server.request("DELETE", name)


async def _run_check(check: ConformanceCheck, sandbox: Sandbox) -> str:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT):
            await sandbox.require_success("MKCOL", "")
            await check.run(sandbox)
    except CheckFailedError as fault:
        return str(fault)
    except TimeoutError:
        return f"no answer within {_CHECK_TIMEOUT:g} seconds"
    except (OSError, ValueError) as fault:
        return f"the connection or the answer broke: {type(fault).__name__}"
    return ""
