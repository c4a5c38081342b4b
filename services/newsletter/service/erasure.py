"""Erases what newsletter stores of an account (C31)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.newsletter.service.unsubscribe import UnsubscribeService
from shared.privacy import ErasureResult, RetainedItem


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEraser:
    """Cancels and deletes the subscriptions that are linked to an account; proofs of leaving stay without it.

    A subscription that was made without logging in is not linked, and is not searched by the address of the account:
    the address was given for other purposes than to search lists with it (C06). Its own mails say how to unsubscribe.
    """

    unsubscribe_service: UnsubscribeService
    suppression_retention: timedelta

    async def erase(self, account_id: str, *, at: datetime) -> ErasureResult:
        """Delete what is linked to the account; name the proofs that stay."""
        counts, proofs = await self.unsubscribe_service.erase_account(account_id, at=at)
        retained = RetainedItem(
            description=f"{proofs} proofs that you joined and left a list, a keyed hash in place of your address",
            reason="so that no old list can bring you back, and to show that our letters were wanted",
            retained_until=at + self.suppression_retention,
        )
        return ErasureResult(erased_counts=counts, retained_items=(retained,) if proofs else ())
