"""Conflicted charges over HTTP: one member of staff proposes, another approves."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from services.payments.api.charges import ChargeView, render_charge
from services.payments.api.fields import PAYMENT_RATE_LIMIT
from services.payments.domain.conflicts import ConflictOutcome, ConflictResolution
from services.payments.errors import (
    ChargeNotConflictedError,
    ChargeNotFoundError,
    ConflictNotResolvableError,
    ProcessorUnavailableError,
    ResolutionNotFoundError,
    ResolutionOutdatedError,
)
from services.payments.service import ConflictService
from shared.clock import rfc3339
from shared.errors import FourEyesError
from shared.formatting import MINOR_UNITS
from shared.web import SAFE_LINE, JsonBody, RequestContext, Route, Timestamp, View, post, staff

_STAFF = staff("support", "admin")
_ERRORS = (ChargeNotFoundError, ChargeNotConflictedError, ConflictNotResolvableError, ProcessorUnavailableError)


class ResolutionBody(JsonBody):
    """What is proposed for a conflicted charge."""

    outcome: Annotated[
        Literal["accept", "return"],
        Field(description="accept: the processor's figures count; return: then void or refund all of it"),
    ]
    reason: Annotated[str, Field(min_length=3, max_length=200), SAFE_LINE]


class ResolutionView(View):
    """A resolution, with the processor's figures that it is about."""

    resolution_id: str
    charge_id: str
    outcome: str
    reason: str
    status: Annotated[str, Field(description="the status of the payment at the processor")]
    amount: int
    amount_authorized: int
    amount_captured: int
    currency: str
    minor_units: int
    proposed_by: str
    approved_by: str | None
    created_at: Timestamp
    completed_at: Timestamp | None


class ResolvedChargeView(ResolutionView):
    """An approved resolution, with the charge as it is now."""

    charge: ChargeView


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictsApi:
    """The handlers of conflicted charges."""

    conflict_service: ConflictService

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of conflicted charges."""
        return (
            post(
                "/v1/payments/charges/{charge_id}/resolutions",
                self.propose_resolution,
                access=_STAFF,
                status=201,
                idempotent=True,
                limit=PAYMENT_RATE_LIMIT,
                summary="Propose what becomes of a conflicted charge",
                errors=_ERRORS,
            ),
            post(
                "/v1/payments/resolutions/{resolution_id}/approvals",
                self.approve_resolution,
                access=_STAFF,
                idempotent=True,
                limit=PAYMENT_RATE_LIMIT,
                errors=(ResolutionNotFoundError, ResolutionOutdatedError, FourEyesError, *_ERRORS),
            ),
        )

    async def propose_resolution(self, call: RequestContext, body: ResolutionBody) -> ResolutionView:
        """Read the processor's figures of a conflicted charge, and propose to accept them or to return the money.

        Nothing changes until another member of staff approves the same figures. The owner sees both acts.
        """
        return _render(
            await self.conflict_service.propose_resolution(
                call.path["charge_id"],
                ConflictOutcome(body.outcome),
                reason=body.reason,
                by=call.principal.id,
                at=call.now,
            )
        )

    async def approve_resolution(self, call: RequestContext) -> ResolvedChargeView:
        """Approve a resolution that another member of staff proposed; it is carried out at once."""
        resolution, charge = await self.conflict_service.approve_resolution(
            call.path["resolution_id"], by=call.principal.id, at=call.now
        )
        return ResolvedChargeView(**_render(resolution).model_dump(), charge=render_charge(charge))


def _render(resolution: ConflictResolution) -> ResolutionView:
    figures = resolution.figures
    return ResolutionView(
        resolution_id=resolution.resolution_id,
        charge_id=resolution.charge_id,
        outcome=resolution.outcome.value,
        reason=resolution.reason,
        status=figures.status.value,
        amount=figures.price.amount,
        amount_authorized=figures.amount_authorized,
        amount_captured=figures.amount_captured,
        currency=figures.price.currency,
        minor_units=MINOR_UNITS[figures.price.currency],
        proposed_by=resolution.proposed_by,
        approved_by=resolution.approved_by or None,
        created_at=rfc3339(resolution.created_at),
        completed_at=rfc3339(resolution.completed_at) if resolution.completed_at else None,
    )
