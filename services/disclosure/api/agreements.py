"""The register of partners over HTTP: staff enter, read and end agreements."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AwareDatetime, Field

from services.disclosure.api.words import STAFF, FieldName, Line, Scope
from services.disclosure.domain import Agreement, position
from services.disclosure.errors import AgreementNotFoundError, AgreementTermError, CommercialPurposeError
from services.disclosure.service import AgreementWish, Register
from shared.clock import rfc3339
from shared.web import Body, Call, Page, PageQuery, Pages, Route, View, get, post


class AgreementBody(Body):
    """What a partner does for us, and the least that it needs for that."""

    partner: Annotated[Line, Field(examples=["Parcel Works Inc."])]
    function: Annotated[Line, Field(examples=["shipping"])]
    purposes: Annotated[list[str], Field(max_length=20, examples=[["partner_service"]])]
    scopes: Annotated[list[Scope], Field(max_length=50)]
    fields: Annotated[list[FieldName], Field(max_length=50)]
    ends_at: AwareDatetime


class AgreementView(View):
    """An agreement, and whether it is in force now."""

    agreement_id: str
    partner: str
    function: str
    purposes: list[str]
    scopes: list[str]
    fields: list[str]
    starts_at: str
    ends_at: str
    ended_at: str | None
    in_force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementsApi:
    """The handlers."""

    register: Register
    pages: Pages

    def routes(self) -> tuple[Route, ...]:
        """Return the routes of agreements."""
        root = "/v1/disclosure/agreements"
        one = f"{root}/{{agreement_id}}"
        return (
            post(
                root,
                self.agree,
                access=STAFF,
                status=201,
                idempotent=True,
                summary="Enter an agreement",
                errors=(CommercialPurposeError, AgreementTermError),
            ),
            get(root, self.list_agreements, access=STAFF, summary="List the agreements, newest first"),
            get(one, self.read_agreement, access=STAFF, summary="Read an agreement", errors=(AgreementNotFoundError,)),
            post(
                f"{one}/end", self.end, access=STAFF, summary="End an agreement now", errors=(AgreementNotFoundError,)
            ),
        )

    async def agree(self, call: Call, body: AgreementBody) -> AgreementView:
        """Enter an agreement; there is no purpose for sale, rent or advertising."""
        wish = AgreementWish(
            partner=body.partner,
            function=body.function,
            purposes=tuple(body.purposes),
            scopes=tuple(body.scopes),
            fields=tuple(body.fields),
            ends_at=body.ends_at,
        )
        return _view(await self.register.agree(wish, operation=call.operation, at=call.now), call)

    async def list_agreements(self, call: Call, query: PageQuery) -> Page[AgreementView]:
        """Return agreements, also those that have ended."""
        found = await self.register.newest(after=self.pages.after(call, query), most=query.limit + 1)
        return self.pages.page(
            call,
            query,
            found,
            view=lambda agreement: _view(agreement, call),
            position=lambda agreement: position(agreement.starts_at, agreement.agreement_id),
        )

    async def read_agreement(self, call: Call) -> AgreementView:
        """Return an agreement."""
        return _view(await self.register.read(call.path["agreement_id"]), call)

    async def end(self, call: Call) -> AgreementView:
        """End an agreement: its partner's access ends with it."""
        return _view(await self.register.end(call.path["agreement_id"], at=call.now), call)


def _view(agreement: Agreement, call: Call) -> AgreementView:
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
        in_force=agreement.in_force(call.now),
    )
