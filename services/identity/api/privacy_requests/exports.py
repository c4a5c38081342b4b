"""Exports: a copy of everything that all services hold about a customer (C26)."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from services.identity.api.fields import EmailToken
from services.identity.domain.sessions.access import REAUTH_MAX_AGE
from services.identity.errors import (
    AccountNotFoundError,
    ExportBusyError,
    ExportNotFoundError,
    ExportNotReadyError,
    InvalidExportLinkError,
)
from services.identity.service.privacy_requests.archive import ExportArchiver
from services.identity.service.privacy_requests.exports import ExportProgress, ExportSaga, ReadyExport
from shared.clock import rfc3339
from shared.web import (
    PUBLIC,
    JsonBody,
    RateLimit,
    RequestContext,
    Route,
    Timestamp,
    View,
    customer,
    get,
    post,
)

_DOWNLOAD_STALL_TIMEOUT = timedelta(seconds=60)
"""How long a client may take to read one chunk."""


class ExportLinkBody(JsonBody):
    """The token of the link in the email."""

    token: EmailToken


class ExportPartView(View):
    """The part of one service in an export."""

    service: str
    state: str


class ExportView(View):
    """An export with its parts. *state* is collecting, ready or expired."""

    export_id: str
    state: str
    created_at: Timestamp
    deadline: str
    expires_at: Timestamp | None
    parts: list[ExportPartView]


class ExportSummaryView(View):
    """An export in a list."""

    export_id: str
    state: str
    created_at: Timestamp
    deadline: str
    expires_at: Timestamp | None


class ExportsView(View):
    """Your exports, newest first."""

    items: list[ExportSummaryView]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportsApi:
    """HTTP handlers of exports."""

    export_saga: ExportSaga
    export_archiver: ExportArchiver
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, mine = "/v1/identity/exports", customer()
        return (
            post(
                root,
                self.create_export,
                access=mine,
                status=202,
                idempotent=True,
                errors=(AccountNotFoundError, ExportBusyError),
            ),
            get(root, self.list_exports, access=mine),
            get(f"{root}/{{export_id}}", self.get_export, access=mine, errors=(ExportNotFoundError,)),
            get(
                f"{root}/{{export_id}}/archive",
                self.download_export,
                access=customer(max_age=REAUTH_MAX_AGE),
                errors=(ExportNotFoundError, ExportNotReadyError),
                replies="application/zip",
            ),
            post(
                f"{root}/by-link",
                self.download_export_by_link,
                access=PUBLIC,
                limit=RateLimit(self.rate_limit_per_minute, timedelta(minutes=1)),
                errors=(InvalidExportLinkError, ExportNotReadyError),
                replies="application/zip",
            ),
        )

    async def create_export(self, call: RequestContext) -> ExportView:
        """Request a copy of all your data. One export runs at a time, and is ready by its deadline."""
        return _export_view(await self.export_saga.start(call.principal.id, at=call.now))

    async def list_exports(self, call: RequestContext) -> ExportsView:
        """List your exports."""
        return ExportsView(
            items=[
                ExportSummaryView(
                    export_id=export.id,
                    state=export.state,
                    created_at=rfc3339(export.created_at),
                    deadline=rfc3339(export.deadline),
                    expires_at=rfc3339(export.expires_at) if export.expires_at else None,
                )
                for export in await self.export_saga.list_by_account(call.principal.id)
            ]
        )

    async def get_export(self, call: RequestContext) -> ExportView:
        """Get an export with the state of each part."""
        return _export_view(await self.export_saga.get_progress(call.principal.id, call.path["export_id"]))

    async def download_export(self, call: RequestContext) -> web.StreamResponse:
        """Download the archive, a zip file. Requires a login within the last 15 minutes."""
        export = await self.export_saga.get_ready(call.principal.id, call.path["export_id"], at=call.now)
        return await self._stream_archive(call, export)

    async def download_export_by_link(self, call: RequestContext, body: ExportLinkBody) -> web.StreamResponse:
        """Download the archive with the token of the link that customer service had sent."""
        return await self._stream_archive(call, await self.export_saga.get_by_link(body.token, at=call.now))

    async def _stream_archive(self, call: RequestContext, export: ReadyExport) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={
                "Content-Type": "application/zip",
                "Content-Disposition": f'attachment; filename="candor-{export.created_at:%Y-%m-%d}.zip"',
            }
        )
        await response.prepare(call.request)
        async with aclosing(self.export_archiver.stream_archive(export)) as pieces:
            async for piece in pieces:
                async with asyncio.timeout(_DOWNLOAD_STALL_TIMEOUT.total_seconds()):
                    await response.write(piece)
        await response.write_eof()
        return response


def _export_view(progress: ExportProgress) -> ExportView:
    export = progress.export
    return ExportView(
        export_id=export.id,
        state=export.state,
        created_at=rfc3339(export.created_at),
        deadline=rfc3339(export.deadline),
        expires_at=rfc3339(export.expires_at) if export.expires_at else None,
        parts=[ExportPartView(service=part.service, state=part.state) for part in progress.parts],
    )
