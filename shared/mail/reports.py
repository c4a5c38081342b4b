"""Reports about emails of this service: the inbound listener publishes verdicts, the mail log keeps them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.bus import EventDelivery, EventSubscription, on
from shared.contracts import newsletter_v1
from shared.mail.log import DeliveryStatus, MailDirection, MailLogDocument
from shared.mongo import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailReport:
    """The verdict on a report about one email."""

    report_id: str
    mail_id: str
    verdict: str
    reason: str
    received_at: datetime


class EmailReports:
    """Records reports about the emails that *service* has sent."""

    def __init__(self, db: Database, service: str) -> None:
        self._log = db.get_collection(MailLogDocument)
        self._service = service

    def build_subscription(self) -> EventSubscription:
        """Return the subscription to ``newsletter.email.reported.v1``."""
        reported = on(newsletter_v1.EmailReported, "newsletter", self.on_email_reported)
        return EventSubscription(queue=f"{self._service}.email_reports", handlers=(reported,))

    async def on_email_reported(self, event: newsletter_v1.EmailReported, _delivery: EventDelivery) -> None:
        """Record a report about an email of this service; those about emails of others pass by."""
        if event.service == self._service:
            report = EmailReport(
                report_id=event.report_id,
                mail_id=event.mail_id,
                verdict=event.verdict,
                reason=event.reason,
                received_at=event.received_at.ToDatetime(UTC),
            )
            await self.record(report)

    async def record(self, report: EmailReport) -> bool:
        """Append *report* to the mail log in the ambient transaction; False when the log does not know the email."""
        sent = await self._log.find_one({"mail_id": report.mail_id, "direction": MailDirection.SENT})
        if sent is None:
            return False
        entry = MailLogDocument(
            id=report.report_id,
            at=report.received_at,
            kind=sent.kind,
            mail_id=report.mail_id,
            status=DeliveryStatus.REPORTED,
            code=0,
            verdict=report.verdict,
            reason=report.reason,
            owner=sent.owner,
            address_index=sent.address_index,
        )
        await self._log.insert_one(entry)
        return True
