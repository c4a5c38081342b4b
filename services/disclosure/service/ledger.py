"""Writes down who was shown whose data and who was refused; shows the owner (C06, C21)."""

from dataclasses import dataclass
from datetime import datetime

from services.disclosure.domain import Notice, Refusal, Shown
from services.disclosure.store import Ledger, Notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The ledger as others use it."""

    ledger: Ledger
    notices: Notices

    async def shown(self, entry: Shown) -> None:
        """Enter that data was shown."""
        await self.ledger.add(entry)

    async def refused(self, refusal: Refusal) -> None:
        """Enter that a read was refused."""
        await self.ledger.add_refusal(refusal)

    async def of(self, account_id: str, *, after: str | None, most: int) -> list[Shown]:
        """Return who has seen the data of an account, newest first."""
        return await self.ledger.of(account_id, after=after, most=most)

    async def refusals_of(self, account_id: str, *, after: str, most: int) -> list[Refusal]:
        """Return whom the data of an account was refused."""
        return await self.ledger.refusals_of(account_id, after=after, most=most)

    async def notices_to(self, account_id: str, *, after: str, most: int) -> list[Notice]:
        """Return the notices of disclosures to an account."""
        return await self.notices.of_account(account_id, after=after, most=most)

    async def erase(self, account_id: str, *, at: datetime) -> tuple[dict[str, int], int]:
        """Erase the entries about an account; return what was erased, and how many notices stay as proof."""
        erased = await self.ledger.erase(account_id, at=at)
        return erased, await self.notices.count_of(account_id)
