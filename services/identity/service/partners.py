"""The clients of partners: each is bound to one agreement, gets no more than it says, and ends with it (C13)."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.access import ACCESS_LIFETIME, Bearer
from services.identity.domain.agreements import PARTNER_SERVICE, Agreement
from services.identity.errors import (
    AgreementNotInForceError,
    InvalidClientError,
    InvalidScopeError,
    PartnerNotFoundError,
    UnauthorizedClientError,
)
from services.identity.service.agreements import Agreements
from services.identity.service.sessions import Ending
from services.identity.service.tokens import SigningKeys
from services.identity.service.transact import Transact
from services.identity.store import PartnerClient, Partners
from shared.ids import NewId, digest, new_token


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """A new client with its secret, which is nowhere else."""

    client: PartnerClient
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerToken:
    """An access token of a partner's client."""

    access_token: str
    expires_in: int
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerClients:
    """Made and ended by staff only: a client never makes or widens a client (I-11)."""

    partners: Partners
    agreements: Agreements
    ending: Ending
    keys: SigningKeys
    transact: Transact
    new_id: NewId

    async def make(
        self, name: str, agreement_id: str, scopes: frozenset[str], *, operation: str, at: datetime
    ) -> NewClient:
        """Make a client under an agreement that is in force and has these scopes; repeated, it gets a new secret."""
        agreement = await self.agreements.read(agreement_id)
        if not agreement.allows(at) or not scopes or not scopes <= agreement.scopes:
            raise AgreementNotInForceError
        secret = new_token()
        client = PartnerClient(
            id=f"cli_{operation[:26]}",
            partner_name=name,
            agreement_id=agreement_id,
            scopes=sorted(scopes),
            secret_hash=digest(secret),
            grant_id=self.new_id("grt"),
            created_at=at,
        )
        await self.partners.put(client)
        return NewClient(client=client, secret=secret)

    async def page(self, *, after: str | None, most: int) -> list[PartnerClient]:
        """Return clients, ended ones too."""
        return await self.partners.page(after=after, most=most)

    async def end(self, client_id: str, *, at: datetime) -> None:
        """End a client and its tokens."""

        async def end() -> None:
            client = await self.partners.get(client_id)
            if client is None:
                raise PartnerNotFoundError
            if await self.partners.end(client, at=at):
                await self.ending.tell(client.grant_id, "", at=at)

        await self.transact(end)

    async def authenticated(self, client_id: str, secret: str) -> PartnerClient:
        """Return the live client of these credentials, or raise InvalidClientError without saying what was wrong."""
        client = await self.partners.get(client_id)
        stored = client.secret_hash if client else digest("")
        if not hmac.compare_digest(digest(secret), stored) or client is None or client.ended_at is not None:
            raise InvalidClientError
        return client

    async def token(self, client: PartnerClient, wanted: frozenset[str], *, at: datetime) -> PartnerToken:
        """Return an access token with the scopes that client and agreement share; it does not outlive the agreement."""
        agreement = await self.agreements.read(client.agreement_id)
        if not agreement.allows(at):
            raise UnauthorizedClientError
        scopes = _granted(wanted, client, agreement)
        life = min(ACCESS_LIFETIME, agreement.ends_at - at)
        bearer = Bearer(
            kind="partner",
            id=client.id,
            session=client.grant_id,
            authenticated_at=at,
            scopes=scopes,
            purpose=PARTNER_SERVICE,
        )
        token = self.keys.access_token(bearer, at=at, life=life)
        return PartnerToken(access_token=token, expires_in=int(life.total_seconds()), scopes=scopes)

    async def revoke_tokens(self, client: PartnerClient, *, at: datetime) -> None:
        """Refuse the tokens that the client has; it may ask for new ones (RFC 7009)."""

        async def revoke() -> None:
            await self.ending.tell(client.grant_id, "", at=at)
            await self.partners.regrant(client, self.new_id("grt"))

        await self.transact(revoke)

    async def agreement_ended(self, agreement_id: str, *, ended_at: datetime, at: datetime) -> None:
        """Refuse the tokens of all clients under the agreement, in the ambient transaction; it gives no new ones."""
        await self.agreements.ended(agreement_id, at=ended_at)
        for client in await self.partners.under(agreement_id):
            await self.revoke_tokens(client, at=at)


def _granted(wanted: frozenset[str], client: PartnerClient, agreement: Agreement) -> frozenset[str]:
    allowed = frozenset(client.scopes) & agreement.scopes
    if not (wanted or allowed) <= allowed or not allowed:
        raise InvalidScopeError
    return wanted or allowed
