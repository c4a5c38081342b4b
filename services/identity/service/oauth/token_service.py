"""The token endpoint and its neighbours (OAuth 2.1): codes, refresh tokens, client credentials (I-10)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.errors import InvalidClientError
from services.identity.service.oauth.partner_clients import PartnerClientService
from services.identity.service.sessions.sessions import SessionRevoker, SessionService
from services.identity.store import PartnerClientDocument
from shared.errors import UnauthenticatedError
from shared.web import Principal, TokenVerifier


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """How a partner's client proves itself."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenService:
    """Revokes and describes tokens; making them is the matter of ``LiveSessions`` and ``PartnerClients``."""

    session_service: SessionService
    partner_client_service: PartnerClientService
    session_revoker: SessionRevoker
    token_verifier: TokenVerifier

    async def revoke(self, token: str, credentials: ClientCredentials | None, *, at: datetime) -> None:
        """End what *token* is of (RFC 7009); one that is not valid is no error: it needs no revocation.

        Whoever holds a person's token may end it; a partner's takes the credentials of its client.
        """
        if await self.session_service.revoke_by_token(token, at=at):
            return
        principal = await self._find_principal(token, at=at)
        if principal is None:
            return
        if principal.kind == "partner":
            await self.partner_client_service.revoke_tokens(
                await self._authenticate_own_client(principal, credentials), at=at
            )
        else:
            await self._revoke_session(principal, at=at)

    async def introspect(
        self, token: str, caller: Principal, credentials: ClientCredentials | None, *, at: datetime
    ) -> Principal | None:
        """Return whom *token* is of, to the client or person that it was given to; None for any other (RFC 7662)."""
        client = None if credentials is None else await self._authenticate_client(credentials)
        if client is None and caller.kind == "public":
            raise InvalidClientError
        principal = await self._find_principal(token, at=at)
        own_id = client.id if client is not None else caller.id
        return principal if principal is not None and principal.id == own_id else None

    async def _authenticate_own_client(
        self, principal: Principal, credentials: ClientCredentials | None
    ) -> PartnerClientDocument:
        if credentials is None or credentials.client_id != principal.id:
            raise InvalidClientError
        return await self._authenticate_client(credentials)

    async def _authenticate_client(self, credentials: ClientCredentials) -> PartnerClientDocument:
        return await self.partner_client_service.authenticate(credentials.client_id, credentials.secret)

    async def _find_principal(self, token: str, *, at: datetime) -> Principal | None:
        try:
            return await self.token_verifier.authenticate(token, at)
        except UnauthenticatedError:
            return None

    async def _revoke_session(self, principal: Principal, *, at: datetime) -> None:
        sessions = [
            session
            for session in await self.session_service.list_by_account(principal.id)
            if session.id == principal.session
        ]
        await self.session_service.revoke_many(sessions, at=at)
