"""Refusals of the relay that are about the address: they count as a report does, and can be undone as one."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.inbound.judge import Door, TokenState
from services.newsletter.domain.inbound.received import JudgedMail
from services.newsletter.domain.inbound.verdicts import Judgement, Reason, Verdict
from services.newsletter.service.inbound.effects import VerdictEffects
from services.newsletter.service.inbound.receive import SERVICE
from services.newsletter.store.inbound import ReceivedMails
from shared.ids import NewId
from shared.mongo import Transact


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRecorder:
    """Records what the relay said at RCPT."""

    received_mails: ReceivedMails
    effects: VerdictEffects
    transact: Transact
    new_id: NewId

    async def record_hard_reply(self, *, mail_id: str, campaign_id: str, subscription_id: str, at: datetime) -> None:
        """Record that the address of a letter does not exist; once for each letter, in the ambient transaction."""
        mail = JudgedMail(
            received_id=self.new_id("inb"),
            received_at=at,
            door=Door.RELAY,
            token=TokenState.LIVE,
            judgement=Judgement(Verdict.HARD, Reason.UNKNOWN_USER),
            service=SERVICE,
            mail_id=mail_id,
            campaign_id=campaign_id,
            subscription_id=subscription_id,
            size=0,
        )
        dedup_key = hashlib.sha256(f"relay:{mail_id}".encode()).hexdigest()

        async def work() -> None:
            if not await self.received_mails.has(dedup_key):
                await self.received_mails.add(mail, dedup_key=dedup_key)
                await self.effects.apply(mail, at=at)

        await self.transact(work)
