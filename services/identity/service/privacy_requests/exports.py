"""The export saga (C26): fetches the pages of every service. Each page is a step that any process can take."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.identity.domain.privacy_requests.lifecycle import (
    ARCHIVE_LIFETIME,
    ExportState,
    RequestPartState,
    request_deadline,
)
from services.identity.emails.account import AccountEmails
from services.identity.errors import ExportBusyError, ExportNotFoundError, ExportNotReadyError, InvalidExportLinkError
from services.identity.service.privacy_requests.account_export import AccountExport, ExportFileChunk
from services.identity.store import Accounts, ExportDocument, ExportPartDocument, Exports
from shared import observe
from shared.backoff import Backoff
from shared.bus import RpcClient
from shared.contracts import common_v1
from shared.errors import ServiceError
from shared.ids import NewId, new_token, sha256_digest
from shared.mongo import DuplicateError, Transact
from shared.policy import Purpose

ReadyExport = ExportDocument
log = observe.get_logger(__name__)

PAGE_TIMEOUT = timedelta(seconds=15)
_BACKOFF = Backoff(2, 300)
"""Between the attempts at a service that does not answer."""
_MAX_PAGE_BYTES = 8 * 1024 * 1024
"""Larger pages break the contract and would not fit into a document."""


class InvalidExportPageError(Exception):
    """A page breaks the contract: it is too large, or its cursor does not advance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportProgress:
    """An export and its parts."""

    export: ExportDocument
    parts: list[ExportPartDocument]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ExportPage:
    chunks: list[ExportFileChunk]
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSaga:
    """Collects the data of an account from all services."""

    accounts: Accounts
    exports: Exports
    account_export: AccountExport
    account_emails: AccountEmails
    rpc_client: RpcClient
    transact: Transact
    new_id: NewId
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is work: the worker need not wait for its next poll."""

    async def start(self, account_id: str, *, at: datetime) -> ExportProgress:
        """Start an export, or return the running one: there is one at a time."""
        export = self._build_export(account_id, at=at)
        try:
            await self.transact(lambda: self._add_export(export))
        except DuplicateError:
            running = await self.exports.get_running(account_id)
            if running is None:  # it has just become ready
                raise ExportBusyError from None
            export = running
        self.wake.set()
        return await self._build_progress(export)

    async def start_by_request(self, account_id: str, *, at: datetime) -> None:
        """Start an export for an owner who cannot log in, in the ambient transaction: its link is emailed."""
        running = await self.exports.get_running(account_id)
        if running is not None:
            await self.exports.request_link(running.id)
        else:
            await self._add_export(self._build_export(account_id, sends_link=True, at=at))
        self.wake.set()

    async def list_by_account(self, account_id: str) -> list[ExportDocument]:
        """Return the exports of the account, newest first."""
        return await self.exports.list_by_account(account_id)

    async def get_progress(self, account_id: str, export_id: str) -> ExportProgress:
        """Return an export of the account with its parts; ExportNotFoundError if there is none."""
        return await self._build_progress(await self._get_export(account_id, export_id))

    async def get_ready(self, account_id: str, export_id: str, *, at: datetime) -> ExportDocument:
        """Return an export whose archive can be downloaded; ExportNotReadyError otherwise."""
        export = await self._get_export(account_id, export_id)
        if export.state is not ExportState.READY or export.expires_at is None or at >= export.expires_at:
            raise ExportNotReadyError
        return export

    async def get_by_link(self, token: str, *, at: datetime) -> ExportDocument:
        """Return the export of an emailed link; InvalidExportLinkError if it is invalid or expired."""
        export = await self.exports.get_by_link(sha256_digest(token))
        if export is None or export.expires_at is None or at >= export.expires_at:
            raise InvalidExportLinkError
        return await self.get_ready(export.account_id, export.id, at=at)

    async def collect(self, *, at: datetime) -> bool:
        """Take one step of each due part; return whether there was any."""
        due = await self.exports.list_due_parts(at)
        await asyncio.gather(*(self._collect_part(part, at=at) for part in due))
        return bool(due)

    async def expire_archives(self, *, at: datetime) -> int:
        """Delete the expired archives."""
        return await self.transact(lambda: self.exports.expire_due(at))

    def _build_export(self, account_id: str, *, sends_link: bool = False, at: datetime) -> ExportDocument:
        return ExportDocument(
            id=self.new_id("exp"),
            account_id=account_id,
            running_for=account_id,
            state=ExportState.COLLECTING,
            created_at=at,
            deadline=request_deadline(at),
            sends_link=sends_link,
        )

    async def _add_export(self, export: ExportDocument) -> None:
        await self.accounts.require_active(export.account_id)
        await self.exports.expire_by_account(export.account_id)
        await self.exports.add(export)

    async def _get_export(self, account_id: str, export_id: str) -> ExportDocument:
        export = await self.exports.get(export_id, account_id)
        if export is None:
            raise ExportNotFoundError
        return export

    async def _build_progress(self, export: ExportDocument) -> ExportProgress:
        return ExportProgress(export=export, parts=await self.exports.list_parts(export.id))

    async def _collect_part(self, part: ExportPartDocument, *, at: datetime) -> None:
        try:
            page = await self._fetch_page(part)
        except (ServiceError, InvalidExportPageError) as fault:
            log.warning(
                "export.page_failed", service=part.service, export_id=part.export_id, why=_failure_reason(fault)
            )
            await self.exports.postpone_part(part, until=at + _BACKOFF.delay_for(part.failure_count + 1))
            return
        await self.transact(lambda: self._store_page(part, page, at=at))

    async def _fetch_page(self, part: ExportPartDocument) -> _ExportPage:
        if part.service == "identity":
            return _ExportPage(chunks=await self.account_export.export(part.account_id), cursor="")
        reply = await self.rpc_client.call(
            f"{part.service}.export.page",
            common_v1.ExportPageRequest(export_id=part.export_id, account_id=part.account_id, cursor=part.cursor),
            common_v1.ExportPageReply,
            purpose=Purpose.EXPORT,
            timeout=PAGE_TIMEOUT,
        )
        _check_page(part, reply)
        return _ExportPage(chunks=[(item.path, item.content) for item in reply.items], cursor=reply.next_cursor)

    async def _store_page(self, part: ExportPartDocument, page: _ExportPage, *, at: datetime) -> None:
        """Store a page and advance, unless another process was first or the account was erased."""
        if not await self.exports.advance(part, page.cursor, len(page.chunks)):
            return
        await self.exports.store_chunks(part, page.chunks, at=at)
        if not page.cursor and _all_completed(await self.exports.list_parts(part.export_id)):
            await self._complete(part, at=at)

    async def _complete(self, part: ExportPartDocument, *, at: datetime) -> None:
        until = at + ARCHIVE_LIFETIME
        account = await self.accounts.get_active(part.account_id)
        if account is None or not await self.exports.complete(part.export_id, expires_at=until):
            return
        address = await self.accounts.open_email(account, Purpose.EXPORT)
        export = await self.exports.get(part.export_id, account.id)
        if export is None or not export.sends_link:
            await self.account_emails.send_export_ready(account.id, address, expires_at=until)
            return
        token = new_token()
        await self.exports.set_link(export.id, sha256_digest(token))
        await self.account_emails.send_export_link(account.id, address, token, expires_at=until)


def _all_completed(parts: Iterable[ExportPartDocument]) -> bool:
    return all(part.state is RequestPartState.COMPLETED for part in parts)


def _check_page(part: ExportPartDocument, reply: common_v1.ExportPageReply) -> None:
    if reply.next_cursor and reply.next_cursor == part.cursor:
        raise InvalidExportPageError("the cursor does not move")
    if sum(len(item.content) for item in reply.items) > _MAX_PAGE_BYTES:
        raise InvalidExportPageError("the page is too large")


def _failure_reason(error: ServiceError | InvalidExportPageError) -> str:
    return error.code if isinstance(error, ServiceError) else str(error)
