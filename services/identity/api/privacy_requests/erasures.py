"""Erasures of an account in all services, at once or after days of grace (C31)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.identity.api.fields import RECENT_LOGIN_CUSTOMER, EmailToken, Password
from services.identity.domain.authentication.security import MAX_ERASURE_GRACE_DAYS
from services.identity.domain.privacy_requests.lifecycle import REQUEST_DEADLINE
from services.identity.errors import (
    ErasureAlreadyScheduledError,
    ErasureNotFoundError,
    ErasureNotScheduledError,
    IncorrectPasswordError,
    PasswordHashingBusyError,
    TooManyLoginAttemptsError,
)
from services.identity.service.privacy_requests.erasures import ErasureSaga, ErasureStatus
from services.identity.service.privacy_requests.scheduled_erasures import ScheduledErasure, ScheduledErasureService
from shared.clock import rfc3339
from shared.web import PUBLIC, JsonBody, RateLimit, RequestContext, Route, Timestamp, View, customer, delete, get, post


class ErasureBody(JsonBody):
    """The password, since an erasure cannot be undone; with days of grace it can be cancelled until then."""

    password: Password
    grace_days: Annotated[int, Field(ge=0, le=MAX_ERASURE_GRACE_DAYS, description="0: erase at once")] = 0


class CancelErasureBody(JsonBody):
    """The token of the link."""

    token: EmailToken


class ScheduledErasureView(View):
    """A scheduled erasure. It can be cancelled until it starts."""

    erasure_id: str
    starts_at: Timestamp


class RetainedItemView(View):
    """Data that must be retained, why, and until when if that is known."""

    description: str
    reason: str
    until: str | None = None


class ErasureReceiptView(View):
    """The receipt of one service: erased documents by collection, and retained items."""

    service: str
    state: str
    erased_counts: dict[str, int]
    retained_items: list[RetainedItemView]
    completed_at: Timestamp | None


class ErasureView(View):
    """An erasure. *state* is scheduled, running, on_hold or completed."""

    erasure_id: Annotated[str, Field(description="keep it: you need it to check the state of the erasure")]
    state: str
    created_at: Timestamp
    starts_at: Timestamp
    deadline: str
    completed_at: Timestamp | None
    receipts: list[ErasureReceiptView]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasuresApi:
    """HTTP handlers of erasures."""

    erasure_saga: ErasureSaga
    scheduled_erasure_service: ScheduledErasureService
    rate_limit_per_minute: int

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root = "/v1/identity/erasures"
        return (
            post(
                root,
                self.create_erasure,
                access=RECENT_LOGIN_CUSTOMER,
                status=202,
                idempotent=True,
                errors=(
                    IncorrectPasswordError,
                    TooManyLoginAttemptsError,
                    PasswordHashingBusyError,
                    ErasureAlreadyScheduledError,
                ),
            ),
            get(f"{root}/scheduled", self.get_scheduled_erasure, access=customer(), errors=(ErasureNotScheduledError,)),
            delete(
                f"{root}/scheduled",
                self.cancel_scheduled_erasure,
                access=customer(),
                status=204,
                errors=(ErasureNotScheduledError,),
            ),
            post(
                f"{root}/cancellations",
                self.cancel_erasure_by_token,
                access=PUBLIC,
                status=204,
                limit=RateLimit(self.rate_limit_per_minute, timedelta(minutes=1)),
                errors=(ErasureNotScheduledError,),
            ),
            get(
                f"{root}/{{erasure_id}}",
                self.get_erasure,
                access=PUBLIC,
                limit=RateLimit(10 * self.rate_limit_per_minute, timedelta(minutes=1)),
                errors=(ErasureNotFoundError,),
            ),
        )

    async def create_erasure(self, call: RequestContext, body: ErasureBody) -> ErasureView:
        """Erase your account and all your data in every service. All sessions are revoked at once.

        With days of grace the erasure starts later. Until then you can cancel it with the emailed link, or by logging
        in.
        """
        account_id, session_id = call.principal.id, call.principal.session
        if not body.grace_days:
            return _erasure_view(
                await self.erasure_saga.request(account_id, body.password, session_id=session_id, at=call.now)
            )
        grace = timedelta(days=body.grace_days)
        return _scheduled_erasure_view(
            await self.scheduled_erasure_service.schedule(
                account_id, body.password, session_id=session_id, grace=grace, at=call.now
            )
        )

    async def get_scheduled_erasure(self, call: RequestContext) -> ScheduledErasureView:
        """Get your scheduled erasure."""
        erasure = await self.scheduled_erasure_service.get_by_account(call.principal.id)
        return ScheduledErasureView(erasure_id=erasure.id, starts_at=rfc3339(erasure.due_at))

    async def cancel_scheduled_erasure(self, call: RequestContext) -> None:
        """Cancel your scheduled erasure."""
        await self.scheduled_erasure_service.cancel(call.principal.id, at=call.now)

    async def cancel_erasure_by_token(self, call: RequestContext, body: CancelErasureBody) -> None:
        """Cancel a scheduled erasure with the token of the link."""
        await self.scheduled_erasure_service.cancel_by_token(body.token, at=call.now)

    async def get_erasure(self, call: RequestContext) -> ErasureView:
        """Get an erasure with its receipts. Its id works as a key: the account can no longer log in."""
        scheduled = await self.scheduled_erasure_service.get(call.path["erasure_id"])
        if scheduled is not None:
            return _scheduled_erasure_view(scheduled)
        return _erasure_view(await self.erasure_saga.get_status(call.path["erasure_id"]))


def _scheduled_erasure_view(erasure: ScheduledErasure) -> ErasureView:
    return ErasureView(
        erasure_id=erasure.id,
        state="scheduled",
        created_at=rfc3339(erasure.created_at),
        starts_at=rfc3339(erasure.due_at),
        deadline=rfc3339(erasure.due_at + REQUEST_DEADLINE),
        completed_at=None,
        receipts=[],
    )


def _erasure_view(status: ErasureStatus) -> ErasureView:
    erasure = status.erasure
    return ErasureView(
        erasure_id=erasure.id,
        state=erasure.state,
        created_at=rfc3339(erasure.created_at),
        starts_at=rfc3339(erasure.created_at),
        deadline=rfc3339(erasure.deadline),
        completed_at=rfc3339(erasure.completed_at) if erasure.completed_at else None,
        receipts=[
            ErasureReceiptView(
                service=receipt.service,
                state=receipt.state,
                erased_counts=dict(receipt.erased_counts),
                retained_items=[
                    RetainedItemView(
                        description=item.description,
                        reason=item.reason,
                        until=rfc3339(item.until) if item.until else None,
                    )
                    for item in receipt.retained_items
                ],
                completed_at=rfc3339(receipt.completed_at) if receipt.completed_at else None,
            )
            for receipt in status.receipts
        ],
    )
