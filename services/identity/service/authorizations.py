"""Authorization codes with PKCE (RFC 7636, OAuth 2.1) for the company's apps: bound, short-lived, good for one use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.identity.domain.apps import (
    APP_SCOPE,
    CODE_LIFETIME,
    CODE_REMEMBERED_FOR,
    App,
    is_redirect_uri,
    proves,
    sent_back,
)
from services.identity.errors import AppRefusedError, InvalidGrantError
from services.identity.service.sessions import Granted, LiveSessions
from services.identity.service.transact import Transact
from services.identity.store import Account, CodeUses
from shared.crypto import LinkRefusedError, Links
from shared.ids import NewId
from shared.settings import SettingError
from shared.web import Principal

_CODE: Final = "identity.code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an app asks its user for."""

    client_id: str
    redirect_uri: str
    challenge: str
    state: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What an app shows to get tokens."""

    code: str
    client_id: str
    redirect_uri: str
    verifier: str


class Apps:
    """The registered apps."""

    def __init__(self, apps: tuple[App, ...]) -> None:
        """An address that codes must not be sent to fails here, not at the first log-in."""
        self._apps = {app.id: app for app in apps}
        wrong = [app.id for app in apps if not app.redirect_uris or not all(map(is_redirect_uri, app.redirect_uris))]
        if wrong or len(self._apps) != len(apps):
            raise SettingError("IDENTITY_APPS: ids are unique; a redirect URI is https, loopback, or an app's scheme")

    def get(self, client_id: str) -> App | None:
        """Return the app."""
        return self._apps.get(client_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizations:
    """Gives a code for the word of whoever is logged in, and tokens for the code."""

    apps: Apps
    issuer: str
    links: Links
    uses: CodeUses
    live: LiveSessions
    transact: Transact
    new_id: NewId

    def authorize(self, wish: Wish, who: Principal, *, at: datetime) -> str:
        """Return where to send the browser of *who*; nothing is ever sent to an address that is not registered."""
        app = self.asking(wish)
        claims = {
            "id": self.new_id("cod"),
            "client": app.id,
            "redirect": wish.redirect_uri,
            "challenge": wish.challenge,
            "account": who.id,
            "session": who.session,
            "auth_time": str(int(who.auth_time.timestamp())),
            "until": str(int((at + CODE_LIFETIME).timestamp())),
        }
        code = self.links.make(_CODE, claims, expires_at=at + CODE_REMEMBERED_FOR)
        return self._sent_back(wish, {"code": code})

    def asking(self, wish: Wish) -> App:
        """Return the app that asks; AppRefusedError for one, an address or a scope that is not registered."""
        app = self.apps.get(wish.client_id)
        # Compared as it is written, never as a pattern (I-09).
        if app is None or wish.redirect_uri not in app.redirect_uris or wish.scope not in {"", APP_SCOPE}:
            raise AppRefusedError
        return app

    def deny(self, wish: Wish) -> str:
        """Return where to send the browser of whoever does not let the app in (RFC 6749, 4.1.2.1)."""
        self.asking(wish)
        return self._sent_back(wish, {"error": "access_denied"})

    async def tokens(self, shown: Shown, *, user_agent: str, address: str, at: datetime) -> Granted:
        """Return tokens for a code; whatever is wrong with it uses it up, and a second use ends what it gave."""
        try:
            claims = self.links.read(_CODE, shown.code, at=at)
        except LinkRefusedError as fault:
            raise InvalidGrantError from fault
        account = await self._owner(claims) if self._fits(claims, shown, at=at) else None
        app = self.apps.get(claims["client"])
        if account is None or app is None:
            await self._spoil(claims["id"], at=at)
            raise InvalidGrantError
        session_id = self.new_id("ses")

        async def begin() -> Granted:
            await self.uses.use(claims["id"], session_id=session_id, at=at)
            confirmed_at = datetime.fromtimestamp(int(claims["auth_time"]), UTC)
            return await self.live.begin_for_app(
                account,
                app,
                session_id=session_id,
                confirmed_at=confirmed_at,
                user_agent=user_agent,
                address=address,
                at=at,
            )

        try:
            return await self.transact(begin)
        except InvalidGrantError:
            await self._spoil(claims["id"], at=at)
            raise

    def _sent_back(self, wish: Wish, answer: Mapping[str, str]) -> str:
        state = {"state": wish.state} if wish.state else {}
        # RFC 9207: the app sees who answers, and does not take a code of one server to another.
        return sent_back(wish.redirect_uri, {**answer, **state, "iss": self.issuer})

    def _fits(self, claims: Mapping[str, str], shown: Shown, *, at: datetime) -> bool:
        return (
            at < datetime.fromtimestamp(int(claims["until"]), UTC)
            and claims["client"] == shown.client_id
            and claims["redirect"] == shown.redirect_uri
            and proves(shown.verifier, claims["challenge"])
        )

    async def _owner(self, claims: Mapping[str, str]) -> Account | None:
        """Return whose code it is, unless the session that gave it has ended meanwhile."""
        sessions = await self.live.of(claims["account"])
        if all(session.id != claims["session"] for session in sessions):
            return None
        return await self.live.accounts.active(claims["account"])

    async def _spoil(self, code_id: str, *, at: datetime) -> None:
        try:
            await self.uses.use(code_id, session_id=None, at=at)
        except InvalidGrantError:
            used = await self.uses.get(code_id)
            if used is not None and used.session_id is not None:
                await self.live.end_by_id(used.session_id, at=at)
