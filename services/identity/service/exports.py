"""The export saga (C26): every service is asked page by page; each page is a step, and any process takes the next."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.identity.domain.requests import ARCHIVE_LIFETIME, ExportState, PartState, deadline_of, pause_after
from services.identity.errors import AccountNotFoundError, ExportBusyError, ExportNotFoundError, ExportNotReadyError
from services.identity.service.own_part import OwnPart, Piece
from services.identity.service.transact import Transact
from services.identity.store import Accounts, Export, ExportPart, Exports
from services.identity.store.letters import Letters
from shared import observe
from shared.bus import Asker
from shared.contracts import common_v1
from shared.errors import ServiceError
from shared.ids import NewId
from shared.mongo import DuplicateError
from shared.policy import Purpose

log = observe.logger(__name__)

PAGE_LIMIT = timedelta(seconds=15)
_MOST_CONTENT = 8 * 1024 * 1024
"""A page that is larger than this was not made as the contract says, and would not fit into a document."""


class PageRefusedError(Exception):
    """A page is not as the contract says: too large, or its cursor leads nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An export and how far each service has come."""

    export: Export
    parts: list[ExportPart]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    pieces: list[Piece]
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSaga:
    """Collects everything that is held of an account into one archive."""

    accounts: Accounts
    exports: Exports
    own: OwnPart
    letters: Letters
    asker: Asker
    transact: Transact
    new_id: NewId
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is something to collect: the worker need not wait for its next look."""

    async def begin(self, account_id: str, *, at: datetime) -> Progress:
        """Begin an export, or return the one that is under way: there is one at a time."""
        export = Export(
            id=self.new_id("exp"),
            account_id=account_id,
            running_for=account_id,
            state=ExportState.COLLECTING,
            created_at=at,
            deadline=deadline_of(at),
        )
        try:
            await self.transact(lambda: self._begin(export))
        except DuplicateError:
            running = await self.exports.collecting(account_id)
            if running is None:  # it has become ready this very moment
                raise ExportBusyError from None
            export = running
        self.wake.set()
        return await self._progress(export)

    async def of(self, account_id: str) -> list[Export]:
        """Return the exports of the account, the newest first."""
        return await self.exports.of(account_id)

    async def progress(self, account_id: str, export_id: str) -> Progress:
        """Return how far an export of the account is."""
        return await self._progress(await self._found(account_id, export_id))

    async def ready(self, account_id: str, export_id: str, *, at: datetime) -> Export:
        """Return an export of the account whose archive can be downloaded."""
        export = await self._found(account_id, export_id)
        if export.state is not ExportState.READY or export.expires_at is None or at >= export.expires_at:
            raise ExportNotReadyError
        return export

    async def collect(self, *, at: datetime) -> bool:
        """Take one step of each part that is due; tell whether there was any."""
        due = await self.exports.due(at)
        await asyncio.gather(*(self._step(part, at=at) for part in due))
        return bool(due)

    async def expire(self, *, at: datetime) -> int:
        """Delete the archives whose time is over."""
        return await self.transact(lambda: self.exports.expire(at))

    async def _begin(self, export: Export) -> None:
        if await self.accounts.active(export.account_id) is None:
            raise AccountNotFoundError
        await self.exports.expire_earlier(export.account_id)
        await self.exports.add(export)

    async def _found(self, account_id: str, export_id: str) -> Export:
        export = await self.exports.get(export_id, account_id)
        if export is None:
            raise ExportNotFoundError
        return export

    async def _progress(self, export: Export) -> Progress:
        return Progress(export=export, parts=await self.exports.parts(export.id))

    async def _step(self, part: ExportPart, *, at: datetime) -> None:
        try:
            page = await self._page(part)
        except (ServiceError, PageRefusedError) as fault:
            log.warning("export.page_missing", service=part.service, export_id=part.export_id, why=_why(fault))
            await self.exports.postpone(part, until=at + pause_after(part.failures + 1))
            return
        await self.transact(lambda: self._keep(part, page, at=at))

    async def _page(self, part: ExportPart) -> _Page:
        if part.service == "identity":
            return _Page(pieces=await self.own.pieces(part.account_id), cursor="")
        reply = await self.asker.ask(
            f"{part.service}.export.page",
            common_v1.ExportPageRequest(export_id=part.export_id, account_id=part.account_id, cursor=part.cursor),
            common_v1.ExportPageReply,
            purpose=Purpose.EXPORT,
            timeout=PAGE_LIMIT,
        )
        _check(part, reply)
        return _Page(pieces=[(item.path, item.content) for item in reply.items], cursor=reply.next_cursor)

    async def _keep(self, part: ExportPart, page: _Page, *, at: datetime) -> None:
        """Keep a page and move on; what another process kept first, or an erasure took away, is left alone."""
        if not await self.exports.advance(part, page.cursor, len(page.pieces)):
            return
        await self.exports.store(part, page.pieces, at=at)
        if not page.cursor and _all_done(await self.exports.parts(part.export_id)):
            await self._finish(part, at=at)

    async def _finish(self, part: ExportPart, *, at: datetime) -> None:
        until = at + ARCHIVE_LIFETIME
        account = await self.accounts.active(part.account_id)
        if account is not None and await self.exports.finish(part.export_id, expires_at=until):
            address = await self.accounts.address(account, Purpose.EXPORT)
            await self.letters.export_ready(account.id, address, until=until)


def _all_done(parts: Iterable[ExportPart]) -> bool:
    return all(part.state is PartState.DONE for part in parts)


def _check(part: ExportPart, reply: common_v1.ExportPageReply) -> None:
    if reply.next_cursor and reply.next_cursor == part.cursor:
        raise PageRefusedError("the cursor does not move")
    if sum(len(item.content) for item in reply.items) > _MOST_CONTENT:
        raise PageRefusedError("the page is too large")


def _why(fault: ServiceError | PageRefusedError) -> str:
    return fault.code if isinstance(fault, ServiceError) else str(fault)
