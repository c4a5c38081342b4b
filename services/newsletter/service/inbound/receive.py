"""Receives one mail for one of our addresses: judge, record, and do what follows, in one transaction."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from services.newsletter.domain.inbound.judge import Door, Envelope, judge
from services.newsletter.domain.inbound.mime import InboundMail
from services.newsletter.domain.inbound.received import JudgedMail
from services.newsletter.domain.inbound.reports import list_claimed_senders
from services.newsletter.domain.inbound.verdicts import Judgement, Reason, Verdict
from services.newsletter.emails.links import EmailLinks
from services.newsletter.errors.inbound import InboundFullError
from services.newsletter.service.inbound.doors import Doors, InboundRecipient, token_state
from services.newsletter.service.inbound.effects import VerdictEffects
from services.newsletter.store.inbound import KeptMails, Letters, ReceivedMails
from shared.bus import Outbox
from shared.contracts import newsletter_v1
from shared.ids import NewId
from shared.mail import EmailReport, EmailReports, MailLog, ReceivedMail, ReturnPath
from shared.mongo import DuplicateError, Transact

SERVICE = "newsletter"
_MAIL_KIND = "newsletter.inbound"
MAX_KEPT = 20_000
"""Mails kept for staff; a flood of forged ones must not fill the disk. Above it the sender is asked to try later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMail:
    """A mail as SMTP handed it over."""

    mail: InboundMail
    raw: bytes
    sender: str
    """MAIL FROM, empty for reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReceiver:
    """Judges mails and records them; each exactly once."""

    doors: Doors
    links: EmailLinks
    received_mails: ReceivedMails
    kept_mails: KeptMails
    letters: Letters
    effects: VerdictEffects
    email_reports: EmailReports
    mail_log: MailLog
    outbox: Outbox
    transact: Transact
    new_id: NewId

    async def receive_mail(
        self, incoming: IncomingMail, recipient: InboundRecipient, *, to: str, at: datetime
    ) -> Judgement | None:
        """Judge and record a mail; None when the same mail came before. Raises InboundFullError."""
        dedup_key = _dedup_key(incoming, to)
        if await self.received_mails.has(dedup_key):
            return None
        mail = await self._judge(incoming, recipient, at)
        if mail.is_kept and await self.kept_mails.count() >= MAX_KEPT:
            raise InboundFullError
        try:
            await self.transact(lambda: self._record(mail, incoming, dedup_key))
        except DuplicateError:
            return None  # delivered twice at the same moment
        return mail.judgement

    async def _judge(self, incoming: IncomingMail, recipient: InboundRecipient, at: datetime) -> JudgedMail:
        path, token = recipient.return_path, recipient.token
        if recipient.door is Door.COMPLAINTS:
            # A feedback loop has one address for all: the token stands in the returned email.
            path = self.doors.find_return_path(list_claimed_senders(incoming.mail), at=at)
            token = token_state(path, at)
        envelope = Envelope(door=recipient.door, token=token, empty_sender=not incoming.sender)
        campaign_id, subscription_id = await self._find_subject(recipient, path)
        return JudgedMail(
            received_id=self.new_id("inb"),
            received_at=at,
            door=recipient.door,
            token=token,
            judgement=judge(incoming.mail, envelope),
            service=path.service if path else SERVICE if recipient.leave_token else "",
            mail_id=path.mail_id if path else "",
            campaign_id=campaign_id,
            subscription_id=subscription_id,
            size=len(incoming.raw),
        )

    async def _find_subject(self, recipient: InboundRecipient, path: ReturnPath | None) -> tuple[str, str]:
        """Return the campaign and the subscription that a mail is about; empty for what is not about a letter."""
        if recipient.leave_token:
            return "", self.links.subscription_id_of_address(recipient.leave_token)
        if path is None or path.service != SERVICE:
            return "", ""
        letter = await self.letters.get(path.mail_id)
        return (letter.campaign_id, letter.subscription_id) if letter else ("", "")

    async def _record(self, mail: JudgedMail, incoming: IncomingMail, dedup_key: str) -> None:
        await self.received_mails.add(mail, dedup_key=dedup_key)
        if mail.is_kept:
            await self.kept_mails.add(
                mail.received_id, incoming.raw, subscription_id=mail.subscription_id, at=mail.received_at
            )
        await self.mail_log.record_received(
            ReceivedMail(
                kind=_MAIL_KIND,
                verdict=mail.judgement.verdict,
                reason=mail.judgement.reason,
                at=mail.received_at,
                mail_id=mail.mail_id,
                sender=incoming.sender,
            )
        )
        await self.effects.apply(mail, at=mail.received_at)
        if mail.mail_id and not mail.subscription_id and _is_about_an_email(mail.judgement):
            await self._report(mail)

    async def _report(self, mail: JudgedMail) -> None:
        """Tell the service that sent the email; its own transactional ones newsletter records itself."""
        if mail.service == SERVICE:
            report = EmailReport(
                report_id=mail.received_id,
                mail_id=mail.mail_id,
                verdict=mail.judgement.verdict,
                reason=mail.judgement.reason,
                received_at=mail.received_at,
            )
            await self.email_reports.record(report)
            return
        event = newsletter_v1.EmailReported(
            report_id=mail.received_id,
            service=mail.service,
            mail_id=mail.mail_id,
            verdict=mail.judgement.verdict,
            reason=mail.judgement.reason,
            counts=mail.judgement.counts,
        )
        event.received_at.FromDatetime(mail.received_at)
        await self.outbox.put(event, subject=mail.mail_id)


def _is_about_an_email(judgement: Judgement) -> bool:
    """Whether the verdict says something about an email that was sent; without a live token it says nothing."""
    return judgement.verdict is not Verdict.UNKNOWN or judgement.reason in (Reason.DELIVERED, Reason.NOT_SPAM)


def _dedup_key(incoming: IncomingMail, to: str) -> str:
    """Return a hash that is the same when a mail is delivered twice; without a Message-ID, of its bytes."""
    message_id = incoming.mail.get_header("Message-ID").encode("utf-8", "replace")
    content = message_id if message_id.strip() else hashlib.sha256(incoming.raw).digest()
    return hashlib.sha256(to.lower().encode() + b"\0" + content).hexdigest()
