"""Authorization codes with PKCE (RFC 7636, OAuth 2.1) for the company's apps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.identity.domain.oauth.authorization_requests import AuthorizationRequest, find_error
from services.identity.domain.oauth.clients import (
    CODE_LIFETIME,
    USED_CODE_RETENTION,
    PublicClient,
    is_valid_redirect_uri,
    redirect_with,
    verify_pkce,
)
from services.identity.errors import InvalidAuthorizationRequestError, InvalidGrantError
from services.identity.service.sessions.sessions import SessionService, TokenResponse
from services.identity.store import AccountDocument, UsedAuthorizationCodes
from shared.crypto import InvalidTokenError, TokenSealer
from shared.ids import NewId
from shared.mongo import Transact
from shared.settings import SettingError
from shared.web import Principal
from shared.web.tokens import FIRST_PARTY_CLIENT

_CODE_KIND: Final = "identity.code"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenRequest:
    """A token request with an authorization code. *redirect_uri* may be empty: PKCE binds the code (OAuth 2.1)."""

    code: str
    client_id: str
    redirect_uri: str
    code_verifier: str


class ClientRegistry:
    """The registered apps."""

    def __init__(self, clients: tuple[PublicClient, ...]) -> None:
        """Register *clients*; SettingError for a redirect URI that is not allowed."""
        self._clients = {app.id: app for app in clients}
        wrong = [
            app.id for app in clients if not app.redirect_uris or not all(map(is_valid_redirect_uri, app.redirect_uris))
        ]
        if wrong or len(self._clients) != len(clients) or FIRST_PARTY_CLIENT in self._clients:
            raise SettingError(
                "IDENTITY_OAUTH_CLIENTS: ids are unique and not 'candor'; "
                "a redirect URI is https, loopback, or an app's scheme"
            )

    def get(self, client_id: str) -> PublicClient | None:
        """Return the app, or None."""
        return self._clients.get(client_id)

    def allows_origin(self, origin: str) -> bool:
        """Return whether *origin* is that of a registered app, so that its page may call the token endpoint."""
        return any(client.has_origin(origin) for client in self._clients.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCodeGrant:
    """Issues authorization codes, and exchanges them for tokens."""

    client_registry: ClientRegistry
    issuer: str
    token_sealer: TokenSealer
    used_codes: UsedAuthorizationCodes
    session_service: SessionService
    transact: Transact
    new_id: NewId

    def authorize(self, request: AuthorizationRequest, principal: Principal, *, at: datetime) -> str:
        """Return the redirect with a code, or with an error. Only registered URIs are redirected to."""
        app = self.find_client(request)
        if (rejected := self.reject_request(request)) is not None:
            return rejected
        claims = {
            "id": self.new_id("cod"),
            "client": app.id,
            "redirect": request.redirect_uri,
            "challenge": request.code_challenge,
            "account": principal.id,
            "session": principal.session,
            "auth_time": str(int(principal.auth_time.timestamp())),
            "until": str(int((at + CODE_LIFETIME).timestamp())),
        }
        code = self.token_sealer.issue(_CODE_KIND, claims, expires_at=at + USED_CODE_RETENTION)
        return self._build_redirect(request, {"code": code})

    def find_client(self, request: AuthorizationRequest) -> PublicClient:
        """Return the app; InvalidAuthorizationRequestError if client or redirect URI is not registered."""
        app = self.client_registry.get(request.client_id)
        if app is None or not app.allows_redirect(request.redirect_uri):
            raise InvalidAuthorizationRequestError
        return app

    def reject_request(self, request: AuthorizationRequest) -> str | None:
        """Return the redirect that tells the app what is wrong with its request, or None."""
        self.find_client(request)
        found = find_error(request)
        if found is None:
            return None
        return self._build_redirect(request, {"error": found.error, "error_description": found.description})

    def deny_request(self, request: AuthorizationRequest) -> str:
        """Return the redirect of a denied request (RFC 6749, 4.1.2.1)."""
        return self.reject_request(request) or self._build_redirect(request, {"error": "access_denied"})

    async def exchange_code(
        self, request: AccessTokenRequest, *, user_agent: str, client_ip: str, at: datetime
    ) -> TokenResponse:
        """Return tokens for a code. A wrong request uses the code up; a second use revokes its session."""
        try:
            claims = self.token_sealer.open(_CODE_KIND, request.code, at=at)
        except InvalidTokenError as fault:
            raise InvalidGrantError from fault
        account = await self._get_owner(claims) if self._matches(claims, request, at=at) else None
        app = self.client_registry.get(claims["client"])
        if account is None or app is None:
            await self._invalidate_code(claims["id"], at=at)
            raise InvalidGrantError
        session_id = self.new_id("ses")

        async def create_session() -> TokenResponse:
            await self.used_codes.consume(claims["id"], session_id=session_id, at=at)
            confirmed_at = datetime.fromtimestamp(int(claims["auth_time"]), UTC)
            return await self.session_service.create_for_client(
                account,
                app,
                session_id=session_id,
                authenticated_at=confirmed_at,
                user_agent=user_agent,
                client_ip=client_ip,
                at=at,
            )

        try:
            return await self.transact(create_session)
        except InvalidGrantError:
            await self._invalidate_code(claims["id"], at=at)
            raise

    def _build_redirect(self, request: AuthorizationRequest, params: Mapping[str, str]) -> str:
        state = {"state": request.state} if request.state else {}
        # RFC 9207: the issuer protects the app from mix-up attacks.
        return redirect_with(request.redirect_uri, {**params, **state, "iss": self.issuer})

    def _matches(self, claims: Mapping[str, str], request: AccessTokenRequest, *, at: datetime) -> bool:
        return (
            at < datetime.fromtimestamp(int(claims["until"]), UTC)
            and claims["client"] == request.client_id
            and request.redirect_uri in {"", claims["redirect"]}
            and verify_pkce(request.code_verifier, claims["challenge"])
        )

    async def _get_owner(self, claims: Mapping[str, str]) -> AccountDocument | None:
        """Return the owner of the code, or None if the session that issued it was revoked."""
        sessions = await self.session_service.list_by_account(claims["account"])
        if all(session.id != claims["session"] for session in sessions):
            return None
        return await self.session_service.accounts.get_active(claims["account"])

    async def _invalidate_code(self, code_id: str, *, at: datetime) -> None:
        try:
            await self.used_codes.consume(code_id, session_id=None, at=at)
        except InvalidGrantError:
            used = await self.used_codes.get(code_id)
            if used is not None and used.session_id is not None:
                await self.session_service.revoke_by_id(used.session_id, at=at)
