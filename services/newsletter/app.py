"""The composition root of newsletter: opens nothing itself, wires everything, reads from top to bottom."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from services.newsletter.api import NewsletterApi
from services.newsletter.domain import Cooldown
from services.newsletter.events import NewsletterEvents
from services.newsletter.promises import NewsletterProbes
from services.newsletter.service import CAMPAIGN, Holdings, Joining, Leaving, Letters, Sending
from services.newsletter.settings import Settings
from services.newsletter.store import (
    DOCUMENTS,
    SUPPRESSION_DAYS,
    Campaigns,
    Deliveries,
    Lists,
    Subscriptions,
    Suppressions,
    Wishes,
)
from shared.chassis import Chassis, Parts
from shared.mail import MailRow, Sender, State
from shared.web import Pages

FORGET_EVERY = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """What newsletter does, and who looks whether it does."""

    joining: Joining
    leaving: Leaving
    sending: Sending
    holdings: Holdings
    probes: NewsletterProbes


def actions(chassis: Chassis, settings: Settings) -> Actions:
    """Wire the actions to their collections."""
    db, vault, post, outbox = chassis.db, chassis.vault, chassis.post, chassis.outbox
    lists, wishes = Lists(db), Wishes(db, vault)
    subscriptions, suppressions = Subscriptions(db, vault), Suppressions(db, vault)
    campaigns, deliveries = Campaigns(db), Deliveries(db)
    letters = Letters(
        links=chassis.links,
        public_url=settings.platform.public_url,
        domain=Sender.parse(settings.platform.mail_from).address.domain,
    )
    return Actions(
        joining=Joining(
            lists=lists,
            wishes=wishes,
            subscriptions=subscriptions,
            suppressions=suppressions,
            letters=letters,
            post=post,
            outbox=outbox,
            transact=db.transact,
            forget=chassis.forget,
            new_id=chassis.new_id,
            confirm_within=settings.confirm_within,
            cooldown=Cooldown(pause=settings.cooldown),
        ),
        leaving=Leaving(
            subscriptions=subscriptions,
            suppressions=suppressions,
            wishes=wishes,
            deliveries=deliveries,
            letters=letters,
            outbox=outbox,
            transact=db.transact,
            forget=chassis.forget,
            new_id=chassis.new_id,
        ),
        sending=Sending(
            lists=lists,
            subscriptions=subscriptions,
            campaigns=campaigns,
            deliveries=deliveries,
            letters=letters,
            post=post,
            outbox=outbox,
            transact=db.transact,
            new_id=chassis.new_id,
            batch=settings.batch,
            most_waiting=settings.most_waiting,
        ),
        holdings=Holdings(
            lists=lists,
            wishes=wishes,
            subscriptions=subscriptions,
            suppressions=suppressions,
            deliveries=deliveries,
        ),
        probes=NewsletterProbes(
            subscriptions=subscriptions, suppressions=suppressions, campaigns=campaigns, deliveries=deliveries
        ),
    )


def compose(chassis: Chassis, settings: Settings) -> Parts:
    """Wire newsletter."""
    does = actions(chassis, settings)
    api = NewsletterApi(
        joining=does.joining,
        leaving=does.leaving,
        sending=does.sending,
        holdings=does.holdings,
        pages=Pages(chassis.links),
        public_url=settings.platform.public_url,
        joins_per_minute=settings.joins_per_minute,
    )
    events = NewsletterEvents(
        leaving=does.leaving,
        holdings=does.holdings,
        outbox=chassis.outbox,
        clock=chassis.clock,
        proofs_kept=timedelta(days=SUPPRESSION_DAYS),
    )

    async def wanted(row: MailRow) -> bool:
        return await does.sending.wanted(row.id, row.owner, at=chassis.clock())

    async def settled(mail_id: str, state: State) -> None:
        await does.sending.settled(mail_id, state, at=chassis.clock())

    async def send() -> None:
        while True:
            if not await does.sending.advance(at=chassis.clock()):
                await asyncio.sleep(settings.look.total_seconds())

    async def forget() -> None:
        while True:
            await does.joining.forget_expired(at=chassis.clock())
            await asyncio.sleep(FORGET_EVERY)

    chassis.post.watch(CAMPAIGN, before_send=wanted, on_settled=settled)
    return Parts(
        routes=api.routes(),
        documents=DOCUMENTS,
        subscriptions=events.subscriptions(),
        answers=events.answers(),
        workers={"send-campaigns": send, "forget-wishes": forget},
        probes=does.probes.all(),
        sends_mail=True,
    )
