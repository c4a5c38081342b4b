"""What a person may ask of all services at once: a copy of everything (C26), and its erasure (C31)."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field

from services.identity.api.fields import FRESH_CUSTOMER, MailedToken, Password
from services.identity.domain.access import FRESH
from services.identity.domain.requests import DEADLINE
from services.identity.domain.security import LONGEST_GRACE_DAYS
from services.identity.errors import (
    AccountNotFoundError,
    ErasureNotFoundError,
    ErasureNotScheduledError,
    ErasureScheduledError,
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
from services.identity.service.farewells import FarewellDesk, Planned
from shared.clock import rfc3339
from shared.web import PUBLIC, Body, Call, RateLimit, Route, View, customer, delete, get, post

_STALL = timedelta(seconds=60)
"""How long a download may stand still."""


class ErasureBody(Body):
    """The password once more: this cannot be undone, unless some days of grace are wished for."""

    password: Password
    grace_days: Annotated[int, Field(ge=0, le=LONGEST_GRACE_DAYS, description="0: at once")] = 0


class KeepBody(Body):
    """The link of the mail."""

    token: MailedToken


class PlannedView(View):
    """An erasure that is planned; until it begins, it can be taken back."""

    erasure_id: str
    begins_at: str


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
    """Something that had to be kept, why, and until when where that is known."""

    what: str
    why: str
    until: str | None = None


class ReceiptView(View):
    """What one service has erased, by collection, and what it had to keep."""

    service: str
    state: str
    erased: dict[str, int]
    kept: list[KeptView]
    completed_at: str | None


class ErasureView(View):
    """An erasure: planned, running or done."""

    erasure_id: Annotated[str, Field(description="keep it: it is the only way to ask how far the erasure is")]
    state: str
    created_at: str
    begins_at: str
    deadline: str
    completed_at: str | None
    receipts: list[ReceiptView]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsApi:
    """The handlers."""

    exports: ExportSaga
    archives: Archives
    erasures: ErasureSaga
    farewells: FarewellDesk
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
                access=FRESH_CUSTOMER,
                status=202,
                idempotent=True,
                errors=(WrongPasswordError, TooManyLogInsError, PasswordsBusyError, ErasureScheduledError),
            ),
            get(f"{root}/planned", self.read_planned_erasure, access=customer(), errors=(ErasureNotScheduledError,)),
            delete(
                f"{root}/planned",
                self.take_erasure_back,
                access=customer(),
                status=204,
                errors=(ErasureNotScheduledError,),
            ),
            post(
                f"{root}/cancellations",
                self.keep_account,
                access=PUBLIC,
                status=204,
                limit=RateLimit(self.requests_a_minute, timedelta(minutes=1)),
                errors=(ErasureNotScheduledError,),
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
        """Erase the account and everything that is held; logs out everywhere at once.

        With days of grace it begins after them; until then the link of the mail, or a log-in, can take it back.
        """
        who, session = call.who.id, call.who.session
        if not body.grace_days:
            return _erasure(await self.erasures.begin(who, body.password, session_id=session, at=call.now))
        grace = timedelta(days=body.grace_days)
        return _planned(await self.farewells.plan(who, body.password, session_id=session, grace=grace, at=call.now))

    async def read_planned_erasure(self, call: Call) -> PlannedView:
        """Read when the own account will be erased."""
        farewell = await self.farewells.of(call.who.id)
        return PlannedView(erasure_id=farewell.id, begins_at=rfc3339(farewell.due_at))

    async def take_erasure_back(self, call: Call) -> None:
        """Keep the own account: the planned erasure is taken back."""
        await self.farewells.take_back(call.who.id, at=call.now)

    async def keep_account(self, call: Call, body: KeepBody) -> None:
        """Take a planned erasure back by the link of the mail."""
        await self.farewells.take_back_by(body.token, at=call.now)

    async def read_erasure(self, call: Call) -> ErasureView:
        """Read how far an erasure is; its id, which only its owner was told, is the key."""
        planned = await self.farewells.planned(call.path["erasure_id"])
        if planned is not None:
            return _planned(planned)
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


def _planned(farewell: Planned) -> ErasureView:
    return ErasureView(
        erasure_id=farewell.id,
        state="planned",
        created_at=rfc3339(farewell.created_at),
        begins_at=rfc3339(farewell.due_at),
        deadline=rfc3339(farewell.due_at + DEADLINE),
        completed_at=None,
        receipts=[],
    )


def _erasure(standing: Standing) -> ErasureView:
    erasure = standing.erasure
    return ErasureView(
        erasure_id=erasure.id,
        state=erasure.state,
        created_at=rfc3339(erasure.created_at),
        begins_at=rfc3339(erasure.created_at),
        deadline=rfc3339(erasure.deadline),
        completed_at=rfc3339(erasure.completed_at) if erasure.completed_at else None,
        receipts=[
            ReceiptView(
                service=receipt.service,
                state=receipt.state,
                erased=dict(receipt.erased),
                kept=[
                    KeptView(what=item.what, why=item.why, until=rfc3339(item.until) if item.until else None)
                    for item in receipt.kept
                ],
                completed_at=rfc3339(receipt.completed_at) if receipt.completed_at else None,
            )
            for receipt in standing.receipts
        ],
    )
