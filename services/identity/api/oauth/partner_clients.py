"""OAuth clients of partners, managed by staff (C13)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.identity.errors import AgreementNotActiveError, PartnerClientNotFoundError, SecretRotationConflictError
from services.identity.service.oauth.partner_clients import PartnerClientService
from shared.clock import rfc3339
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
    delete,
    get,
    post,
    staff,
)


class PartnerClientBody(JsonBody):
    """A new client: its partner, agreement and scopes."""

    name: Annotated[str, Field(min_length=1, max_length=100), SAFE_LINE]
    agreement_id: Annotated[str, Field(pattern=r"^[a-z]+_[0-9a-z]{1,40}$"), SAFE_LINE]
    scopes: Annotated[list[Annotated[str, Field(pattern=r"^[a-z_.:-]{1,60}$")]], Field(min_length=1, max_length=50)]


class NewPartnerClientView(View):
    """A new client. Its secret is returned only here."""

    client_id: str
    client_secret: str
    name: str
    agreement_id: str
    scopes: list[str]


class SecretRotationBody(JsonBody):
    """How long the secret before stays valid: at most 30 days; 0 ends it and the client's tokens at once."""

    overlap_hours: Annotated[int, Field(ge=0, le=720)] = 168


class RotatedSecretView(View):
    """The new secret, which is returned only here, and the end of the one before."""

    client_id: str
    client_secret: str
    previous_secret_expires_at: Timestamp


class PartnerClientView(View):
    """A client without its secret."""

    client_id: str
    name: str
    agreement_id: str
    scopes: list[str]
    created_at: Timestamp
    previous_secret_expires_at: Timestamp | None
    revoked_at: Timestamp | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerClientsApi:
    """HTTP handlers of partner clients."""

    partner_client_service: PartnerClientService
    paginator: Paginator

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        root, admin = "/v1/identity/partner-clients", staff("admin")
        return (
            post(
                root,
                self.create_partner_client,
                access=admin,
                status=201,
                idempotent=True,
                store_reply=False,
                errors=(AgreementNotActiveError,),
            ),
            post(
                f"{root}/{{client_id}}/secret-rotations",
                self.rotate_partner_secret,
                access=admin,
                status=201,
                idempotent=True,
                store_reply=False,
                errors=(PartnerClientNotFoundError, SecretRotationConflictError),
            ),
            get(root, self.list_partner_clients, access=admin, replies=CursorPage[PartnerClientView]),
            delete(
                f"{root}/{{client_id}}",
                self.revoke_partner_client,
                access=admin,
                status=204,
                errors=(PartnerClientNotFoundError,),
            ),
        )

    async def create_partner_client(self, call: RequestContext, body: PartnerClientBody) -> NewPartnerClientView:
        """Create a client for a partner. Its scopes must be allowed by the agreement."""
        created = await self.partner_client_service.create(
            body.name, body.agreement_id, frozenset(body.scopes), idempotency_key=call.idempotency_key, at=call.now
        )
        return NewPartnerClientView(
            client_id=created.client.id,
            client_secret=created.secret,
            name=created.client.partner_name,
            agreement_id=created.client.agreement_id,
            scopes=created.client.scopes,
        )

    async def rotate_partner_secret(self, call: RequestContext, body: SecretRotationBody) -> RotatedSecretView:
        """Give a client a new secret. The one before stays valid for the overlap, so that the partner can change it."""
        overlap = timedelta(hours=body.overlap_hours)
        rotated = await self.partner_client_service.rotate_secret(
            call.path["client_id"], overlap=overlap, idempotency_key=call.idempotency_key, at=call.now
        )
        return RotatedSecretView(
            client_id=rotated.client.id,
            client_secret=rotated.secret,
            previous_secret_expires_at=rfc3339(call.now + overlap),
        )

    async def list_partner_clients(self, call: RequestContext, query: PageQuery) -> CursorPage[PartnerClientView]:
        """List the partner clients, revoked ones included."""
        found = await self.partner_client_service.list_page(
            after=self.paginator.decode_cursor(call, query), limit=query.limit + 1
        )
        return self.paginator.render(
            call,
            query,
            found,
            view=lambda client: PartnerClientView(
                client_id=client.id,
                name=client.partner_name,
                agreement_id=client.agreement_id,
                scopes=client.scopes,
                created_at=rfc3339(client.created_at),
                previous_secret_expires_at=(
                    rfc3339(client.previous_secret_expires_at) if client.previous_secret_expires_at else None
                ),
                revoked_at=rfc3339(client.revoked_at) if client.revoked_at else None,
            ),
            position=lambda client: client.id,
        )

    async def revoke_partner_client(self, call: RequestContext) -> None:
        """Revoke a client and its tokens."""
        await self.partner_client_service.revoke(call.path["client_id"], at=call.now)
