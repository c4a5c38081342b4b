"""HTTP API of partner agreements, for staff."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AwareDatetime, Field

from services.disclosure.api.fields import STAFF_ACCESS, FieldName, Scope, SingleLine
from services.disclosure.domain import PartnerAgreement
from services.disclosure.errors import AgreementNotFoundError, CommercialPurposeError, InvalidAgreementTermError
from services.disclosure.service import AgreementService, NewAgreement
from shared.clock import rfc3339
from shared.mongo import encode_position
from shared.web import (
    SAFE_LINE,
    CursorPage,
    JsonBody,
    PageQuery,
    Paginator,
    RequestContext,
    Route,
    Timestamp,
    View,
    get,
    post,
)


class CreateAgreementBody(JsonBody):
    """The function of a partner, and the minimum data it requires."""

    partner: Annotated[SingleLine, Field(examples=["Parcel Works Inc."])]
    function: Annotated[SingleLine, Field(examples=["shipping"])]
    purposes: Annotated[list[Annotated[str, SAFE_LINE]], Field(max_length=20, examples=[["partner_service"]])]
    scopes: Annotated[list[Scope], Field(max_length=50)]
    fields: Annotated[list[FieldName], Field(max_length=50)]
    ends_at: AwareDatetime


class AgreementView(View):
    """An agreement, and whether it is active."""

    agreement_id: str
    partner: str
    function: str
    purposes: list[str]
    scopes: list[str]
    fields: list[str]
    starts_at: Timestamp
    ends_at: Timestamp
    ended_at: Timestamp | None
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementsApi:
    """Handlers of partner agreements."""

    agreements: AgreementService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of agreements."""
        root = "/v1/disclosure/agreements"
        one = f"{root}/{{agreement_id}}"
        return (
            post(
                root,
                self.create_agreement,
                access=STAFF_ACCESS,
                status=201,
                idempotent=True,
                summary="Create an agreement",
                errors=(CommercialPurposeError, InvalidAgreementTermError),
            ),
            get(root, self.list_agreements, access=STAFF_ACCESS, summary="List the agreements, newest first"),
            get(
                one,
                self.get_agreement,
                access=STAFF_ACCESS,
                summary="Read an agreement",
                errors=(AgreementNotFoundError,),
            ),
            post(
                f"{one}/end",
                self.end_agreement,
                access=STAFF_ACCESS,
                summary="End an agreement now",
                errors=(AgreementNotFoundError,),
            ),
        )

    async def create_agreement(self, call: RequestContext, body: CreateAgreementBody) -> AgreementView:
        """Create an agreement. Sale, rent and advertising are not valid purposes."""
        new_agreement = NewAgreement(
            partner=body.partner,
            function=body.function,
            purposes=tuple(body.purposes),
            scopes=tuple(body.scopes),
            fields=tuple(body.fields),
            ends_at=body.ends_at,
        )
        return _render_agreement(
            await self.agreements.create(new_agreement, idempotency_key=call.idempotency_key, at=call.now), call
        )

    async def list_agreements(self, call: RequestContext, query: PageQuery) -> CursorPage[AgreementView]:
        """Return agreements, active and ended."""
        found = await self.agreements.list_newest(
            after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(
            call,
            query,
            found,
            view=lambda agreement: _render_agreement(agreement, call),
            position=lambda agreement: encode_position(agreement.starts_at, agreement.agreement_id),
        )

    async def get_agreement(self, call: RequestContext) -> AgreementView:
        """Return an agreement."""
        return _render_agreement(await self.agreements.get(call.path["agreement_id"]), call)

    async def end_agreement(self, call: RequestContext) -> AgreementView:
        """End an agreement and the partner's access."""
        return _render_agreement(await self.agreements.end_agreement(call.path["agreement_id"], at=call.now), call)


def _render_agreement(agreement: PartnerAgreement, call: RequestContext) -> AgreementView:
    return AgreementView(
        agreement_id=agreement.agreement_id,
        partner=agreement.partner,
        function=agreement.function,
        purposes=list(agreement.purposes),
        scopes=list(agreement.scopes),
        fields=list(agreement.fields),
        starts_at=rfc3339(agreement.starts_at),
        ends_at=rfc3339(agreement.ends_at),
        ended_at=agreement.ended_at and rfc3339(agreement.ended_at),
        active=agreement.is_active(call.now),
    )
