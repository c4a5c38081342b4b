"""Workers of a campaign are killed -9 at random: nobody is skipped, and repeats are few, known and identical."""

import asyncio
import os
import random
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.newsletter.domain.campaigns.campaigns import Campaign, CampaignDelivery, CampaignState, DeliveryState
from shared.clock import utc_now
from shared.ids import new_id
from shared.mongo import abort_all_transactions
from tests.integration.newsletter.internals import NewsletterInternals, add_subscribers, open_internals

pytestmark = pytest.mark.timeout(1800)

FULL = "CANDOR_CHAOS" in os.environ
"""Set by `make chaos`; `make test` plays a short version."""
RECIPIENTS, KILLS = (10_000, 100) if FULL else (300, 3)
WORKERS, CONNECTIONS = 2, 4
SINK_PAUSE = {"ours": 0.02, "records-first": 0.15, "records-in-batches": 0.02}
"""Seconds for which the sink keeps an email open: the window in which a worker that records first can be caught."""


@dataclass  # without slots: aiosmtpd looks at every attribute
class Sink:
    """A relay that takes everything, and notes when."""

    pause: float
    received: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    count: int = 0
    port: int = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        await asyncio.sleep(self.pause / 2)  # who dies now has sent the content, and the relay has not taken it
        message_id = str(BytesHeaderParser().parsebytes(content)["Message-ID"])
        self.received[message_id.strip("<>").partition("@")[0]].append(content)
        self.count += 1
        await asyncio.sleep(self.pause / 2)  # who dies now never hears that it was taken
        return "250 2.0.0 OK"


@dataclass
class Fleet:
    """The workers of a campaign; one that is killed is started again."""

    kind: str
    env: dict[str, str]
    mongo_url: str
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)
    kills: int = 0

    async def start(self) -> None:
        while len(self.processes) < WORKERS:
            words = (sys.executable, "-m", "tests.chaos.campaign_worker", self.kind)
            self.processes.append(await asyncio.create_subprocess_exec(*words, env=self.env))

    async def kill_one(self, choice: random.Random) -> None:
        """Kill one with -9, then do as the supervisor of the stack does; start another one."""
        # The connections move in step and the sink counts in the middle of an email: kill at any moment of one.
        await asyncio.sleep(choice.random() * 2 * SINK_PAUSE[self.kind])
        process = self.processes.pop(choice.randrange(len(self.processes)))
        process.kill()
        await process.wait()
        self.kills += 1
        await abort_all_transactions(self.mongo_url)
        await self.start()

    async def stop(self) -> None:
        for process in self.processes:
            process.kill()
            await process.wait()


@dataclass(frozen=True)
class Verdict:
    """What the sink saw, held against what the database says."""

    skipped: int
    """Stored as accepted, and never received."""
    waiting: int
    repeated: int
    unknown_repeats: int
    """Received more often than the database knows of."""
    altered: int
    """Received again with other bytes."""

    def holds(self, kills: int) -> bool:
        """Whether nobody was skipped and each repeat is one whose answer a kill has lost."""
        return (
            self.skipped == self.waiting == self.unknown_repeats == self.altered == 0
            and self.repeated <= kills * CONNECTIONS
        )


def judge(deliveries: list[CampaignDelivery], sink: Sink) -> Verdict:
    """Compare the sink's log with ours."""
    received = {each.delivery_id: sink.received.get(each.delivery_id, []) for each in deliveries}
    return Verdict(
        skipped=sum(each.state is DeliveryState.ACCEPTED and not received[each.delivery_id] for each in deliveries),
        waiting=sum(each.state is not DeliveryState.ACCEPTED for each in deliveries),
        repeated=sum(max(0, len(copies) - 1) for copies in received.values()),
        unknown_repeats=sum(len(received[each.delivery_id]) - 1 > each.repeats for each in deliveries),
        altered=sum(len(set(copies)) > 1 for copies in received.values()),
    )


@asynccontextmanager
async def open_sink(pause: float) -> AsyncIterator[Sink]:
    sink, loop = Sink(pause), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, loop=loop, hostname="sink.example"), "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()


async def send_under_kills(
    kind: str, recipients: int, kills: int, *, mongo_url: str, amqp_url: str, home: Path
) -> tuple[Verdict, Campaign, int]:
    """Send a campaign and kill its workers at random, as the sink counts; return what was found."""
    choice = random.Random(recipients)
    moments = sorted(choice.sample(range(1, recipients), kills))
    async with open_sink(SINK_PAUSE[kind]) as sink:
        parts = {"MONGO_URL": mongo_url, "AMQP_URL": amqp_url, "MONGO_DATABASE": new_id("chaos")}
        settings = {
            "NEWSLETTER_BATCH_SIZE": "50",
            "NEWSLETTER_CONNECTIONS": str(CONNECTIONS),
            "NEWSLETTER_HOLD_SECONDS": "1",
            "NEWSLETTER_POLL_INTERVAL_SECONDS": "0.05",
        }
        async with open_internals(parts, home, utc_now, **settings) as inside:
            news = await inside.a_list()
            chassis = inside.chassis
            await add_subscribers(news.list_id, recipients, db=chassis.db, vault=chassis.vault, clock=utc_now)
            campaign = await inside.start_campaign(news.list_id)
            fleet = Fleet(kind, worker_environment(inside, home, sink, {**parts, **settings}), mongo_url)
            await fleet.start()
            try:
                for moment in moments:
                    await wait_for(sink, moment, inside, campaign)
                    await fleet.kill_one(choice)
                found = await wait_until_sent(inside, campaign)
            finally:
                await fleet.stop()
            return judge(await inside.deliveries(campaign), sink), found, fleet.kills


def worker_environment(inside: NewsletterInternals, home: Path, sink: Sink, settings: dict[str, str]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "CANDOR_MODE": "local",
        "CANDOR_PUBLIC_URL": inside.chassis.settings.public_url,
        "CANDOR_KEYRING": str(home / "keyring.json"),
        "MONGO_DRIVER": os.environ.get("MONGO_DRIVER", "motor"),
        **settings,
        "SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
    }


async def wait_for(sink: Sink, count: int, inside: NewsletterInternals, campaign: Campaign) -> None:
    """Wait until the sink has received *count* emails, or the campaign is over."""
    async with asyncio.timeout(120):
        while sink.count < count:
            if (await inside.get_campaign(campaign)).state is CampaignState.SENT:
                return
            await asyncio.sleep(0.05)


async def wait_until_sent(inside: NewsletterInternals, campaign: Campaign) -> Campaign:
    async with asyncio.timeout(600):
        while (found := await inside.get_campaign(campaign)).state is not CampaignState.SENT:  # noqa: ASYNC110 - it is another process that changes
            await asyncio.sleep(0.2)
    return found


async def test_a_hundred_kills_skip_nobody_and_repeat_only_what_lost_its_answer(
    mongo_url: str, amqp_url: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    verdict, campaign, kills = await send_under_kills(
        "ours", RECIPIENTS, KILLS, mongo_url=mongo_url, amqp_url=amqp_url, home=tmp_path
    )
    for name, value in (("kills", kills), ("repeats", verdict.repeated), ("repeats shown", campaign.repeated_count)):
        record_property(name, value)
    assert kills == KILLS
    assert verdict.holds(kills), verdict
    assert verdict.repeated <= campaign.repeated_count <= kills * CONNECTIONS
