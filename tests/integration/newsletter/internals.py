"""The services of newsletter in the process of the test, with a clock that the test moves."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.newsletter.domain.campaigns.batches import BatchState
from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignDelivery, DeliveryCounts
from services.newsletter.domain.subscriptions.consent import CURRENT_CONSENT, Consent, ConsentSource
from services.newsletter.domain.subscriptions.lists import MailingList
from services.newsletter.domain.subscriptions.subscriptions import Subscription, UnsubscribeMethod
from services.newsletter.service.campaigns.editor import CampaignContent
from services.newsletter.settings import Settings
from services.newsletter.store import DOCUMENTS, Subscriptions
from services.newsletter.store.campaigns.documents import CampaignDeliveryDocument
from services.newsletter.wiring.modules import NewsletterModules, build_modules
from shared.chassis import Chassis
from shared.chassis.spec import DOCUMENTS as OF_CHASSIS
from shared.chassis.spec import open_chassis
from shared.clock import Clock
from shared.crypto import Vault, make_keyring
from shared.crypto.keyring import dump_keyring
from shared.ids import new_id
from shared.mail import EmailMessage, QueuedMailDocument
from shared.mongo import Database
from tests.integration.mail.smtp_server import FakeSmtpServer
from tests.integration.newsletter.subscribers import address
from tests.support.fake_services import PUBLIC_URL
from tests.support.listening import listening_registry


@dataclass(frozen=True, slots=True)
class NewsletterInternals:
    """The services, a mail queue that the test works off, and the relay of campaigns."""

    chassis: Chassis
    modules: NewsletterModules
    settings: Settings
    relay: FakeSmtpServer

    async def a_list(self) -> MailingList:
        """Create a list."""
        return await self.modules.subscriptions.subscribe_service.create_list(
            "News", "", idempotency_key=new_id("op"), at=self.chassis.clock()
        )

    async def queued_mails(self) -> list[QueuedMailDocument]:
        """Return the queued mails."""
        return await self.chassis.mail_queue.list_due(1_000)

    async def read_email(self) -> EmailMessage:
        """Return the only queued email."""
        [row] = await self.queued_mails()
        return await self.chassis.mail_queue.open_message(row)

    async def request_subscription(self, list_id: str, email: str) -> None:
        """Request a subscription on the public page."""
        await self.modules.subscriptions.subscribe_service.request(
            list_id, email, source=ConsentSource.PAGE, at=self.chassis.clock()
        )

    async def confirm(self, token: str, *, account_id: str = "") -> Subscription:
        """Press the button of a confirmation link."""
        made, _ = await self.modules.subscriptions.subscribe_service.confirm(
            token, account_id=account_id, at=self.chassis.clock()
        )
        return made

    async def unsubscribe(self, subscription_id: str) -> None:
        """Press the button of an unsubscribe link."""
        await self.modules.subscriptions.unsubscribe_service.unsubscribe_by_token(
            self.modules.stores.links.unsubscribe_token(subscription_id),
            method=UnsubscribeMethod.PAGE,
            at=self.chassis.clock(),
        )

    async def join(self, list_id: str, email: str, *, account_id: str = "") -> Subscription:
        """Subscribe to a list and confirm."""
        await self.request_subscription(list_id, email)
        return await self.confirm(parse_token(await self.read_email()), account_id=account_id)

    async def create_campaign(self, list_id: str, *, text: str = "Hello.") -> Campaign:
        """Create a campaign."""
        content = CampaignContent(list_id=list_id, subject="News", text=text)
        return await self.modules.campaigns.campaign_editor.create(
            content, idempotency_key=new_id("op"), at=self.chassis.clock()
        )

    async def start_campaign(self, list_id: str) -> Campaign:
        """Create a campaign and start it."""
        made = await self.create_campaign(list_id)
        return await self.modules.campaigns.campaign_editor.start(made.campaign_id, at=self.chassis.clock())

    async def advance(self) -> int:
        """Advance all campaigns as far as they can; return the number of steps."""
        steps = 0
        while await self.modules.campaigns.campaign_dispatcher.advance(at=self.chassis.clock()):
            steps += 1
        return steps

    async def send_queued(self, campaign: Campaign) -> None:
        """Send the batches of a campaign that workers have been told of."""
        for batch in await self.modules.stores.batches.list_by_campaign(campaign.campaign_id):
            if batch.state is BatchState.QUEUED:
                await self.modules.campaigns.campaign_worker.send_batch(batch.batch_id)

    async def send_campaign(self, campaign: Campaign) -> None:
        """Advance a campaign and send its batches until nothing changes any more."""
        await self.send_queued(campaign)
        while await self.advance():
            await self.send_queued(campaign)

    async def get_campaign(self, campaign: Campaign) -> Campaign:
        """Return a campaign as it is now."""
        return await self.modules.campaigns.campaign_editor.get(campaign.campaign_id)

    async def counts(self, campaign: Campaign) -> DeliveryCounts:
        """Return the counts of a campaign's deliveries above 0."""
        found = await self.get_campaign(campaign)
        return {state: count for state, count in found.counts.items() if count}

    async def deliveries(self, campaign: Campaign) -> list[CampaignDelivery]:
        """Return all deliveries of a campaign."""
        rows = self.chassis.db.get_collection(CampaignDeliveryDocument)
        found = await rows.list({"campaign_id": campaign.campaign_id})
        ids = [row.id for row in found]
        return [each for one in ids if (each := await self.modules.stores.deliveries.get_by_mail_id(one))]


