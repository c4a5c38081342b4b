"""Log-in by address and password: the same answer and the same time for an address without an account (I-14)."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from services.identity.errors import LogInRefusedError, TooManyLogInsError, WrongPasswordError
from services.identity.service.passwords import Passwords
from services.identity.service.sessions import Granted, LiveSessions
from services.identity.store import Account, Accounts, Credential, Credentials, Guesses
from shared.mail import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIns:
    """Checks who somebody is; guesses are counted for each address, known or not."""

    accounts: Accounts
    credentials: Credentials
    guesses: Guesses
    passwords: Passwords
    live: LiveSessions

    async def log_in(self, email: str, password: str, *, user_agent: str, at: datetime) -> Granted:
        """Begin a session for whoever knows the password of *email*."""
        index = self.accounts.index_of(Address(email).email)
        account = await self.accounts.at_address(index)
        if not await self._knows(index, account, password, at=at) or account is None:
            raise LogInRefusedError
        return await self.live.begin(account, user_agent=user_agent, at=at)

    async def confirm(self, account_id: str, password: str, *, at: datetime) -> Account:
        """Return the account if *password* is its own: asked again before what cannot be undone."""
        account = await self.accounts.active(account_id)
        if account is None or not await self._knows(account.email_index, account, password, at=at):
            raise WrongPasswordError
        return account

    async def _knows(self, index: str, account: Account | None, password: str, *, at: datetime) -> bool:
        """Tell whether *password* is right; each path checks a hash, also where there is none to check."""
        if not await self.guesses.claim(index, at=at):
            wait = await self.guesses.wait(index, at=at)
            raise TooManyLogInsError(retry_after=max(1, ceil(wait.total_seconds())))
        credential = await self.credentials.password_of(account.id if account else "")
        verdict = await self.passwords.check(password, credential.secret if credential else None)
        if not verdict.right or credential is None:
            return False
        await self.guesses.forget(index)
        if verdict.outdated:
            await self._rehash(credential, password)
        return True

    async def _rehash(self, credential: Credential, password: str) -> None:
        await self.credentials.rehash(credential, await self.passwords.again(password))
