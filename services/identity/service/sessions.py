"""Sessions: begun at a log-in, refreshed with rotation, ended at once everywhere (C22)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.identity.domain.access import (
    ACCESS_LIFETIME,
    REFRESH_LATE,
    SESSION_LIFETIME,
    SESSIONS_MOST,
    TOKEN_LEEWAY,
    Bearer,
    client_name,
)
from services.identity.domain.apps import App
from services.identity.domain.security import EventKind
from services.identity.errors import InvalidGrantError, LogInRefusedError, SessionNotFoundError
from services.identity.errors.staff import AccountFrozenError, PasswordCancelledError
from services.identity.service.places import country_of
from services.identity.service.tokens import Refresh, RefreshTokens, SigningKeys
from services.identity.service.transact import Transact
from services.identity.store import Account, Accounts, Credentials, EndedSessions, SecurityEvents, Session, Sessions
from shared.bus import Outbox
from shared.contracts import identity_v1
from shared.ids import NewId


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a client gets for a log-in or a refresh token."""

    access_token: str
    refresh_token: str
    """Empty for whoever comes a moment late with the one before."""
    session_id: str
    account_id: str
    expires_in: int = int(ACCESS_LIFETIME.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """A new access token for a session whose owner was confirmed once more; its refresh token stays."""

    access_token: str
    expires_in: int = int(ACCESS_LIFETIME.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Makes every service refuse the tokens of a session, or of a partner's grant."""

    ended: EndedSessions
    outbox: Outbox

    async def tell(self, session_id: str, account_id: str, *, at: datetime) -> None:
        """Remember it and broadcast it, in the ambient transaction; a partner's grant is of no account."""
        tokens_end_at = at + ACCESS_LIFETIME + TOKEN_LEEWAY
        await self.ended.add(session_id, tokens_end_at=tokens_end_at)
        fact = identity_v1.SessionEnded(session_id=session_id, account_id=account_id)
        fact.ended_at.FromDatetime(at)
        fact.tokens_end_at.FromDatetime(tokens_end_at)
        await self.outbox.put(fact, subject=account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSessions:
    """What happens to sessions between log-in and log-out."""

    sessions: Sessions
    accounts: Accounts
    credentials: Credentials
    ending: Ending
    keys: SigningKeys
    refresh_tokens: RefreshTokens
    events: SecurityEvents
    transact: Transact
    new_id: NewId

    async def begin(
        self,
        account: Account,
        *,
        user_agent: str,
        address: str,
        password_of: datetime | None = None,
        instead_of: str = "",
        at: datetime,
    ) -> Granted:
        """Begin a session; its id is new at each log-in (I-19), and one that it takes the place of ends.

        *password_of* says since when the password that was shown is the account's: one that was changed in between is
        wrong by now (I-01). Where it was cancelled, nothing else opens the account either (C27). Beyond the bound, the
        longest unseen sessions end.
        """
        session = Session(
            id=self.new_id("ses"),
            account_id=account.id,
            client=client_name(user_agent),
            place=country_of(address),
            generation=0,
            created_at=at,
            last_seen_at=at,
        )

        async def begin() -> None:
            # Read anew: it may have been frozen while the password was being checked.
            now = await self.accounts.active(account.id)
            if now is not None and now.frozen_at is not None:
                raise AccountFrozenError
            await self._check_password(account.id, password_of)
            before = await self.sessions.get(instead_of) if instead_of else None
            await self._end([before] if before else [], at=at)
            await self._add(session, user_agent=user_agent, at=at)

        await self.transact(begin)
        return self._granted(session, account, 0, at=at)

    async def begin_for_app(
        self,
        account: Account,
        app: App,
        *,
        session_id: str,
        confirmed_at: datetime,
        user_agent: str,
        address: str,
        at: datetime,
    ) -> Granted:
        """Begin the session of an app, in the ambient transaction; its owner was confirmed when it was let in."""
        session = Session(
            id=session_id,
            account_id=account.id,
            client=app.name,
            place=country_of(address),
            app_id=app.id,
            generation=0,
            created_at=at,
            authenticated_at=confirmed_at,
            last_seen_at=at,
        )
        await self._add(session, user_agent=user_agent, at=at)
        return self._granted(session, account, 0, at=at)

    async def refresh(self, token: str, *, client_id: str = "", at: datetime) -> Granted:
        """Return new tokens for a refresh token; one that was used before ends its session: it was stolen.

        Used again within moments, as by two tabs, it gives an access token alone: there is never a second one that
        refreshes (decision 7).
        """
        said = self.refresh_tokens.read(token, at=at)
        session = await self.sessions.get(said.session_id)
        if session is None or session.app_id not in {None, client_id}:
            raise InvalidGrantError
        account = await self.accounts.active(session.account_id)
        if account is not None and account.frozen_at is not None:
            account = None
        if account is not None and await self._rotated(session, said, at=at):
            return self._granted(session, account, session.generation + 1, at=at)
        if account is not None and await self._is_late(said, at=at):
            return self._granted(session, account, None, at=at)
        await self.end_these([session], at=at)
        raise InvalidGrantError

    async def confirm(self, session_id: str, *, at: datetime) -> Renewed:
        """Note that the session's owner was confirmed, and return an access token that says so."""
        session = await self.sessions.get(session_id)
        account = None if session is None else await self.accounts.active(session.account_id)
        if session is None or account is None or not await self.sessions.confirm(session, at=at):
            raise SessionNotFoundError
        return Renewed(access_token=self._access(session, account, authenticated_at=at, at=at))

    async def of(self, account_id: str) -> list[Session]:
        """Return the sessions of the account, the one seen last first."""
        return await self.sessions.of(account_id)

    async def end(self, account_id: str, session_id: str, *, at: datetime) -> None:
        """End one session of the account; SessionNotFoundError when it has no such session."""
        session = await self.sessions.get(session_id)
        if session is None or session.account_id != account_id:
            raise SessionNotFoundError
        await self.end_these([session], at=at)

    async def end_of(self, account_id: str, *, but: str | None = None, at: datetime) -> int:
        """End every session of the account, *but* one, those that are being begun among them; return how many."""

        async def end() -> int:
            await self.accounts.take_turn(account_id)
            ended = [session for session in await self.sessions.of(account_id) if session.id != but]
            await self._end(ended, at=at)
            return len(ended)

        return await self.transact(end)

    async def end_by_token(self, token: str, *, at: datetime) -> bool:
        """End the session of a refresh token (RFC 7009); False when it is no refresh token, or its session is over."""
        try:
            said = self.refresh_tokens.read(token, at=at)
        except InvalidGrantError:
            return False
        session = await self.sessions.get(said.session_id)
        if session is None:
            return False
        await self.end_these([session], at=at)
        return True

    async def end_these(self, sessions: Iterable[Session], *, at: datetime) -> None:
        """End *sessions*, all or none."""
        await self.transact(lambda: self._end(sessions, at=at))

    async def end_by_id(self, session_id: str, *, at: datetime) -> None:
        """End the session, whosever it is, if it is live."""
        session = await self.sessions.get(session_id)
        await self.end_these([session] if session else [], at=at)

    async def _check_password(self, account_id: str, password_of: datetime | None) -> None:
        password = await self.credentials.password_of(account_id)
        if password is None:
            raise PasswordCancelledError
        if password_of is not None and password.changed_at != password_of:
            raise LogInRefusedError

    async def _add(self, session: Session, *, user_agent: str, at: datetime) -> None:
        await self.accounts.take_turn(session.account_id)
        await self.sessions.add(session)
        live = await self.sessions.of(session.account_id)
        await self._end(live[SESSIONS_MOST:], at=at)
        await self.events.note(session.account_id, EventKind.LOGGED_IN, user_agent=user_agent, at=at)

    async def _end(self, sessions: Iterable[Session], *, at: datetime) -> None:
        ended = set()
        for session in sessions:
            if await self.sessions.delete(session.id, session.account_id):
                await self.ending.tell(session.id, session.account_id, at=at)
                ended.add(session.account_id)
        for account_id in ended:
            await self.events.note(account_id, EventKind.SESSIONS_ENDED, at=at)

    async def _rotated(self, session: Session, said: Refresh, *, at: datetime) -> bool:
        if said.generation != session.generation or at >= session.created_at + SESSION_LIFETIME:
            return False
        return await self.sessions.rotate(session, at=at)

    async def _is_late(self, said: Refresh, *, at: datetime) -> bool:
        """Tell whether the token is the one before the newest, which is only moments old."""
        session = await self.sessions.get(said.session_id)
        return (
            session is not None
            and said.generation == session.generation - 1
            and at < min(session.last_seen_at + REFRESH_LATE, session.created_at + SESSION_LIFETIME)
        )

    def _granted(self, session: Session, account: Account, generation: int | None, *, at: datetime) -> Granted:
        since = session.authenticated_at or session.created_at
        return Granted(
            access_token=self._access(session, account, authenticated_at=since, at=at),
            refresh_token="" if generation is None else self.refresh_tokens.make(session.id, generation, at=at),
            session_id=session.id,
            account_id=account.id,
        )

    def _access(self, session: Session, account: Account, *, authenticated_at: datetime, at: datetime) -> str:
        bearer = Bearer(
            kind="staff" if account.roles else "customer",
            id=account.id,
            session=session.id,
            authenticated_at=authenticated_at,
            roles=frozenset(account.roles),
        )
        return self.keys.access_token(bearer, at=at)