@asynccontextmanager
async def open_internals(
    parts: Mapping[str, str], home: Path, clock: Clock, **settings: str
) -> AsyncIterator[NewsletterInternals]:
    """Open the services, on a new database with new keys unless *home* and *parts* name others."""
    relay = FakeSmtpServer()
    await relay.open()
    keyring = home / "keyring.json"
    if not keyring.exists():
        keyring.write_text(dump_keyring(make_keyring(["wrap", "blind", "link"], at=clock())), encoding="utf-8")
    env = {
        "CANDOR_PUBLIC_URL": PUBLIC_URL,
        "CANDOR_KEYRING": str(keyring),
        "SMTP_URL": f"smtp://127.0.0.1:{relay.port}",
        "MONGO_DATABASE": new_id("test"),
        "NEWSLETTER_BATCH_SIZE": "4",
        "CANDOR_INBOUND_DOMAIN": "in.candor.example",
        "NEWSLETTER_CONNECTIONS": "2",
        **parts,
        **settings,
    }
    read = Settings.from_env(env)
    async with open_chassis("newsletter", read.common, clock=clock, registry=listening_registry()) as chassis:
        await chassis.db.ensure_collections([*OF_CHASSIS, *DOCUMENTS])
        modules = build_modules(chassis, read)
        try:
            yield NewsletterInternals(chassis, modules, read, relay)
        finally:
            modules.campaigns.campaign_worker.parts.relay.close()
            await relay.close()


async def add_subscribers(list_id: str, many: int, *, db: Database, vault: Vault, clock: Clock) -> list[str]:
    """Add confirmed subscriptions to a list without emails; return their addresses."""
    subscriptions, now = Subscriptions(db, vault), clock()
    consent = Consent(
        consent_version=CURRENT_CONSENT.version, source=ConsentSource.PAGE, requested_at=now, confirmed_at=now
    )
    emails = [address() for _ in range(many)]
    for email in emails:
        made = Subscription(
            subscription_id=new_id("sub"),
            subscriber_id=new_id("ssb"),
            list_id=list_id,
            account_id="",
            consent=consent,
            subscribed_at=now,
        )
        await subscriptions.add(made, email)
    return emails


def parse_token(email: EmailMessage) -> str:
    """Return the token of the link in a confirmation email."""
    return email.text.partition("?token=")[2].split("\n")[0]
