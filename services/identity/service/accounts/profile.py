"""What owners see of their account: its data and its security log (C26)."""

from dataclasses import dataclass

from services.identity.errors import AccountNotFoundError
from services.identity.store import AccountDocument, Accounts, SecurityEventDocument, SecurityEvents
from shared.mongo import encode_position
from shared.policy import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An account as its owner sees it."""

    account: AccountDocument
    email: str


@dataclass(frozen=True, slots=True)
class ProfileService:
    """Shows owners what is held about them (C26)."""

    accounts: Accounts

    async def get(self, account_id: str) -> Profile:
        """Return the account with its address opened."""
        account = await self.accounts.get_active(account_id)
        if account is None:
            raise AccountNotFoundError
        return Profile(account=account, email=await self.accounts.open_email(account, Purpose.ACCOUNT))


@dataclass(frozen=True, slots=True)
class SecurityLogService:
    """Shows owners what happened to their accounts."""

    security_events: SecurityEvents

    async def list_page(self, account_id: str, *, after: str | None, limit: int) -> list[SecurityEventDocument]:
        """Return events, the newest first, from behind the *position* after."""
        return await self.security_events.list_by_account(account_id, after=after, limit=limit)

    @staticmethod
    def encode_position(event: SecurityEventDocument) -> str:
        """Return where an event stands in the log."""
        return encode_position(event.at, event.id)
