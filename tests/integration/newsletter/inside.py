"""Newsletter's actions in the process of the test, where time stands still until the test moves it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.newsletter.app import Actions, actions
from services.newsletter.domain import CURRENT, Campaign, Consent, Counts, How, NewsList, Subscription
from services.newsletter.settings import Settings
from services.newsletter.store import DOCUMENTS, Subscriptions
from shared.chassis import Chassis
from shared.chassis.parts import DOCUMENTS as OF_CHASSIS
from shared.chassis.parts import open_chassis
from shared.clock import Clock
from shared.crypto import Vault, make_keyring
from shared.crypto.keyring import dump
from shared.ids import new_id
from shared.mail import Letter, MailRow, State
from shared.mongo import Database
from shared.settings import Env
from tests.integration.newsletter.people import address
from tests.support.neighbours import PUBLIC_URL


@dataclass(frozen=True, slots=True)
class Inside:
    """The actions, and a postman whose every step a test decides."""

    chassis: Chassis
    does: Actions

    async def a_list(self) -> NewsList:
        """Make a list."""
        return await self.does.joining.make_list("News", "", operation=new_id("op"), at=self.chassis.clock())

    async def waiting(self) -> list[MailRow]:
        """Return what is in the queue of mail."""
        return await self.chassis.post.due(1_000)

    async def letter(self) -> Letter:
        """Return the one letter that waits."""
        [row] = await self.waiting()
        return await self.chassis.post.read(row)

    async def join(self, list_id: str, email: str, *, account_id: str = "") -> Subscription:
        """Join a list."""
        now = self.chassis.clock()
        await self.does.joining.ask(list_id, email, account_id=account_id, at=now)
        made, _ = await self.does.joining.confirm(token_in(await self.letter()), at=now)
        return made

    async def begun(self, list_id: str) -> Campaign:
        """Write a campaign and begin it."""
        now = self.chassis.clock()
        made = await self.does.sending.draft(list_id, "News", "Hello.", operation=new_id("op"), at=now)
        return await self.does.sending.begin(made.campaign_id, at=now)

    async def advance(self) -> int:
        """Let all campaigns go on as far as they can; return the number of steps."""
        steps = 0
        while await self.does.sending.advance(at=self.chassis.clock()):
            steps += 1
        return steps

    async def carry(self, row: MailRow) -> State:
        """Do with a mail what the postman does, at a relay that takes everything."""
        now = self.chassis.clock()
        state = State.DELIVERED if await self.does.sending.wanted(row.id, row.owner, at=now) else State.WITHHELD
        await self.does.sending.settled(row.id, state, at=now)
        await self.chassis.post.settle(row, state)
        return state

    async def counts(self, campaign: Campaign) -> Counts:
        """Return what became of a campaign's letters, without what there is none of."""
        found = await self.does.sending.read(campaign.campaign_id)
        return {state: count for state, count in found.counts.items() if count}


@asynccontextmanager
async def open_inside(parts: Mapping[str, str], home: Path, clock: Clock, **settings: str) -> AsyncIterator[Inside]:
    """Open the actions, on a database and with keys of their own unless *home* and *parts* name those of others."""
    keyring = home / "keyring.json"
    if not keyring.exists():
        keyring.write_text(dump(make_keyring(["wrap", "blind", "link"], at=clock())), encoding="utf-8")
    env = {
        "CANDOR_PUBLIC_URL": PUBLIC_URL,
        "CANDOR_KEYRING": str(keyring),
        "SMTP_URL": "smtp://127.0.0.1:9",
        "MONGO_DATABASE": new_id("test"),
        "NEWSLETTER_BATCH": "4",
        **parts,
        **settings,
    }
    read = Settings.from_env(Env(env))
    async with open_chassis("newsletter", read.platform, clock=clock) as chassis:
        await chassis.db.prepare([*OF_CHASSIS, *DOCUMENTS])
        yield Inside(chassis, actions(chassis, read))


async def readers_of(list_id: str, many: int, *, db: Database, vault: Vault, clock: Clock) -> list[str]:
    """Put confirmed readers onto a list, past the mails; return their addresses."""
    subscriptions, now = Subscriptions(db, vault), clock()
    consent = Consent(wording=CURRENT.version, how=How.PAGE, asked_at=now, confirmed_at=now)
    emails = [address() for _ in range(many)]
    for email in emails:
        made = Subscription(
            subscription_id=new_id("sub"),
            subscriber_id=new_id("ssb"),
            list_id=list_id,
            account_id="",
            consent=consent,
            joined_at=now,
        )
        await subscriptions.add(made, email)
    return emails


def token_in(letter: Letter) -> str:
    """Return the token of the link in a confirmation."""
    return letter.text.partition("?token=")[2].split("\n")[0]
