"""The listener in the process of the test: real SMTP on loopback, a real database, a clock that the test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiosmtplib

from services.newsletter.api.inbound.smtp import InboundHandler, ListenerConfig, listen
from services.newsletter.domain.campaigns.campaigns import DeliveryState
from services.newsletter.domain.inbound.received import JudgedMail
from services.newsletter.domain.subscriptions.subscriptions import Subscription
from services.newsletter.service.inbound.receive import MailReceiver
from services.newsletter.store.campaigns.documents import CampaignDeliveryDocument
from services.newsletter.wiring.inbound import build_receiver
from shared.bus import OutboxDocument
from shared.ids import new_id
from shared.mail import ReturnPathSigner, derive_return_path_key
from shared.settings import Secret
from tests.integration.newsletter.internals import NewsletterInternals
from tests.support import FixedClock
from tests.support.inbound_mails import CorpusMail, corpus

DOMAIN = "candor.example"
MASTER = "m" * 40
SETTINGS = {"CANDOR_INBOUND_DOMAIN": DOMAIN, "NEWSLETTER_RETURN_PATH_MASTER": MASTER}


@dataclass(frozen=True, slots=True)
class Letterbox:
    """A list with subscribers, letters to them, and the listener that reports about them reach."""

    inside: NewsletterInternals
    receiver: MailReceiver
    clock: FixedClock
    port: int

    def return_address(self, mail_id: str, *, service: str = "newsletter", at: datetime | None = None) -> str:
        """Return the envelope sender of an email."""
        key = Secret(derive_return_path_key(MASTER, service))
        return ReturnPathSigner(domain=DOMAIN, key=key).build_address(mail_id, at=at or self.inside.chassis.clock())

    async def send_letter(self, subscription: Subscription, campaign_id: str = "cmp_1") -> str:
        """Record that a campaign sent a letter that the relay accepted; return the id of the email."""
        mail_id, now = new_id("mail"), self.inside.chassis.clock()
        row = CampaignDeliveryDocument(
            id=mail_id,
            campaign_id=campaign_id,
            subscription_id=subscription.subscription_id,
            state=DeliveryState.ACCEPTED,
            queued_at=now,
            completed_at=now,
        )
        await self.inside.chassis.db.get_collection(CampaignDeliveryDocument).insert_one(row)
        return mail_id

    async def deliver(self, raw: bytes, *, to: str, sender: str = "") -> str:
        """Hand a mail to the listener as a mail server does, a second later; return its answer, also a refusal."""
        self.clock.advance(timedelta(seconds=1))
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=self.port, use_tls=False, start_tls=False)
        async with client:
            try:
                _, answer = await client.sendmail(sender, [to], raw)
            except aiosmtplib.SMTPRecipientsRefused as refused:
                return f"{refused.recipients[0].code} {refused.recipients[0].message}"
            except aiosmtplib.SMTPResponseException as refused:
                return f"{refused.code} {refused.message}"
        return f"250 {answer}"

    async def newest(self) -> JudgedMail:
        """Return the record of the mail that came in last."""
        [found] = await self.inside.modules.inbound.review.list_newest(before=None, needs_a_person=False, limit=1)
        return found

    async def is_active(self, subscription: Subscription) -> bool:
        """Return whether the subscriber gets the next letter."""
        return await self.inside.modules.stores.subscriptions.is_active(subscription.subscriber_id)

    async def report(self, mail: CorpusMail, subscription: Subscription, mail_id: str) -> str:
        """Deliver a mail of the corpus about a letter to the subscriber; return the answer."""
        long_ago = self.inside.chassis.clock() - timedelta(days=365)
        bounce = self.return_address(mail_id)
        changed = ("1" if bounce[20] != "1" else "2").join((bounce[:20], bounce[21:]))
        values = {
            "BOUNCE": bounce,
            "BOUNCE-ALTERED": changed,
            "BOUNCE-EXPIRED": self.return_address(mail_id, at=long_ago),
            "LEAVE": self.inside.modules.stores.links.leave_address(subscription.subscription_id) or "",
            "ONECLICK": "https://my.candor.example/v1/newsletter/unsubscribe/x",
        }
        to = mail.envelope_to
        for name, value in values.items():
            to = to.replace(f"@@{name}@@", value)
        return await self.deliver(mail.read(values), to=to, sender=mail.envelope_from)

    async def deliver_soft(self, subscription: Subscription, mail_id: str, *, number: int) -> None:
        """Deliver a report that the mailbox of the subscriber is full, each time as another mail."""
        full = next(mail for mail in corpus() if mail.reason == "mailbox_full")
        to = self.return_address(mail_id)
        raw = f"Message-ID: <{number}.{subscription.subscription_id}@mx.example>\r\n".encode() + full.read(
            {"BOUNCE": to}
        )
        assert (await self.deliver(raw, to=to)).startswith("2")

    async def count_events(self, event_type: str) -> int:
        """Return how many events of a type wait to be published."""
        return await self.inside.chassis.db.get_collection(OutboxDocument).count_documents({"type": event_type})


@asynccontextmanager
async def open_letterbox(inside: NewsletterInternals, clock: FixedClock, **limits: int) -> AsyncIterator[Letterbox]:
    """Run the listener on a free port."""
    modules, chassis = inside.modules, inside.chassis
    receiver = build_receiver(chassis, modules.stores, modules.inbound, inside.settings)
    config = ListenerConfig(
        host="127.0.0.1",
        port=0,
        hostname=DOMAIN,
        max_bytes=limits.get("max_bytes", 11 * 2**20),
        max_connections=limits.get("max_connections", 10),
        max_connections_per_client=limits.get("max_connections_per_client", 10),
        idle_timeout=limits.get("idle_timeout", 60),
    )
    handler = InboundHandler(doors=receiver.doors, receiver=receiver, clock=chassis.clock)
    async with listen(handler, config) as port:
        yield Letterbox(inside, receiver, clock, port)
