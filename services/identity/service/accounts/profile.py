"""What owners see of their account: its data and its security log (C26)."""

from dataclasses import dataclass

from services.identity.store import AccountDocument, Accounts, SecurityEventDocument, SecurityEvents
from shared.mongo import encode_position
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An account with its opened email address."""

    account: AccountDocument
    email: str


@dataclass(frozen=True, slots=True)
class ProfileService:
    """Reads an account for its owner (C26)."""

    accounts: Accounts

    async def get(self, account_id: str) -> Profile:
        """Return the account with its email address; AccountNotFoundError if there is none."""
        account = await self.accounts.require_active(account_id)
        return Profile(account=account, email=await self.accounts.open_email(account, Purpose.ACCOUNT))


@dataclass(frozen=True, slots=True)
class SecurityLogService:
    """Reads the security log for its owner."""

    security_events: SecurityEvents

    async def list_page(self, account_id: str, *, after: str | None, limit: int) -> list[SecurityEventDocument]:
        """Return a page of events, newest first, after the position *after*."""
        return await self.security_events.list_by_account(account_id, after=after, limit=limit)

    @staticmethod
    def encode_position(event: SecurityEventDocument) -> str:
        """Return the position of an event in the log, for a cursor."""
        return encode_position(event.at, event.id)
