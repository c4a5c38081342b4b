"""The token endpoint and its neighbours (OAuth 2.1): codes, refresh tokens, client credentials (I-10)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.errors import InvalidClientError
from services.identity.service.partners import PartnerClients
from services.identity.service.sessions import Ending, LiveSessions
from services.identity.store import PartnerClient
from shared.errors import UnauthenticatedError
from shared.web import Principal, Verifier


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """How a partner's client proves itself."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDesk:
    """Revokes and describes tokens; making them is the matter of ``LiveSessions`` and ``PartnerClients``."""

    live: LiveSessions
    clients: PartnerClients
    ending: Ending
    verifier: Verifier

    async def revoke(self, token: str, credentials: ClientCredentials | None, *, at: datetime) -> None:
        """End what *token* is of (RFC 7009); one that is not valid is no error: it needs no revocation.

        Whoever holds a person's token may end it; a partner's takes the credentials of its client.
        """
        if await self.live.end_by_token(token, at=at):
            return
        who = await self._who(token, at=at)
        if who is None:
            return
        if who.kind == "partner":
            await self.clients.revoke_tokens(await self._own_client(who, credentials), at=at)
        else:
            await self._end_session(who, at=at)

    async def describe(
        self, token: str, asker: Principal, credentials: ClientCredentials | None, *, at: datetime
    ) -> Principal | None:
        """Return whom *token* is of, to the client or person that it was given to; None for any other (RFC 7662)."""
        client = None if credentials is None else await self._client(credentials)
        if client is None and asker.kind == "public":
            raise InvalidClientError
        who = await self._who(token, at=at)
        own = client.id if client is not None else asker.id
        return who if who is not None and who.id == own else None

    async def _own_client(self, who: Principal, credentials: ClientCredentials | None) -> PartnerClient:
        if credentials is None or credentials.client_id != who.id:
            raise InvalidClientError
        return await self._client(credentials)

    async def _client(self, credentials: ClientCredentials) -> PartnerClient:
        return await self.clients.authenticated(credentials.client_id, credentials.secret)

    async def _who(self, token: str, *, at: datetime) -> Principal | None:
        try:
            return await self.verifier.who(token, at)
        except UnauthenticatedError:
            return None

    async def _end_session(self, who: Principal, *, at: datetime) -> None:
        found = [session for session in await self.live.of(who.id) if session.id == who.session]
        await self.live.end_these(found, at=at)
