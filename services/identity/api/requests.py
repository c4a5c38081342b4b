"""What a person may ask of all services at once: a copy of everything (C26), and its erasure (C31)."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field

from services.identity.api.fields import Password
from services.identity.domain.access import FRESH
from services.identity.errors import (
    AccountNotFoundError,
    ErasureNotFoundError,
    ExportBusyError,
    ExportNotFoundError,
    ExportNotReadyError,
    PasswordsBusyError,
    TooManyLogInsError,
    WrongPasswordError,
)
from services.identity.service.archive import Archives
from services.identity.service.erasures import ErasureSaga, Standing
from services.identity.service.exports import ExportSaga, Progress
from shared.clock import rfc3339
from shared.web import PUBLIC, Body, Call, RateLimit, Route, View, customer, get, post

_STALL = timedelta(seconds=60)
"""How long a download may stand still."""


class ErasureBody(Body):
    """The password once more: this cannot be undone."""

    password: Password


class PartView(View):
    """How far one service has come with an export."""

    service: str
    state: str


class ExportView(View):
    """An export: collecting, ready or expired."""

    export_id: str
    state: str
    created_at: str
    deadline: str
    expires_at: str | None
    parts: list[PartView]


class ExportSummaryView(View):
    """An export in the list."""

    export_id: str
    state: str
    created_at: str
    deadline: str
    expires_at: str | None


class ExportsView(View):
    """The exports of the account, the newest first."""

    items: list[ExportSummaryView]


class KeptView(View):
    """Something that had to be kept, and why."""

    what: str
    why: str


class ReceiptView(View):
    """What one service has erased, by collection, and what it had to keep."""

    service: str
    state: str
    erased: dict[str, int]
    kept: list[KeptView]
    completed_at: str | None


class ErasureView(View):
    """An erasure: running or done."""

    erasure_id: Annotated[str, Field(description="keep it: it is the only way to ask how far the erasure is")]
    state: str
    created_at: str
    deadline: str
    completed_at: str | None
    receipts: list[ReceiptView]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsApi:
    """The handlers."""

    exports: ExportSaga
    archives: Archives
    erasures: ErasureSaga
    requests_a_minute: int

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (*self._export_routes(), *self._erasure_routes())

    def _export_routes(self) -> tuple[Route, ...]:
        root, mine = "/v1/identity/exports", customer()
        return (
            post(
                root,
                self.begin_export,
                access=mine,
                status=202,
                idempotent=True,
                errors=(AccountNotFoundError, ExportBusyError),
            ),
            get(root, self.list_exports, access=mine),
            get(f"{root}/{{export_id}}", self.read_export, access=mine, errors=(ExportNotFoundError,)),
            get(
                f"{root}/{{export_id}}/archive",
                self.download_export,
                access=customer(max_age=FRESH),
                errors=(ExportNotFoundError, ExportNotReadyError),
                replies="application/zip",
            ),
        )

    def _erasure_routes(self) -> tuple[Route, ...]:
        root = "/v1/identity/erasures"
        return (
            post(
                root,
                self.begin_erasure,
                access=customer(),
                status=202,
                idempotent=True,
                errors=(WrongPasswordError, TooManyLogInsError, PasswordsBusyError),
            ),
            get(
                f"{root}/{{erasure_id}}",
                self.read_erasure,
                access=PUBLIC,
                limit=RateLimit(10 * self.requests_a_minute, timedelta(minutes=1)),
                errors=(ErasureNotFoundError,),
            ),
        )

    async def begin_export(self, call: Call) -> ExportView:
        """Ask for a copy of everything that is held; one at a time, ready by the deadline."""
        return _export(await self.exports.begin(call.who.id, at=call.now))

    async def list_exports(self, call: Call) -> ExportsView:
        """List the own exports."""
        return ExportsView(
            items=[
                ExportSummaryView(
                    export_id=export.id,
                    state=export.state,
                    created_at=rfc3339(export.created_at),
                    deadline=rfc3339(export.deadline),
                    expires_at=rfc3339(export.expires_at) if export.expires_at else None,
                )
                for export in await self.exports.of(call.who.id)
            ]
        )

    async def read_export(self, call: Call) -> ExportView:
        """Read how far an export is, service by service."""
        return _export(await self.exports.progress(call.who.id, call.path["export_id"]))

    async def download_export(self, call: Call) -> web.StreamResponse:
        """Download the archive, a zip file; the log-in must not be older than 15 minutes."""
        export = await self.exports.ready(call.who.id, call.path["export_id"], at=call.now)
        response = web.StreamResponse(
            headers={
                "Content-Type": "application/zip",
                "Content-Disposition": f'attachment; filename="candor-{export.created_at:%Y-%m-%d}.zip"',
            }
        )
        await response.prepare(call.request)
        async with aclosing(self.archives.stream(export)) as pieces:
            async for piece in pieces:
                async with asyncio.timeout(_STALL.total_seconds()):
                    await response.write(piece)
        await response.write_eof()
        return response

    async def begin_erasure(self, call: Call, body: ErasureBody) -> ErasureView:
        """Erase the account and everything that is held; logs out everywhere at once."""
        return _erasure(await self.erasures.begin(call.who.id, body.password, at=call.now))

    async def read_erasure(self, call: Call) -> ErasureView:
        """Read how far an erasure is; its id, which only its owner was told, is the key."""
        return _erasure(await self.erasures.standing(call.path["erasure_id"]))


def _export(progress: Progress) -> ExportView:
    export = progress.export
    return ExportView(
        export_id=export.id,
        state=export.state,
        created_at=rfc3339(export.created_at),
        deadline=rfc3339(export.deadline),
        expires_at=rfc3339(export.expires_at) if export.expires_at else None,
        parts=[PartView(service=part.service, state=part.state) for part in progress.parts],
    )


def _erasure(standing: Standing) -> ErasureView:
    erasure = standing.erasure
    return ErasureView(
        erasure_id=erasure.id,
        state=erasure.state,
        created_at=rfc3339(erasure.created_at),
        deadline=rfc3339(erasure.deadline),
        completed_at=rfc3339(erasure.completed_at) if erasure.completed_at else None,
        receipts=[
            ReceiptView(
                service=receipt.service,
                state=receipt.state,
                erased=dict(receipt.erased),
                kept=[KeptView(what=item.what, why=item.why) for item in receipt.kept],
                completed_at=rfc3339(receipt.completed_at) if receipt.completed_at else None,
            )
            for receipt in standing.receipts
        ],
    )
