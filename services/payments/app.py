"""The composition root of payments: opens nothing itself, wires everything, reads from top to bottom."""

import asyncio
from datetime import timedelta

from services.payments.api import PaymentsApi
from services.payments.events import PaymentsEvents
from services.payments.ports import CardOpener, SimulatedProcessor
from services.payments.promises import PaymentsProbes
from services.payments.service import OwnData, RefundDesk, Till, Wallet
from services.payments.settings import Settings
from services.payments.store import DOCUMENTS, Cards, Charges, Refunds, SeenCards
from shared.chassis import Chassis, Parts
from shared.chassis.parts import DOCUMENTS as CHASSIS_DOCUMENTS
from shared.web import Pages

LEASE = timedelta(seconds=5)


def compose(chassis: Chassis, settings: Settings) -> Parts:
    """Wire payments."""
    processor = SimulatedProcessor()
    cards, charges, refunds = Cards(chassis.db), Charges(chassis.db), Refunds(chassis.db)
    wallet = Wallet(
        opener=CardOpener(chassis.keyring),
        processor=processor,
        seen=SeenCards(chassis.db),
        cards=cards,
        new_id=chassis.new_id,
        card_lifetime=settings.card_lifetime,
    )
    till = Till(
        processor=processor,
        cards=cards,
        charges=charges,
        outbox=chassis.outbox,
        transact=chassis.db.transact,
        new_id=chassis.new_id,
        settle_after=settings.settle_after,
    )
    desk = RefundDesk(
        processor=processor,
        charges=charges,
        refunds=refunds,
        outbox=chassis.outbox,
        transact=chassis.db.transact,
        new_id=chassis.new_id,
        settle_after=settings.settle_after,
    )
    events = PaymentsEvents(
        own=OwnData(cards=cards, charges=charges, refunds=refunds),
        forget=chassis.forget,
        outbox=chassis.outbox,
        clock=chassis.clock,
    )

    async def settle() -> None:
        """Settle what is unknown, one replica at a time."""
        await chassis.leases.alone("settle", lambda: _settle(chassis, settings, till, desk), ttl=LEASE)

    return Parts(
        routes=PaymentsApi(wallet=wallet, till=till, desk=desk, pages=Pages(chassis.links)).routes(),
        documents=DOCUMENTS,
        subscriptions=events.subscriptions(),
        answers=events.answers(),
        workers={"settle-unknown-outcomes": settle},
        probes=PaymentsProbes(db=chassis.db, documents=(*CHASSIS_DOCUMENTS, *DOCUMENTS)).all(),
    )


async def _settle(chassis: Chassis, settings: Settings, till: Till, desk: RefundDesk) -> None:
    while True:
        await till.settle_unknown(at=chassis.clock())
        await desk.settle_unknown(at=chassis.clock())
        await asyncio.sleep(settings.settle_after.total_seconds() / 2)
