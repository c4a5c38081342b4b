"""Sessions: created at login, refreshed with token rotation, revoked everywhere at once (C22)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.authentication.security import SecurityEventKind
from services.identity.domain.oauth.clients import PublicClient, scopes_of_client
from services.identity.domain.sessions.access import (
    ACCESS_TOKEN_LIFETIME,
    MAX_SESSIONS,
    REFRESH_REUSE_GRACE,
    SESSION_LIFETIME,
    TOKEN_LEEWAY,
    TokenSubject,
)
from services.identity.errors import (
    AccountFrozenError,
    InvalidClientError,
    InvalidCredentialsError,
    InvalidGrantError,
    PasswordCancelledError,
    SessionNotFoundError,
)
from services.identity.service.sessions.geoip import lookup_country
from services.identity.service.sessions.tokens import RefreshTokenClaims, RefreshTokens, SigningKeys
from services.identity.store import (
    AccountDocument,
    Accounts,
    Credentials,
    RevokedSessions,
    SecurityEvents,
    SessionDocument,
    Sessions,
)
from shared.bus import Outbox
from shared.contracts import identity_v1
from shared.errors import UnavailableError
from shared.ids import NewId
from shared.mongo import Transact
from shared.user_agents import describe_user_agent

_MAX_CONCURRENT_REUSES = 100
"""How often a late refresh is tried while others that are late win; beyond that, 503."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResponse:
    """The tokens of a login or a refresh."""

    access_token: str
    refresh_token: str
    """Empty if the client asked for an access token only; there is never a second valid refresh token."""
    session_id: str
    account_id: str
    scopes: frozenset[str] = frozenset()
    """Empty for a login without OAuth."""
    expires_in: int = int(ACCESS_TOKEN_LIFETIME.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshedAccessToken:
    """A new access token after a step-up. The refresh token stays."""

    access_token: str
    expires_in: int = int(ACCESS_TOKEN_LIFETIME.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRevoker:
    """Makes every service reject the tokens of a session, or of a partner's grant."""

    revoked_sessions: RevokedSessions
    outbox: Outbox

    async def revoke(self, session_id: str, account_id: str, *, at: datetime) -> None:
        """Store and publish the revocation, in the ambient transaction. A partner's grant has no account."""
        tokens_expire_at = at + ACCESS_TOKEN_LIFETIME + TOKEN_LEEWAY
        await self.revoked_sessions.add(session_id, tokens_expire_at=tokens_expire_at)
        event = identity_v1.SessionRevoked(session_id=session_id, account_id=account_id)
        event.revoked_at.FromDatetime(at)
        event.tokens_expire_at.FromDatetime(tokens_expire_at)
        await self.outbox.put(event, subject=account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionService:
    """Manages sessions from login to logout."""

    sessions: Sessions
    accounts: Accounts
    credentials: Credentials
    session_revoker: SessionRevoker
    signing_keys: SigningKeys
    refresh_tokens: RefreshTokens
    security_events: SecurityEvents
    transact: Transact
    new_id: NewId

    async def create(
        self,
        account: AccountDocument,
        *,
        user_agent: str,
        client_ip: str,
        password_changed_at: datetime | None = None,
        replaced_session_id: str = "",
        at: datetime,
    ) -> TokenResponse:
        """Create a session with a new id (I-19), and revoke the one that it replaces.

        *password_changed_at* identifies the verified password: if it was changed since, the login fails (I-01). If it
        was cancelled, other factors fail, too (C27). Beyond MAX_SESSIONS, the sessions unused for longest are revoked.
        """
        session = SessionDocument(
            id=self.new_id("ses"),
            account_id=account.id,
            client=describe_user_agent(user_agent),
            country=lookup_country(client_ip),
            generation=0,
            created_at=at,
            last_seen_at=at,
        )

        async def add_session() -> None:
            # Read again: it may have been frozen while the password was being verified.
            current = await self.accounts.get_active(account.id)
            if current is not None and current.frozen_at is not None:
                raise AccountFrozenError
            await self._check_password(account.id, password_changed_at)
            replaced = await self.sessions.get(replaced_session_id) if replaced_session_id else None
            await self._revoke([replaced] if replaced else [], at=at)
            await self._add(session, user_agent=user_agent, at=at)

        await self.transact(add_session)
        return self._build_token_response(session, account, 0, at=at)

    async def create_for_client(
        self,
        account: AccountDocument,
        client: PublicClient,
        *,
        session_id: str,
        authenticated_at: datetime,
        user_agent: str,
        client_ip: str,
        at: datetime,
    ) -> TokenResponse:
        """Create the session of an app, in the ambient transaction. The owner authenticated when authorizing it."""
        session = SessionDocument(
            id=session_id,
            account_id=account.id,
            client=client.name,
            country=lookup_country(client_ip),
            client_id=client.id,
            generation=0,
            created_at=at,
            authenticated_at=authenticated_at,
            last_seen_at=at,
        )
        await self._add(session, user_agent=user_agent, at=at)
        return self._build_token_response(session, account, 0, at=at)

    async def refresh_session(
        self, token: str, *, client_id: str = "", keeps_newest: bool = False, at: datetime
    ) -> TokenResponse:
        """Return new tokens. A reused refresh token is taken as stolen: its session is revoked.

        Within the reuse grace (two tabs, a lost response) it gets new tokens, too, and the refresh token that the
        first request got is void (decision 16). With *keeps_newest* it gets an access token, and nothing is void.
        """
        claims = self.refresh_tokens.open(token, at=at)
        session = await self.sessions.get(claims.session_id)
        if session is None:
            raise InvalidGrantError
        if session.client_id is not None:
            check_own_client(session.client_id, client_id)
        account = await self.accounts.get_active(session.account_id)
        if account is not None and account.frozen_at is not None:
            account = None
        if account is not None and await self._rotate(session, claims, at=at):
            return self._build_token_response(session, account, session.generation + 1, at=at)
        if account is not None:
            late = await self._reuse(claims, account, keeps_newest=keeps_newest, at=at)
            if late is not None:
                return late
        await self.revoke_many([session], at=at)
        raise InvalidGrantError

    async def record_reauthentication(self, session_id: str, *, at: datetime) -> RefreshedAccessToken:
        """Record the authentication; return an access token with its time."""
        session = await self.sessions.get(session_id)
        account = None if session is None else await self.accounts.get_active(session.account_id)
        if session is None or account is None or not await self.sessions.mark_authenticated(session, at=at):
            raise SessionNotFoundError
        return RefreshedAccessToken(access_token=self._build_access_token(session, account, authenticated_at=at, at=at))

    async def list_by_account(self, account_id: str) -> list[SessionDocument]:
        """Return the sessions of the account, the last used first."""
        return await self.sessions.list_by_account(account_id)

    async def revoke(self, account_id: str, session_id: str, *, at: datetime) -> None:
        """Revoke a session of the account; SessionNotFoundError if it has no such session."""
        session = await self.sessions.get(session_id)
        if session is None or session.account_id != account_id:
            raise SessionNotFoundError
        await self.revoke_many([session], at=at)

    async def revoke_all(self, account_id: str, *, except_session_id: str | None = None, at: datetime) -> int:
        """Revoke every session but *except_session_id*, also those being created; return their number."""

        async def revoke_sessions() -> int:
            await self.accounts.lock_for_update(account_id)
            revoked = [
                session
                for session in await self.sessions.list_by_account(account_id)
                if session.id != except_session_id
            ]
            await self._revoke(revoked, at=at)
            return len(revoked)

        return await self.transact(revoke_sessions)

    async def revoke_by_token(self, token: str, *, client_id: str, at: datetime) -> bool:
        """Revoke the session of a refresh token (RFC 7009); False if it is no valid refresh token.

        An app's token is revoked for that app alone.
        """
        try:
            claims = self.refresh_tokens.open(token, at=at)
        except InvalidGrantError:
            return False
        session = await self.sessions.get(claims.session_id)
        if session is None:
            return False
        if session.client_id is not None:
            check_own_client(session.client_id, client_id)
        await self.revoke_many([session], at=at)
        return True

    async def revoke_many(self, sessions: Iterable[SessionDocument], *, at: datetime) -> None:
        """Revoke *sessions* in one transaction."""
        await self.transact(lambda: self._revoke(sessions, at=at))

    async def revoke_by_id(self, session_id: str, *, at: datetime) -> None:
        """Revoke the session of any account, if it is live."""
        session = await self.sessions.get(session_id)
        await self.revoke_many([session] if session else [], at=at)

    async def _check_password(self, account_id: str, password_changed_at: datetime | None) -> None:
        password = await self.credentials.get_password(account_id)
        if password is None:
            raise PasswordCancelledError
        if password_changed_at is not None and password.changed_at != password_changed_at:
            raise InvalidCredentialsError

    async def _add(self, session: SessionDocument, *, user_agent: str, at: datetime) -> None:
        await self.accounts.lock_for_update(session.account_id)
        await self.sessions.add(session)
        sessions = await self.sessions.list_by_account(session.account_id)
        await self._revoke(sessions[MAX_SESSIONS:], at=at)
        await self.security_events.record(session.account_id, SecurityEventKind.LOGGED_IN, user_agent=user_agent, at=at)

    async def _revoke(self, sessions: Iterable[SessionDocument], *, at: datetime) -> None:
        account_ids = set()
        for session in sessions:
            if await self.sessions.delete(session.id, session.account_id):
                await self.session_revoker.revoke(session.id, session.account_id, at=at)
                account_ids.add(session.account_id)
        for account_id in account_ids:
            await self.security_events.record(account_id, SecurityEventKind.SESSIONS_REVOKED, at=at)

    async def _rotate(self, session: SessionDocument, claims: RefreshTokenClaims, *, at: datetime) -> bool:
        if claims.generation != session.generation or at >= _ends_at(session):
            return False
        return await self.sessions.rotate_generation(session, at=at)

    async def _reuse(
        self, claims: RefreshTokenClaims, account: AccountDocument, *, keeps_newest: bool, at: datetime
    ) -> TokenResponse | None:
        """Return tokens for the previous refresh token within the grace, else None."""
        for _ in range(_MAX_CONCURRENT_REUSES):
            newest = await self._find_reusable(claims, at=at)
            if newest is None or keeps_newest:
                return None if newest is None else self._build_token_response(newest, account, None, at=at)
            if await self.sessions.void_generation(newest):
                return self._build_token_response(newest, account, newest.generation + 1, at=at)
        raise UnavailableError

    async def _find_reusable(self, claims: RefreshTokenClaims, *, at: datetime) -> SessionDocument | None:
        """Return the session if this is the previous refresh token, and the newest one was not used yet."""
        session = await self.sessions.get(claims.session_id)
        if session is None or claims.generation != session.previous_generation:
            return None
        return session if at < min(session.last_seen_at + REFRESH_REUSE_GRACE, _ends_at(session)) else None

    def _build_token_response(
        self, session: SessionDocument, account: AccountDocument, generation: int | None, *, at: datetime
    ) -> TokenResponse:
        since = session.authenticated_at or session.created_at
        return TokenResponse(
            access_token=self._build_access_token(session, account, authenticated_at=since, at=at),
            refresh_token="" if generation is None else self.refresh_tokens.issue(session.id, generation, at=at),
            session_id=session.id,
            account_id=account.id,
            scopes=scopes_of_client(session.client_id),
        )

    def _build_access_token(
        self, session: SessionDocument, account: AccountDocument, *, authenticated_at: datetime, at: datetime
    ) -> str:
        subject = TokenSubject(
            kind="staff" if account.roles else "customer",
            id=account.id,
            session_id=session.id,
            authenticated_at=authenticated_at,
            roles=frozenset(account.roles),
            scopes=scopes_of_client(session.client_id),
            client_id=session.client_id or "",
        )
        return self.signing_keys.issue_access_token(subject, at=at)


def check_own_client(owner_id: str, client_id: str) -> None:
    """Raise InvalidClientError if the client does not say who it is, InvalidGrantError if the token is another's."""
    if not client_id:
        raise InvalidClientError
    if client_id != owner_id:
        raise InvalidGrantError


def _ends_at(session: SessionDocument) -> datetime:
    return session.created_at + SESSION_LIFETIME
