"""OAuth clients of partners: bound to one agreement, with no more scopes, and no longer (C13)."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.identity.domain.oauth.agreements import PARTNER_SERVICE, AgreementTerms
from services.identity.domain.sessions.access import ACCESS_TOKEN_LIFETIME, TokenSubject
from services.identity.errors import (
    AgreementNotActiveError,
    InvalidClientError,
    InvalidScopeError,
    PartnerClientNotFoundError,
    SecretRotationConflictError,
    UnauthorizedClientError,
)
from services.identity.service.oauth.agreement_client import AgreementClient
from services.identity.service.oauth.client_cache import PartnerClientCache
from services.identity.service.sessions.sessions import SessionRevoker
from services.identity.service.sessions.tokens import SigningKeys
from services.identity.store import PartnerClientDocument, PartnerClients
from shared.ids import NewId, new_token, sha256_digest
from shared.mongo import Transact


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPartnerClient:
    """A new client with its secret, which is not stored."""

    client: PartnerClientDocument
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerToken:
    """An access token of a partner client."""

    access_token: str
    expires_in: int
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerClientService:
    """Manages partner clients. Only staff can create them: no client creates or extends a client (I-11)."""

    partner_clients: PartnerClients
    client_cache: PartnerClientCache
    agreement_client: AgreementClient
    session_revoker: SessionRevoker
    signing_keys: SigningKeys
    transact: Transact
    new_id: NewId

    async def create(
        self, name: str, agreement_id: str, scopes: frozenset[str], *, idempotency_key: str, at: datetime
    ) -> NewPartnerClient:
        """Create a client under an active agreement. With the same idempotency key, it gets a new secret instead."""
        agreement = await self.agreement_client.get(agreement_id)
        if not agreement.allows(at) or not scopes or not scopes <= agreement.scopes:
            raise AgreementNotActiveError
        secret = new_token()
        client = PartnerClientDocument(
            id=f"cli_{idempotency_key[:26]}",
            partner_name=name,
            agreement_id=agreement_id,
            scopes=sorted(scopes),
            secret_hash=sha256_digest(secret),
            grant_id=self.new_id("grt"),
            created_at=at,
        )
        await self.partner_clients.put(client)
        return NewPartnerClient(client=client, secret=secret)

    async def rotate_secret(
        self, client_id: str, *, overlap: timedelta, idempotency_key: str, at: datetime
    ) -> NewPartnerClient:
        """Give a client a new secret; the one before is valid during *overlap*, so that nothing stops.

        Without an overlap the secret is taken as stolen: the tokens of the client are rejected, too.
        """
        secret = new_token()

        async def rotate() -> PartnerClientDocument:
            client = await self.partner_clients.get(client_id)
            if client is None or client.revoked_at is not None:
                raise PartnerClientNotFoundError
            if not await self.partner_clients.rotate_secret(
                client, sha256_digest(secret), rotation_id=idempotency_key, previous_expires_at=at + overlap
            ):
                raise SecretRotationConflictError
            if not overlap:
                await self.revoke_tokens(client, at=at)
            return client

        client = await self.transact(rotate)
        await self.client_cache.reload_client(client_id)
        return NewPartnerClient(client=client, secret=secret)

    async def list_page(self, *, after: str | None, limit: int) -> list[PartnerClientDocument]:
        """Return a page of clients, revoked ones included."""
        return await self.partner_clients.list_page(after=after, limit=limit)

    async def revoke(self, client_id: str, *, at: datetime) -> None:
        """Revoke a client and its tokens."""

        async def revoke_client() -> None:
            client = await self.partner_clients.get(client_id)
            if client is None:
                raise PartnerClientNotFoundError
            if await self.partner_clients.revoke(client, at=at):
                await self.session_revoker.revoke(client.grant_id, "", at=at)

        await self.transact(revoke_client)

    async def authenticate(self, client_id: str, secret: str, *, at: datetime) -> PartnerClientDocument:
        """Return the active client; InvalidClientError does not say which of the credentials is wrong."""
        client = await self.client_cache.get(client_id)
        if client is not None and not _is_secret_of(client, secret, at=at):
            client = await self.client_cache.reload_client(client_id)  # the secret may have been rotated
        if client is None or client.revoked_at is not None or not _is_secret_of(client, secret, at=at):
            raise InvalidClientError
        return client

    async def issue_token(
        self, client: PartnerClientDocument, requested_scopes: frozenset[str], *, at: datetime
    ) -> PartnerToken:
        """Return an access token with the scopes of client and agreement, which expires with the agreement."""
        agreement = await self.agreement_client.get(client.agreement_id)
        if not agreement.allows(at):
            raise UnauthorizedClientError
        scopes = _granted_scopes(requested_scopes, client, agreement)
        lifetime = min(ACCESS_TOKEN_LIFETIME, agreement.ends_at - at)
        subject = TokenSubject(
            kind="partner",
            id=client.id,
            session_id=client.grant_id,
            authenticated_at=at,
            scopes=scopes,
            purpose=PARTNER_SERVICE,
            client_id=client.id,
        )
        token = self.signing_keys.issue_access_token(subject, at=at, lifetime=lifetime)
        return PartnerToken(access_token=token, expires_in=int(lifetime.total_seconds()), scopes=scopes)

    async def revoke_tokens(self, client: PartnerClientDocument, *, at: datetime) -> None:
        """Reject the client's tokens; it may request new ones (RFC 7009)."""

        async def rotate_grant() -> None:
            await self.session_revoker.revoke(client.grant_id, "", at=at)
            await self.partner_clients.rotate_grant(client, self.new_id("grt"))

        await self.transact(rotate_grant)

    async def revoke_by_agreement(self, agreement_id: str, *, ended_at: datetime, at: datetime) -> None:
        """Reject the tokens of all clients under the agreement, in the ambient transaction."""
        await self.agreement_client.record_end(agreement_id, at=ended_at)
        for client in await self.partner_clients.list_by_agreement(agreement_id):
            await self.revoke_tokens(client, at=at)


def _is_secret_of(client: PartnerClientDocument, secret: str, *, at: datetime) -> bool:
    given = sha256_digest(secret)
    if hmac.compare_digest(given, client.secret_hash):
        return True
    expires_at = client.previous_secret_expires_at
    return (
        client.previous_secret_hash is not None
        and expires_at is not None
        and at < expires_at
        and hmac.compare_digest(given, client.previous_secret_hash)
    )


def _granted_scopes(
    requested_scopes: frozenset[str], client: PartnerClientDocument, agreement: AgreementTerms
) -> frozenset[str]:
    allowed = frozenset(client.scopes) & agreement.scopes
    if not (requested_scopes or allowed) <= allowed or not allowed:
        raise InvalidScopeError
    return requested_scopes or allowed
