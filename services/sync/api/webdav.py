"""WebDAV, classes 1, 2 and 3 (RFC 4918): parse, one call, render."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from aiohttp import web

from services.sync.api import files
from services.sync.api.auth import DavAuthenticator, DavRequest
from services.sync.api.bodies import defer_continue, drain, read_optional_xml_body, read_xml_body
from services.sync.api.dav_errors import error_response, precondition_element
from services.sync.api.dav_xml import (
    Propfind,
    PropfindKind,
    parse_lockinfo,
    parse_mkcol,
    parse_propertyupdate,
    parse_propfind,
    parse_sync_collection,
)
from services.sync.api.headers import Depth, parse_depth, parse_overwrite, parse_timeout
from services.sync.api.hrefs import DAV_PREFIX, HrefBuilder
from services.sync.api.multistatus import (
    XML_CONTENT_TYPE,
    LockDiscovery,
    Multistatus,
    PropStat,
    mkcol_response,
    proppatch_response,
)
from services.sync.api.propfind_cache import PropfindCache, PropfindKey
from services.sync.domain.operation import Destination, WriteKind
from services.sync.domain.properties import apply_updates, find_protected
from services.sync.errors import ALLOWED_METHODS, DavMethodNotAllowedError, InvalidHeaderError, PropfindFiniteDepthError
from services.sync.service.oversight.statistics import UsageStatistics
from services.sync.service.tree.reader import CollectionListing, TreeReader
from services.sync.service.tree.transfers import TreeTransfers
from services.sync.service.tree.writer import TreeWriter
from services.sync.service.webdav.locks import LockRequest, LockResult, LockService
from services.sync.service.webdav.sync_collection import SyncCollectionReport, SyncCollectionRequest
from services.sync.service.webdav.uploads import UploadService
from shared.errors import ServiceError
from shared.web import accept_any_encoding

DavHandler = Callable[[DavRequest], Awaitable[web.StreamResponse]]
_LOCK_DISCOVERY = "{DAV:}lockdiscovery"
_SYNC_TOKEN = "{DAV:}sync-token"  # noqa: S105 - the name of a property, not a secret
_QUOTA_PROPERTIES = frozenset({"{DAV:}quota-available-bytes", "{DAV:}quota-used-bytes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDav:
    """The handlers of ``/sync/<username>/…``, one for each method."""

    authenticator: DavAuthenticator
    hrefs: HrefBuilder
    reader: TreeReader
    writer: TreeWriter
    transfers: TreeTransfers
    uploads: UploadService
    locks: LockService
    sync_collection: SyncCollectionReport
    statistics: UsageStatistics
    propfind_cache: PropfindCache = field(default_factory=PropfindCache)

    def add_routes(self, app: web.Application) -> None:
        """Add the routes; methods that aiohttp does not know are refused by ``handle_request``, too."""
        for path in (f"{DAV_PREFIX}/{{username}}", f"{DAV_PREFIX}/{{username}}/{{path:.*}}"):
            app.router.add_route("*", path, accept_any_encoding(self.handle_request), expect_handler=defer_continue)

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """Authenticate a request and pass it to the handler of its method."""
        handlers: dict[str, DavHandler] = {
            "OPTIONS": self.handle_options,
            "GET": self.handle_get,
            "HEAD": self.handle_get,
            "PUT": self.handle_put,
            "DELETE": self.handle_delete,
            "MKCOL": self.handle_mkcol,
            "COPY": self.handle_copy,
            "MOVE": self.handle_move,
            "PROPFIND": self.handle_propfind,
            "PROPPATCH": self.handle_proppatch,
            "LOCK": self.handle_lock,
            "UNLOCK": self.handle_unlock,
            "REPORT": self.handle_report,
        }
        try:
            dav_request = await self.authenticator.authenticate(request)
            self.statistics.record_request(
                dav_request.operation.account, request.headers.get("User-Agent", ""), request.method
            )
            handler = handlers.get(request.method)
            if handler is None:
                raise DavMethodNotAllowedError
            return await handler(dav_request)
        except ServiceError as fault:
            await drain(request)
            if not precondition_element(fault):
                raise
            response = error_response(fault, self.hrefs, request.match_info["username"])
        if not request.content.is_eof():
            response.force_close()
        return response

    async def handle_options(self, _dav_request: DavRequest) -> web.StreamResponse:
        """Return the DAV classes and the allowed methods."""
        return web.Response(
            headers={"DAV": "1, 2, 3, extended-mkcol", "Allow": ALLOWED_METHODS, "MS-Author-Via": "DAV"}
        )

    async def handle_get(self, dav_request: DavRequest) -> web.StreamResponse:
        """Send a file."""
        return await files.get_file(dav_request, self.reader)

    async def handle_put(self, dav_request: DavRequest) -> web.StreamResponse:
        """Store a file."""
        return await files.put_file(dav_request, self.uploads)

    async def handle_delete(self, dav_request: DavRequest) -> web.StreamResponse:
        """Delete a file, or a folder with all that is inside."""
        _require_infinity(dav_request.request)
        await self.writer.delete(dav_request.operation)
        return web.Response(status=204)

    async def handle_mkcol(self, dav_request: DavRequest) -> web.StreamResponse:
        """Create a folder, with properties when there is a body (RFC 5689)."""
        body = await read_optional_xml_body(dav_request.request)
        instructions = parse_mkcol(body) if body else []
        if refused_names := find_protected(instructions):
            return _xml_response(
                424, mkcol_response([_failed_prop_stat(one.name, refused_names) for one in instructions])
            )
        node = await self.writer.create_folder(dav_request.operation, apply_updates("", instructions))
        return web.Response(status=201, headers={"ETag": node.etag})

    async def handle_copy(self, dav_request: DavRequest) -> web.StreamResponse:
        """Copy a file or a folder."""
        depth = parse_depth(dav_request.request, Depth.INFINITY)
        if depth is Depth.ONE:
            raise InvalidHeaderError("Depth must be 0 or infinity.")
        return _write_response(
            await self.transfers.copy(
                dav_request.operation, self._parse_destination(dav_request, deep=depth is Depth.INFINITY)
            )
        )

    async def handle_move(self, dav_request: DavRequest) -> web.StreamResponse:
        """Move a file or a folder."""
        _require_infinity(dav_request.request)
        return _write_response(
            await self.transfers.move(dav_request.operation, self._parse_destination(dav_request, deep=True))
        )

    def _parse_destination(self, dav_request: DavRequest, *, deep: bool) -> Destination:
        values = dav_request.request.headers.getall("Destination", [])
        if len(values) != 1:
            raise InvalidHeaderError("Send exactly one Destination header.")
        address = self.hrefs.parse_destination(values[0], dav_request.resource_path.username)
        return Destination(path=address.path, overwrite=parse_overwrite(dav_request.request), deep=deep)

    async def handle_propfind(self, dav_request: DavRequest) -> web.StreamResponse:
        """Return the properties of the resource and, with Depth: 1, of its members."""
        request = dav_request.request
        depth = parse_depth(request, Depth.INFINITY)
        propfind = parse_propfind(await read_xml_body(request))
        if depth is Depth.INFINITY:
            raise PropfindFiniteDepthError
        locks = propfind.kind is PropfindKind.ALL or _LOCK_DISCOVERY in propfind.names
        if locks or _SYNC_TOKEN in propfind.names:
            return await self._propfind_uncached(dav_request, propfind, members=depth is Depth.ONE, locks=locks)
        return await self._propfind_cached(dav_request, propfind, members=depth is Depth.ONE)

    async def _propfind_cached(
        self, dav_request: DavRequest, propfind: Propfind, *, members: bool
    ) -> web.StreamResponse:
        """Answer from the cache where the properties depend on revisions only."""
        key = PropfindKey(dav_request.resource_path.username, dav_request.operation.path, propfind)
        listing = await self.reader.list(
            dav_request.operation,
            include_members=members,
            include_locks=False,
            is_known=lambda rev: self.propfind_cache.has(key, rev),
        )
        if not members:
            return await _multistatus_response(
                dav_request.request, self._build_multistatus(dav_request, listing, propfind).render_listing()
            )
        rev, version = (
            listing.usage.rev,
            listing.build_version(include_usage=not _QUOTA_PROPERTIES.isdisjoint(propfind.names)),
        )
        if body := self.propfind_cache.get(key, rev, version):
            return _xml_response(207, body)
        pieces = self._build_multistatus(dav_request, listing, propfind).render_listing()
        return await _multistatus_response(
            dav_request.request, self.propfind_cache.record_pieces(key, rev, version, pieces)
        )

    async def _propfind_uncached(
        self, dav_request: DavRequest, propfind: Propfind, *, members: bool, locks: bool
    ) -> web.StreamResponse:
        """Answer without the cache: locks expire without a revision, and sync tokens start change tracking."""
        # The revision is read first: a change during the listing is then reported twice rather than never.
        rev = (
            await self.sync_collection.current_rev(dav_request.operation.account)
            if _SYNC_TOKEN in propfind.names
            else 0
        )
        listing = await self.reader.list(dav_request.operation, include_members=members, include_locks=locks)
        return await _multistatus_response(
            dav_request.request, self._build_multistatus(dav_request, listing, propfind, rev=rev).render_listing()
        )

    def _build_multistatus(
        self, dav_request: DavRequest, listing: CollectionListing, propfind: Propfind, *, rev: int = 0
    ) -> Multistatus:
        return Multistatus(
            hrefs=self.hrefs, username=dav_request.resource_path.username, listing=listing, propfind=propfind, rev=rev
        )

    async def handle_report(self, dav_request: DavRequest) -> web.StreamResponse:
        """Answer a sync-collection report (RFC 6578)."""
        request = dav_request.request
        sync_request, depth = parse_sync_collection(await read_xml_body(request)), parse_depth(request, Depth.ZERO)
        deep = sync_request.deep
        if deep is None and depth is not Depth.ZERO:
            deep = depth is Depth.INFINITY  # drafts of RFC 6578 used Depth instead of sync-level
        elif deep is None or depth is not Depth.ZERO:
            raise InvalidHeaderError("Send a sync-level, and Depth: 0.")
        locks = _LOCK_DISCOVERY in sync_request.names
        report_request = SyncCollectionRequest(
            token=sync_request.token, deep=deep, limit=sync_request.limit, locks=locks
        )
        result = await self.sync_collection.list_changes(dav_request.operation, report_request)
        multistatus = Multistatus(
            hrefs=self.hrefs,
            username=dav_request.resource_path.username,
            listing=result.listing,
            propfind=Propfind(PropfindKind.NAMED, sync_request.names),
        )
        return await _multistatus_response(request, multistatus.render_changes(result))

    async def handle_proppatch(self, dav_request: DavRequest) -> web.StreamResponse:
        """Set and remove dead properties, all or none."""
        instructions = parse_propertyupdate(await read_xml_body(dav_request.request))
        names = list(dict.fromkeys(instruction.name for instruction in instructions))
        refused_names = find_protected(instructions)
        if not refused_names:
            await self.writer.set_properties(
                dav_request.operation, lambda properties: apply_updates(properties, instructions)
            )
            outcomes = [PropStat(name, "200 OK") for name in names]
        else:
            await self.reader.list(dav_request.operation, include_members=False, include_locks=False)
            outcomes = [_failed_prop_stat(name, refused_names) for name in names]
        href = self.hrefs.build_href(
            dav_request.resource_path.username,
            dav_request.resource_path.path,
            folder=dav_request.resource_path.trailing_slash,
        )
        return _xml_response(207, proppatch_response(href, outcomes))

    async def handle_lock(self, dav_request: DavRequest) -> web.StreamResponse:
        """Create a lock, or refresh one when there is no body."""
        request, seconds = dav_request.request, parse_timeout(dav_request.request)
        body = await read_xml_body(request)
        if not body.strip():
            return self._lock_response(
                dav_request, await self.locks.refresh_lock(dav_request.operation, seconds), status=200
            )
        depth = parse_depth(request, Depth.INFINITY)
        if depth is Depth.ONE:
            raise InvalidHeaderError("Depth must be 0 or infinity.")
        info = parse_lockinfo(body)
        lock_request = LockRequest(
            exclusive=info.exclusive, deep=depth is Depth.INFINITY, owner=info.owner, seconds=seconds
        )
        result = await self.locks.lock(dav_request.operation, lock_request)
        response = self._lock_response(dav_request, result, status=201 if result.created else 200)
        response.headers["Lock-Token"] = f"<{result.lock.token}>"
        return response

    def _lock_response(self, dav_request: DavRequest, result: LockResult, *, status: int) -> web.Response:
        discovery = LockDiscovery(
            hrefs=self.hrefs,
            username=dav_request.resource_path.username,
            device=dav_request.operation.device.id,
            at=result.at,
        )
        lock_xml = discovery.render_lock(result.lock)
        body = (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f'<D:prop xmlns:D="DAV:"><D:lockdiscovery>{lock_xml}</D:lockdiscovery></D:prop>\n'
        )
        return _xml_response(status, body.encode())

    async def handle_unlock(self, dav_request: DavRequest) -> web.StreamResponse:
        """Release a lock."""
        token = dav_request.request.headers.get("Lock-Token", "").strip()
        if not (token.startswith("<") and token.endswith(">") and len(token) < 200):
            raise InvalidHeaderError("Send the Lock-Token in angle brackets.")
        await self.locks.unlock(dav_request.operation, token[1:-1])
        return web.Response(status=204)


def _require_infinity(request: web.Request) -> None:
    """Refuse a Depth that would leave parts of a folder behind (RFC 4918 §9.6.1, §9.9.2)."""
    if parse_depth(request, Depth.INFINITY) is not Depth.INFINITY:
        raise InvalidHeaderError("Depth must be infinity for a folder.")


def _write_response(kind: WriteKind) -> web.Response:
    return web.Response(status=201 if kind is WriteKind.CREATED else 204)


def _failed_prop_stat(name: str, protected_names: frozenset[str]) -> PropStat:
    if name in protected_names:
        return PropStat(name, "403 Forbidden", "cannot-modify-protected-property")
    return PropStat(name, "424 Failed Dependency")


def _xml_response(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type=XML_CONTENT_TYPE, charset="utf-8")


async def _multistatus_response(request: web.Request, pieces: Iterator[bytes]) -> web.StreamResponse:
    """Send a multistatus: at once when it is small, otherwise in chunks."""
    first, second = next(pieces), next(pieces, None)
    if second is None:
        return _xml_response(207, first)
    response = web.StreamResponse(status=207, headers={"Content-Type": f"{XML_CONTENT_TYPE}; charset=utf-8"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    for piece in chain((first, second), pieces):
        await response.write(piece)
    await response.write_eof()
    return response


__all__ = ["Propfind", "WebDav"]
