"""Erases what newsletter stores of an account (C31)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.newsletter.service.inbound.review import MailReview
from services.newsletter.service.subscriptions.unsubscribe import UnsubscribeService
from shared.privacy import ErasureResult, RetainedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEraser:
    """Ends and deletes the subscriptions of an account; their suppressions stay without it.

    A subscription that was requested without a login is not linked to the account. It is not searched by the address
    of the account, whose purposes do not include that (C06). Each of its emails has a link to unsubscribe.
    """

    unsubscribe_service: UnsubscribeService
    mail_review: MailReview
    suppression_retention: timedelta

    async def erase(self, account_id: str, *, at: datetime) -> ErasureResult:
        """Delete what is linked to the account; the result names the suppressions that stay."""
        mails = await self.mail_review.erase_account(account_id)
        counts, suppressions = await self.unsubscribe_service.erase_account(account_id, at=at)
        retained = RetainedRecord(
            description=f"{suppressions} records of lists that you unsubscribed from, "
            "with a keyed hash instead of your address",
            reason="they prove your consent and prevent emails from an old copy of a list",
            retained_until=at + self.suppression_retention,
        )
        return ErasureResult(erased_counts={**counts, **mails}, retained_items=(retained,) if suppressions else ())
