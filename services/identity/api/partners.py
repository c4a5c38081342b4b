"""The clients of partners, made and ended by staff (C13)."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from services.identity.errors import AgreementNotInForceError, PartnerNotFoundError
from services.identity.service.partners import PartnerClients
from shared.clock import rfc3339
from shared.web import Body, Call, Page, PageQuery, Pages, Route, View, delete, get, post, staff


class PartnerBody(Body):
    """A client of a partner, under which agreement, with which of its scopes."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    agreement_id: Annotated[str, Field(pattern=r"^[a-z]+_[0-9a-z]{1,40}$")]
    scopes: Annotated[list[Annotated[str, Field(pattern=r"^[a-z_.:-]{1,60}$")]], Field(min_length=1, max_length=50)]


class NewPartnerView(View):
    """A new client; its secret is shown here and never again."""

    client_id: str
    client_secret: str
    name: str
    agreement_id: str
    scopes: list[str]


class PartnerView(View):
    """A client without its secret."""

    client_id: str
    name: str
    agreement_id: str
    scopes: list[str]
    created_at: str
    ended_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnersApi:
    """The handlers."""

    clients: PartnerClients
    pages: Pages

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, admin = "/v1/identity/partners", staff("admin")
        return (
            post(
                root,
                self.make_partner,
                access=admin,
                status=201,
                idempotent=True,
                secret_reply=True,
                errors=(AgreementNotInForceError,),
            ),
            get(root, self.list_partners, access=admin, replies=Page[PartnerView]),
            delete(f"{root}/{{client_id}}", self.end_partner, access=admin, status=204, errors=(PartnerNotFoundError,)),
        )

    async def make_partner(self, call: Call, body: PartnerBody) -> NewPartnerView:
        """Make a client for a partner, with no more scopes than its agreement has."""
        made = await self.clients.make(
            body.name, body.agreement_id, frozenset(body.scopes), operation=call.operation, at=call.now
        )
        return NewPartnerView(
            client_id=made.client.id,
            client_secret=made.secret,
            name=made.client.partner_name,
            agreement_id=made.client.agreement_id,
            scopes=made.client.scopes,
        )

    async def list_partners(self, call: Call, query: PageQuery) -> Page[PartnerView]:
        """List the clients of partners, ended ones too."""
        found = await self.clients.page(after=self.pages.after(call, query), most=query.limit + 1)
        return self.pages.page(
            call,
            query,
            found,
            view=lambda client: PartnerView(
                client_id=client.id,
                name=client.partner_name,
                agreement_id=client.agreement_id,
                scopes=client.scopes,
                created_at=rfc3339(client.created_at),
                ended_at=rfc3339(client.ended_at) if client.ended_at else None,
            ),
            position=lambda client: client.id,
        )

    async def end_partner(self, call: Call) -> None:
        """End a client and refuse its tokens from now on."""
        await self.clients.end(call.path["client_id"], at=call.now)
