"""Token revocation and introspection (OAuth 2.1) (I-10)."""

from dataclasses import dataclass
from datetime import datetime

from services.identity.errors import InvalidClientError
from services.identity.service.oauth.partner_clients import PartnerClientService
from services.identity.service.sessions.sessions import SessionRevoker, SessionService, check_own_client
from services.identity.store import PartnerClientDocument
from shared.errors import UnauthenticatedError
from shared.web import Principal, TokenVerifier
from shared.web.tokens import FIRST_PARTY_CLIENT


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """The credentials of a client. An app has no secret."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenService:
    """Revokes and introspects tokens. ``SessionService`` and ``PartnerClientService`` issue them."""

    session_service: SessionService
    partner_client_service: PartnerClientService
    session_revoker: SessionRevoker
    token_verifier: TokenVerifier

    async def revoke(self, token: str, credentials: ClientCredentials, *, at: datetime) -> None:
        """Revoke *token* and its session (RFC 7009); an invalid token is no error.

        The token of an app is revoked for the app alone, the token of a partner for who has its credentials. A token
        of a login without a client is its own proof.
        """
        if await self.session_service.revoke_by_token(token, client_id=credentials.client_id, at=at):
            return
        principal = await self._find_principal(token, at=at)
        if principal is None:
            return
        if principal.kind == "partner":
            await self.partner_client_service.revoke_tokens(
                await self._authenticate_own_client(principal, credentials, at=at), at=at
            )
        else:
            if principal.client_id not in {"", FIRST_PARTY_CLIENT}:
                check_own_client(principal.client_id, credentials.client_id)
            await self._revoke_session(principal, at=at)

    async def introspect(
        self, token: str, caller: Principal, credentials: ClientCredentials, *, at: datetime
    ) -> Principal | None:
        """Return the principal of *token* to the client or person it was issued to, else None (RFC 7662)."""
        client = await self._authenticate_client(credentials, at=at) if credentials.secret else None
        if client is None and caller.kind == "public":
            raise InvalidClientError
        principal = await self._find_principal(token, at=at)
        own_id = client.id if client is not None else caller.id
        return principal if principal is not None and principal.id == own_id else None

    async def _authenticate_own_client(
        self, principal: Principal, credentials: ClientCredentials, *, at: datetime
    ) -> PartnerClientDocument:
        if credentials.client_id != principal.id:
            raise InvalidClientError
        return await self._authenticate_client(credentials, at=at)

    async def _authenticate_client(self, credentials: ClientCredentials, *, at: datetime) -> PartnerClientDocument:
        return await self.partner_client_service.authenticate(credentials.client_id, credentials.secret, at=at)

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
