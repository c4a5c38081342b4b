"""The composition root of payments."""

import asyncio
from datetime import timedelta

from services.payments.api import CardsApi, ChargesApi, RefundsApi
from services.payments.ports import CardDecrypter, Processor, SimulatedProcessor
from services.payments.promises import PaymentsProbes
from services.payments.service import (
    AccountEraser,
    AccountExport,
    CardService,
    ChargeOperator,
    ChargeService,
    ChargeSettler,
    RefundService,
)
from services.payments.settings import Settings
from services.payments.store import (
    DOCUMENTS,
    Attempts,
    Cards,
    Charges,
    PendingOrders,
    Refunds,
    UsedCardPayloads,
)
from shared.chassis import Chassis, ServiceSpec
from shared.chassis.spec import DOCUMENTS as CHASSIS_DOCUMENTS
from shared.privacy import ErasureConsumer, ExportServer
from shared.web import Paginator

RECONCILE_LEASE_TTL = timedelta(seconds=5)


def compose(chassis: Chassis, settings: Settings) -> ServiceSpec:
    """Return the specification of payments: routes, documents, events, workers, probes."""
    processor = SimulatedProcessor(clock=chassis.clock)
    cards, charges, refunds = Cards(chassis.db), Charges(chassis.db), Refunds(chassis.db)
    attempts, orders = Attempts(chassis.db), PendingOrders(chassis.db)
    operator = _build_operator(chassis, settings, processor)
    card_service = _build_card_service(chassis, settings, processor, cards=cards)
    charge_service = ChargeService(
        processor=processor,
        cards=cards,
        charges=charges,
        attempts=attempts,
        orders=orders,
        operator=operator,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
        check_after=settings.reconcile_after,
    )
    refund_service = _build_refund_service(chassis, settings, processor, charges=charges, refunds=refunds)
    erasure = ErasureConsumer(
        service="payments",
        account_eraser=AccountEraser(
            cards=cards,
            charges=charges,
            attempts=attempts,
            orders=orders,
            refunds=refunds,
            erase_subject=chassis.erase_subject,
        ),
        outbox=chassis.outbox,
        clock=chassis.clock,
    )
    export = ExportServer(
        service="payments", account_export=AccountExport(cards=cards, charges=charges, refunds=refunds)
    )

    async def reconcile() -> None:
        # One replica at a time: two would ask the processor twice about each payment.
        await chassis.leases.run_exclusive(
            "reconcile-pending-payments",
            lambda: _reconcile_pending(chassis, settings, operator, refund_service),
            ttl=RECONCILE_LEASE_TTL,
        )

    paginator = Paginator(chassis.token_sealer)
    return ServiceSpec(
        routes=(
            *CardsApi(card_service=card_service, paginator=paginator).build_routes(),
            *ChargesApi(charge_service=charge_service, paginator=paginator).build_routes(),
            *RefundsApi(refund_service=refund_service, paginator=paginator).build_routes(),
        ),
        documents=DOCUMENTS,
        subscriptions=(erasure.build_subscription(),),
        rpc_handlers=(export.build_rpc_handler(),),
        workers={"reconcile-pending-payments": reconcile},
        probes=PaymentsProbes(db=chassis.db, documents=(*CHASSIS_DOCUMENTS, *DOCUMENTS)).build_probes(),
    )


def _build_card_service(chassis: Chassis, settings: Settings, processor: Processor, *, cards: Cards) -> CardService:
    return CardService(
        decrypter=CardDecrypter(chassis.keyring),
        processor=processor,
        used_payloads=UsedCardPayloads(chassis.db),
        cards=cards,
        new_id=chassis.new_id,
        card_payload_ttl=settings.card_payload_ttl,
    )


def _build_operator(chassis: Chassis, settings: Settings, processor: Processor) -> ChargeOperator:
    charges, attempts = Charges(chassis.db), Attempts(chassis.db)
    settler = ChargeSettler(
        charges=charges,
        attempts=attempts,
        orders=PendingOrders(chassis.db),
        outbox=chassis.outbox,
        transact=chassis.db.with_transaction,
        check_after=settings.reconcile_after,
    )
    return ChargeOperator(processor=processor, charges=charges, attempts=attempts, settler=settler)


def _build_refund_service(
    chassis: Chassis, settings: Settings, processor: Processor, *, charges: Charges, refunds: Refunds
) -> RefundService:
    return RefundService(
        processor=processor,
        charges=charges,
        refunds=refunds,
        outbox=chassis.outbox,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
        reconcile_after=settings.reconcile_after,
    )


async def _reconcile_pending(
    chassis: Chassis, settings: Settings, operator: ChargeOperator, refund_service: RefundService
) -> None:
    while True:
        await operator.reconcile_due(at=chassis.clock())
        await refund_service.reconcile_pending(at=chassis.clock())
        await asyncio.sleep(settings.reconcile_after.total_seconds() / 2)
