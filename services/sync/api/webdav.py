"""WebDAV, classes 1, 2 and 3 (RFC 4918): parse, one call, render."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from aiohttp import web

from services.sync.api import files
from services.sync.api.addresses import PREFIX, Addresses
from services.sync.api.bodies import drain, no_answer_yet, optional_xml_body, xml_body
from services.sync.api.headers import Depth, depth_of, overwrite_of, seconds_of
from services.sync.api.listings import Listed, Listings
from services.sync.api.multistatus import CONTENT_TYPE, LockView, Multistatus, Outcome, not_made, patched
from services.sync.api.refusals import precondition_of, refused
from services.sync.api.requests import Asking, Door
from services.sync.api.xml import Asked, Propfind, folder_of, instructions_of, lock_info_of, propfind_of, sync_of
from services.sync.domain.properties import applied, protected
from services.sync.errors import ALLOWED, HeaderRefusedError, InfiniteDepthError, MethodRefusedError
from services.sync.service.following import Following, Question
from services.sync.service.locking import Locking, Taken, Wish
from services.sync.service.reading import Listing, Reading
from services.sync.service.statistics import Counting
from services.sync.service.uploads import Uploads
from services.sync.service.writing import Destination, Made, Writing
from shared.errors import ServiceError
from shared.web import any_encoding

Handler = Callable[[Asking], Awaitable[web.StreamResponse]]
_ASKS_FOR_LOCKS = "{DAV:}lockdiscovery"
_ASKS_FOR_TOKENS = "{DAV:}sync-token"
_TELLS_COUNTERS = frozenset({"{DAV:}quota-available-bytes", "{DAV:}quota-used-bytes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDav:
    """The handlers of ``/sync/<username>/…``."""

    door: Door
    addresses: Addresses
    reading: Reading
    writing: Writing
    uploads: Uploads
    locking: Locking
    following: Following
    counting: Counting
    listings: Listings = field(default_factory=Listings)

    def add_to(self, app: web.Application) -> None:
        """Add the handlers; what aiohttp does not know as a method is refused here, too."""
        for path in (f"{PREFIX}/{{username}}", f"{PREFIX}/{{username}}/{{path:.*}}"):
            app.router.add_route("*", path, any_encoding(self.serve), expect_handler=no_answer_yet)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        handlers: dict[str, Handler] = {
            "OPTIONS": self.options,
            "GET": self.get,
            "HEAD": self.get,
            "PUT": self.put,
            "DELETE": self.delete,
            "MKCOL": self.mkcol,
            "COPY": self.copy,
            "MOVE": self.move,
            "PROPFIND": self.propfind,
            "PROPPATCH": self.proppatch,
            "LOCK": self.lock,
            "UNLOCK": self.unlock,
            "REPORT": self.report,
        }
        try:
            asking = await self.door.admit(request)
            self.counting.note(asking.act.account, request.headers.get("User-Agent", ""), request.method)
            handler = handlers.get(request.method)
            if handler is None:
                raise MethodRefusedError
            return await handler(asking)
        except ServiceError as fault:
            await drain(request)
            if not precondition_of(fault):
                raise
            answer = refused(fault, self.addresses, request.match_info["username"])
        if not request.content.is_eof():
            answer.force_close()
        return answer

    async def options(self, _asking: Asking) -> web.StreamResponse:
        """Say what can be done here."""
        return web.Response(headers={"DAV": "1, 2, 3, extended-mkcol", "Allow": ALLOWED, "MS-Author-Via": "DAV"})

    async def get(self, asking: Asking) -> web.StreamResponse:
        """Send a file."""
        return await files.get(asking, self.reading)

    async def put(self, asking: Asking) -> web.StreamResponse:
        """Store a file."""
        return await files.put(asking, self.uploads)

    async def delete(self, asking: Asking) -> web.StreamResponse:
        """Delete a file, or a folder with all that is inside."""
        _require_infinity(asking.request)
        await self.writing.delete(asking.act)
        return web.Response(status=204)

    async def mkcol(self, asking: Asking) -> web.StreamResponse:
        """Make a folder, perhaps with properties (RFC 5689)."""
        body = await optional_xml_body(asking.request)
        instructions = folder_of(body) if body else []
        if refused_names := protected(instructions):
            return _xml(424, not_made([_not_patched(one.name, refused_names) for one in instructions]))
        node = await self.writing.make_folder(asking.act, applied("", instructions))
        return web.Response(status=201, headers={"ETag": node.etag})

    async def copy(self, asking: Asking) -> web.StreamResponse:
        """Copy a file or a folder."""
        depth = depth_of(asking.request, Depth.INFINITY)
        if depth is Depth.ONE:
            raise HeaderRefusedError("Depth is 0 or infinity.")
        return _made(await self.writing.copy(asking.act, self._destination(asking, deep=depth is Depth.INFINITY)))

    async def move(self, asking: Asking) -> web.StreamResponse:
        """Move a file or a folder."""
        _require_infinity(asking.request)
        return _made(await self.writing.move(asking.act, self._destination(asking, deep=True)))

    def _destination(self, asking: Asking, *, deep: bool) -> Destination:
        given = asking.request.headers.getall("Destination", [])
        if len(given) != 1:
            raise HeaderRefusedError("Send one Destination.")
        address = self.addresses.destination(given[0], asking.address.username)
        return Destination(path=address.path, overwrite=overwrite_of(asking.request), deep=deep)

    async def propfind(self, asking: Asking) -> web.StreamResponse:
        """Tell the properties of what is here and, with Depth 1, of its members."""
        request = asking.request
        depth = depth_of(request, Depth.INFINITY)
        wanted = propfind_of(await xml_body(request))
        if depth is Depth.INFINITY:
            raise InfiniteDepthError
        locks = wanted.asked is Asked.ALL or _ASKS_FOR_LOCKS in wanted.names
        if locks or _ASKS_FOR_TOKENS in wanted.names:
            return await self._propfind_now(asking, wanted, members=depth is Depth.ONE, locks=locks)
        return await self._propfind(asking, wanted, members=depth is Depth.ONE)

    async def _propfind(self, asking: Asking, wanted: Propfind, *, members: bool) -> web.StreamResponse:
        """Tell what depends on the revisions of the nodes alone, as it was told before where that is remembered."""
        asked = Listed(asking.address.username, asking.act.path, wanted)
        listing = await self.reading.list(
            asking.act, members=members, locks=False, unless=lambda rev: self.listings.knows(asked, rev)
        )
        if not members:
            return await _multistatus(asking.request, self._multistatus_of(asking, listing, wanted).pieces())
        rev, version = listing.space.rev, listing.version(counters=not _TELLS_COUNTERS.isdisjoint(wanted.names))
        if body := self.listings.again(asked, rev, version):
            return _xml(207, body)
        pieces = self._multistatus_of(asking, listing, wanted).pieces()
        return await _multistatus(asking.request, self.listings.noting(asked, rev, version, pieces))

    async def _propfind_now(
        self, asking: Asking, wanted: Propfind, *, members: bool, locks: bool
    ) -> web.StreamResponse:
        """Tell what changes otherwise, too: locks end by themselves, sync tokens begin to be kept when asked for."""
        # The mark comes first: what changes while the folder is read is told once more rather than never.
        rev = await self.following.mark(asking.act.account) if _ASKS_FOR_TOKENS in wanted.names else 0
        listing = await self.reading.list(asking.act, members=members, locks=locks)
        return await _multistatus(asking.request, self._multistatus_of(asking, listing, wanted, rev=rev).pieces())

    def _multistatus_of(self, asking: Asking, listing: Listing, wanted: Propfind, *, rev: int = 0) -> Multistatus:
        return Multistatus(
            addresses=self.addresses, username=asking.address.username, listing=listing, wanted=wanted, rev=rev
        )

    async def report(self, asking: Asking) -> web.StreamResponse:
        """Tell what has changed in a folder (RFC 6578)."""
        request = asking.request
        asked, depth = sync_of(await xml_body(request)), depth_of(request, Depth.ZERO)
        deep = asked.deep
        if deep is None and depth is not Depth.ZERO:
            deep = depth is Depth.INFINITY  # as it was asked for before RFC 6578 was one
        elif deep is None or depth is not Depth.ZERO:
            raise HeaderRefusedError("Send a sync-level, and Depth: 0.")
        locks = _ASKS_FOR_LOCKS in asked.names
        question = Question(token=asked.token, deep=deep, limit=asked.limit, locks=locks)
        answer = await self.following.report(asking.act, question)
        shown = Multistatus(
            addresses=self.addresses,
            username=asking.address.username,
            listing=answer.listing,
            wanted=Propfind(Asked.NAMED, asked.names),
        )
        return await _multistatus(request, shown.changes(answer))

    async def proppatch(self, asking: Asking) -> web.StreamResponse:
        """Set and remove dead properties: all of them, or none."""
        instructions = instructions_of(await xml_body(asking.request))
        names = list(dict.fromkeys(instruction.name for instruction in instructions))
        refused_names = protected(instructions)
        if not refused_names:
            await self.writing.describe(asking.act, lambda properties: applied(properties, instructions))
            outcomes = [Outcome(name, "200 OK") for name in names]
        else:
            await self.reading.list(asking.act, members=False, locks=False)
            outcomes = [_not_patched(name, refused_names) for name in names]
        href = self.addresses.href(asking.address.username, asking.address.path, folder=asking.address.of_folder)
        return _xml(207, patched(href, outcomes))

    async def lock(self, asking: Asking) -> web.StreamResponse:
        """Take a lock, or refresh one when there is no body."""
        request, seconds = asking.request, seconds_of(asking.request)
        body = await xml_body(request)
        if not body.strip():
            return self._locked(asking, await self.locking.refresh(asking.act, seconds), status=200)
        depth = depth_of(request, Depth.INFINITY)
        if depth is Depth.ONE:
            raise HeaderRefusedError("Depth is 0 or infinity.")
        info = lock_info_of(body)
        wish = Wish(exclusive=info.exclusive, deep=depth is Depth.INFINITY, owner=info.owner, seconds=seconds)
        taken = await self.locking.take(asking.act, wish)
        answer = self._locked(asking, taken, status=201 if taken.is_new else 200)
        answer.headers["Lock-Token"] = f"<{taken.lock.token}>"
        return answer

    def _locked(self, asking: Asking, taken: Taken, *, status: int) -> web.Response:
        shown = LockView(
            addresses=self.addresses,
            username=asking.address.username,
            device=asking.act.visitor.device,
            at=taken.at,
        )
        told = shown.xml(taken.lock)
        body = (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f'<D:prop xmlns:D="DAV:"><D:lockdiscovery>{told}</D:lockdiscovery></D:prop>\n'
        )
        return _xml(status, body.encode())

    async def unlock(self, asking: Asking) -> web.StreamResponse:
        """End a lock."""
        token = asking.request.headers.get("Lock-Token", "").strip()
        if not (token.startswith("<") and token.endswith(">") and len(token) < 200):
            raise HeaderRefusedError("Send the Lock-Token in angle brackets.")
        await self.locking.release(asking.act, token[1:-1])
        return web.Response(status=204)


def _require_infinity(request: web.Request) -> None:
    """Refuse a depth that would leave something of a folder behind (RFC 4918 9.6.1, 9.9.2); files have none."""
    if depth_of(request, Depth.INFINITY) is not Depth.INFINITY:
        raise HeaderRefusedError("This reaches all that is inside: Depth is infinity.")


def _made(made: Made) -> web.Response:
    return web.Response(status=201 if made is Made.NEW else 204)


def _not_patched(name: str, refused_names: frozenset[str]) -> Outcome:
    if name in refused_names:
        return Outcome(name, "403 Forbidden", "cannot-modify-protected-property")
    return Outcome(name, "424 Failed Dependency")


def _xml(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type=CONTENT_TYPE, charset="utf-8")


async def _multistatus(request: web.Request, pieces: Iterator[bytes]) -> web.StreamResponse:
    """Send a multistatus: at once when it is small, piece by piece when it is not."""
    first, second = next(pieces), next(pieces, None)
    if second is None:
        return _xml(207, first)
    response = web.StreamResponse(status=207, headers={"Content-Type": f"{CONTENT_TYPE}; charset=utf-8"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    for piece in chain((first, second), pieces):
        await response.write(piece)
    await response.write_eof()
    return response


__all__ = ["Propfind", "WebDav"]
