"""Passwords that change: by whoever knows the old one, or through a link in a mail to the owner."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from services.identity.domain.passwords import SHORTEST
from services.identity.domain.security import RESET_LIFETIME, EventKind
from services.identity.errors import PasswordResetRefusedError
from services.identity.service.log_ins import LogIns
from services.identity.service.passwords import Passwords
from services.identity.service.second_factors import SecondFactors
from services.identity.service.sessions import LiveSessions
from services.identity.service.transact import Transact
from services.identity.store import (
    Account,
    Accounts,
    AppPassword,
    AppPasswords,
    Credentials,
    Guesses,
    MailGaps,
    PasswordReset,
    Resets,
    ResetWish,
    SecurityEvents,
)
from services.identity.store.bounds import RESET
from services.identity.store.notices import Notices
from shared.ids import NewId, digest, new_token
from shared.mail import Address
from shared.policy import Purpose


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of the rest: how many sessions were ended, and the app passwords, which go on until revoked."""

    sessions: int
    app_passwords: list[AppPassword]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasswords:
    """Sets a password: the one way for every path (I-21); what was begun with the old one ends (I-01)."""

    accounts: Accounts
    credentials: Credentials
    passwords: Passwords
    factors: SecondFactors
    guesses: Guesses
    resets: Resets
    live: LiveSessions
    events: SecurityEvents
    notices: Notices
    new_id: NewId

    async def hashed(self, account: Account, password: str) -> str:
        """Return the hash of a password that is acceptable for the account."""
        address = await self.accounts.address(account, Purpose.SECURITY)
        factors = bool(await self.factors.of(account.id))
        return await self.passwords.new(password, address=address, second_factor=factors)

    async def put(
        self, account: Account, secret: str, kind: EventKind, *, short: bool, but: str | None, at: datetime
    ) -> int:
        """Store it, end every session *but* one, void mailed links, tell the owner; in the ambient transaction."""
        address = await self.accounts.address(account, Purpose.SECURITY)
        await self.credentials.set_password(self.new_id("crd"), account.id, secret, short=short, at=at)
        await self.resets.delete(account.id)
        await self.guesses.forget(account.email_index)
        await self.events.note(account.id, kind, at=at)
        await self.notices.changed(account.id, address, kind, at=at)
        return await self.live.end_of(account.id, but=but, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanges:
    """For whoever is logged in."""

    log_ins: LogIns
    new: NewPasswords
    app_passwords: AppPasswords
    transact: Transact

    async def change(self, account_id: str, session_id: str, old: str, password: str, *, at: datetime) -> Changed:
        """Change the password; all other sessions end, app passwords are shown to be revoked where wanted."""
        account = await self.log_ins.confirm(account_id, old, session_id=session_id, at=at)
        secret = await self.new.hashed(account, password)
        kind, short = EventKind.PASSWORD_CHANGED, len(password) < SHORTEST
        ended = await self.transact(lambda: self.new.put(account, secret, kind, short=short, but=session_id, at=at))
        return Changed(ended, await self.app_passwords.of(account_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetDesk:
    """For whoever has forgotten it."""

    accounts: Accounts
    resets: Resets
    gaps: MailGaps
    new: NewPasswords
    events: SecurityEvents
    notices: Notices
    transact: Transact
    new_id: NewId

    async def wish(self, email: str, *, at: datetime) -> None:
        """Take the wish down; whether the address has an account is not even looked at here (I-14, I-16)."""
        index = self.accounts.index_of(Address(email).email)
        if await self.gaps.claim(index, matter=RESET, at=at):
            await self.resets.wish(ResetWish(id=self.new_id("wsh"), email_index=index, created_at=at))

    async def answer(self, *, at: datetime) -> bool:
        """Write to the owners of the addresses that were named; tell whether there were any."""
        wishes = await self.resets.wishes()
        for wish in wishes:
            await self.transact(partial(self._answer, wish, at=at))
        return bool(wishes)

    async def reset(self, token: str, password: str, *, at: datetime) -> None:
        """Set the password of the account whose owner has the link, once."""
        reset = await self.resets.by_token(digest(token), at=at)
        account = None if reset is None else await self.accounts.active(reset.account_id)
        if reset is None or account is None:
            raise PasswordResetRefusedError
        secret = await self.new.hashed(account, password)

        async def put() -> None:
            if not await self.resets.use_up(reset):
                raise PasswordResetRefusedError
            kind, short = EventKind.PASSWORD_RESET, len(password) < SHORTEST
            await self.new.put(account, secret, kind, short=short, but=None, at=at)

        await self.transact(put)

    async def _answer(self, wish: ResetWish, *, at: datetime) -> None:
        if not await self.resets.take(wish):
            return
        account = await self.accounts.at_address(wish.email_index)
        if account is None or account.roles:  # the passwords of the staff are the operator's matter
            return
        token = new_token()
        await self.resets.add(
            PasswordReset(
                id=self.new_id("rst"),
                account_id=account.id,
                token_hash=digest(token),
                created_at=at,
                expires_at=wish.created_at + RESET_LIFETIME,
            )
        )
        await self.events.note(account.id, EventKind.PASSWORD_RESET_ASKED, at=at)
        address = await self.accounts.address(account, Purpose.SECURITY)
        await self.notices.reset(account.id, address, token)
