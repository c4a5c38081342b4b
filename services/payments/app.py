"""The composition root of payments: opens nothing itself, wires everything, reads from top to bottom."""

import asyncio

from services.payments.api import PaymentsApi
from services.payments.events import PaymentsEvents
from services.payments.ports import CardOpener, SimulatedProcessor
from services.payments.promises import PaymentsProbes
from services.payments.service import Payments
from services.payments.settings import Settings
from services.payments.store import DOCUMENTS, Cards, Charges, SeenCards
from shared.chassis import Chassis, Parts


def compose(chassis: Chassis, settings: Settings) -> Parts:
    """Wire payments."""
    opener = CardOpener(chassis.keyring)
    cards, charges = Cards(chassis.db), Charges(chassis.db)
    payments = Payments(
        opener=opener,
        processor=SimulatedProcessor(chassis.new_id),
        seen=SeenCards(chassis.db),
        cards=cards,
        charges=charges,
        outbox=chassis.outbox,
        transact=chassis.db.transact,
        new_id=chassis.new_id,
        card_lifetime=settings.card_lifetime,
    )
    events = PaymentsEvents(cards=cards, charges=charges, outbox=chassis.outbox, clock=chassis.clock)

    async def settle() -> None:
        while True:
            now = chassis.clock()
            await payments.settle_unknown(before=now - settings.settle_after, at=now)
            await asyncio.sleep(settings.settle_after.total_seconds())

    return Parts(
        routes=PaymentsApi(payments=payments, cards=cards, charges=charges, opener=opener).routes(),
        documents=DOCUMENTS,
        subscriptions=events.subscriptions(),
        answers=events.answers(),
        workers={"settle-unknown-outcomes": settle},
        probes=PaymentsProbes(db=chassis.db).all(),
    )
