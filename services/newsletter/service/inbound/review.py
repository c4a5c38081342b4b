"""What staff can do with mails that came in: list, read, undo a verdict; and their end after 30 days."""

from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.inbound.received import KEPT_FOR, JudgedMail
from services.newsletter.errors.inbound import ReceivedMailNotFoundError
from services.newsletter.service.inbound.effects import VerdictEffects
from services.newsletter.store import Subscriptions, Suppressions
from services.newsletter.store.inbound import BounceScores, CampaignReports, KeptMails, ReceivedMails
from shared.bus import Outbox
from shared.ids import NewId
from shared.mongo import Transact
from shared.policy import Purpose
from shared.privacy import DataAccess, record_access


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReview:
    """The view of staff on mails that came in."""

    received_mails: ReceivedMails
    kept_mails: KeptMails
    bounce_scores: BounceScores
    campaign_reports: CampaignReports
    subscriptions: Subscriptions
    suppressions: Suppressions
    effects: VerdictEffects
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def list_newest(self, *, before: str | None, needs_a_person: bool, limit: int) -> list[JudgedMail]:
        """Return records, the newest first."""
        return await self.received_mails.list_newest(before=before, needs_a_person=needs_a_person, limit=limit)

    async def read(self, received_id: str, *, staff_id: str, at: datetime) -> tuple[JudgedMail, str | None]:
        """Return a record and the source of the mail while it is kept; the access goes to the ledger."""
        mail = await self._get(received_id)

        async def work() -> str | None:
            source = await self.kept_mails.read(received_id)
            if source is not None and mail.subscription_id:
                await self._record_access(mail, staff_id, at)
            return source

        return mail, await self.transact(work)

    async def revert(self, received_id: str, *, staff_id: str, at: datetime) -> int:
        """Undo a verdict, or mark a mail as settled; return how many subscriptions get letters again."""
        mail = await self._get(received_id)

        async def work() -> int:
            if not await self.received_mails.mark_reverted(received_id, staff_id=staff_id, at=at):
                return 0
            return await self.effects.revert(mail, at=at)

        return await self.transact(work)

    async def get_campaign_reports(self, campaign_id: str) -> dict[str, int]:
        """Return the number of reports about a campaign, by verdict."""
        return await self.campaign_reports.get(campaign_id)

    async def delete_expired(self, *, at: datetime) -> int:
        """Delete the mails that were kept for 30 days, with their keys; return how many."""
        ids = await self.kept_mails.list_older_than(at - KEPT_FOR)
        return await self.transact(lambda: self.kept_mails.delete(ids)) if ids else 0

    async def erase_account(self, account_id: str) -> dict[str, int]:
        """Delete what is stored about the subscriptions of an account, in the ambient transaction of its erasure.

        Call it while the subscriptions and suppressions still name the account.
        """
        subscription_ids = [each.subscription_id for each in await self.subscriptions.list_by_account(account_id)]
        subscription_ids += [each.subscription_id for each in await self.suppressions.list_by_account(account_id)]
        ids = await self.received_mails.delete_by_subscriptions(subscription_ids)
        counts = {
            "received_mails": len(ids),
            "kept_mails": await self.kept_mails.delete(ids),
            "bounce_scores": await self.bounce_scores.delete(subscription_ids),
        }
        return {name: count for name, count in counts.items() if count}

    async def _get(self, received_id: str) -> JudgedMail:
        mail = await self.received_mails.get(received_id)
        if mail is None:
            raise ReceivedMailNotFoundError
        return mail

    async def _record_access(self, mail: JudgedMail, staff_id: str, at: datetime) -> None:
        subscription = await self.subscriptions.get(mail.subscription_id)
        if subscription is None or not subscription.account_id:
            return
        access = DataAccess(
            entry_id=self.new_id("led"),
            account_id=subscription.account_id,
            recipient_kind="staff",
            recipient_id=staff_id,
            fields=["newsletter.kept_mails.sealed"],
            purpose=Purpose.SUPPORT,
            basis=mail.received_id,
            accessed_at=at,
        )
        await record_access(self.outbox, access)
