"""Newsletter's actions in the process of the test, where time stands still until the test moves it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.newsletter.app import NewsletterModule, wire
from services.newsletter.domain import (
    CURRENT_CONSENT,
    Campaign,
    Consent,
    ConsentSource,
    DeliveryCounts,
    MailingList,
    Subscription,
)
from services.newsletter.settings import Settings
from services.newsletter.store import DOCUMENTS, Subscriptions
from shared.chassis import Chassis
from shared.chassis.spec import DOCUMENTS as OF_CHASSIS
from shared.chassis.spec import open_chassis
from shared.clock import Clock
from shared.crypto import Vault, make_keyring
from shared.crypto.keyring import dump_keyring
from shared.ids import new_id
from shared.mail import DeliveryStatus, EmailMessage, QueuedMailDocument
from shared.mongo import Database
from shared.settings import Env
from tests.integration.newsletter.subscribers import address
from tests.support.fake_services import PUBLIC_URL
from tests.support.listening import listening_registry


@dataclass(frozen=True, slots=True)
class NewsletterInternals:
    """The actions, and a postman whose every step a test decides."""

    chassis: Chassis
    module: NewsletterModule

    async def a_list(self) -> MailingList:
        """Make a list."""
        return await self.module.subscribe_service.create_list(
            "News", "", idempotency_key=new_id("op"), at=self.chassis.clock()
        )

    async def queued_mails(self) -> list[QueuedMailDocument]:
        """Return what is in the queue of mail."""
        return await self.chassis.mail_queue.list_due(1_000)

    async def read_email(self) -> EmailMessage:
        """Return the one letter that waits."""
        [row] = await self.queued_mails()
        return await self.chassis.mail_queue.open_message(row)

    async def join(self, list_id: str, email: str, *, account_id: str = "") -> Subscription:
        """Join a list."""
        now = self.chassis.clock()
        await self.module.subscribe_service.request(list_id, email, account_id=account_id, at=now)
        made, _ = await self.module.subscribe_service.confirm(parse_token(await self.read_email()), at=now)
        return made

    async def start_campaign(self, list_id: str) -> Campaign:
        """Write a campaign and begin it."""
        now = self.chassis.clock()
        made = await self.module.campaign_sender.create(list_id, "News", "Hello.", idempotency_key=new_id("op"), at=now)
        return await self.module.campaign_sender.start(made.campaign_id, at=now)

    async def advance(self) -> int:
        """Let all campaigns go on as far as they can; return the number of steps."""
        steps = 0
        while await self.module.campaign_sender.advance(at=self.chassis.clock()):
            steps += 1
        return steps

    async def carry(self, row: QueuedMailDocument) -> DeliveryStatus:
        """Do with a mail what the postman does, at a relay that takes everything."""
        now = self.chassis.clock()
        state = (
            DeliveryStatus.RELAYED
            if await self.module.campaign_sender.should_send(row.id, row.owner, at=now)
            else DeliveryStatus.SUPPRESSED
        )
        await self.module.campaign_sender.record_outcome(row.id, state, at=now)
        await self.chassis.mail_queue.complete(row, state)
        return state

    async def counts(self, campaign: Campaign) -> DeliveryCounts:
        """Return what became of a campaign's letters, without what there is none of."""
        found = await self.module.campaign_sender.get(campaign.campaign_id)
        return {state: count for state, count in found.counts.items() if count}


@asynccontextmanager
async def open_internals(
    parts: Mapping[str, str], home: Path, clock: Clock, **settings: str
) -> AsyncIterator[NewsletterInternals]:
    """Open the actions, on a database and with keys of their own unless *home* and *parts* name those of others."""
    keyring = home / "keyring.json"
    if not keyring.exists():
        keyring.write_text(dump_keyring(make_keyring(["wrap", "blind", "link"], at=clock())), encoding="utf-8")
    env = {
        "CANDOR_PUBLIC_URL": PUBLIC_URL,
        "CANDOR_KEYRING": str(keyring),
        "SMTP_URL": "smtp://127.0.0.1:9",
        "MONGO_DATABASE": new_id("test"),
        "NEWSLETTER_BATCH_SIZE": "4",
        **parts,
        **settings,
    }
    read = Settings.from_env(Env(env))
    async with open_chassis("newsletter", read.common, clock=clock, registry=listening_registry()) as chassis:
        await chassis.db.ensure_collections([*OF_CHASSIS, *DOCUMENTS])
        yield NewsletterInternals(chassis, wire(chassis, read))


async def add_subscribers(list_id: str, many: int, *, db: Database, vault: Vault, clock: Clock) -> list[str]:
    """Put confirmed readers onto a list, past the mails; return their addresses."""
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


def parse_token(letter: EmailMessage) -> str:
    """Return the token of the link in a confirmation."""
    return letter.text.partition("?token=")[2].split("\n")[0]
