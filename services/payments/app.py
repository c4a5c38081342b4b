"""The composition root of payments."""

from services.payments.api import BillingApi, ChargesApi, ConflictsApi, ProcessorEventsApi, RefundsApi
from services.payments.domain import RefundLimits
from services.payments.domain.retries import RetrySchedule
from services.payments.promises import PaymentsProbes
from services.payments.service import (
    AccountEraser,
    AccountExport,
    CardingGuard,
    CardRetention,
    ChargeOperator,
    ChargeService,
    ChargeSettler,
    StaffChargeService,
)
from services.payments.settings import Settings
from services.payments.store import DOCUMENTS
from services.payments.wiring.after_charge import AfterCharge, Tools, build_after_charge, build_charge_settler
from services.payments.wiring.card_entry import build_card_routes
from services.payments.wiring.processor import build_processor, build_webhook_workers, hold_open
from services.payments.wiring.stores import Stores, build_stores
from services.payments.wiring.workers import PaymentWorkers
from shared.chassis import Chassis, ServiceSpec
from shared.chassis.spec import DOCUMENTS as CHASSIS_DOCUMENTS
from shared.privacy import ErasureConsumer, ExportServer
from shared.promises import Probe
from shared.promises.card_scan import FILE_NAME
from shared.web import Paginator, Route


def compose(chassis: Chassis, settings: Settings) -> ServiceSpec:
    """Return the specification of payments: routes, documents, events, workers, probes."""
    processor = build_processor(settings, chassis.clock)
    stores = build_stores(chassis.db, chassis.vault.blind_index)
    carding = CardingGuard(tallies=stores.decline_tallies, transact=chassis.db.with_transaction)
    tools = Tools(
        processor=processor,
        carding=carding,
        outbox=chassis.outbox,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
        retries=RetrySchedule(settings.reconcile_after),
    )
    settler = build_charge_settler(stores, tools)
    operator = _build_operator(chassis, stores, tools, settler)
    after_charge = build_after_charge(
        stores,
        tools,
        charge_settler=settler,
        refund_limits=RefundLimits(alone=settings.refund_limits),
        webhook_secrets=settings.webhook_secrets,
    )
    charge_service = _build_charge_service(tools, stores, operator)
    erasure, export = _build_erasure(chassis, stores), _build_export(stores)
    workers = PaymentWorkers(
        leases=chassis.leases,
        clock=chassis.clock,
        charge_operator=operator,
        after_charge=after_charge,
        card_retention=CardRetention(
            processor=processor, cards=stores.cards, charges=stores.charges, refund_window=settings.refund_window
        ),
        stores=stores,
        reconcile_interval=settings.reconcile_after / 2,
        audit_interval=settings.audit_interval,
    )
    return ServiceSpec(
        routes=_build_routes(
            chassis,
            card_routes=build_card_routes(chassis, settings, processor, stores, carding=carding),
            charge_service=charge_service,
            staff_charge_service=StaffChargeService(
                charge_service=charge_service,
                charges=stores.charges,
                outbox=tools.outbox,
                transact=tools.transact,
                new_id=tools.new_id,
            ),
            after_charge=after_charge,
        ),
        documents=DOCUMENTS,
        subscriptions=(erasure.build_subscription(),),
        rpc_handlers=(export.build_rpc_handler(),),
        workers={
            **workers.build_workers(),
            **build_webhook_workers(settings, processor.processor, chassis.clock),
            "hold-processor": hold_open(processor),
        },
        probes=_build_probes(chassis, settings),
    )


def _build_operator(chassis: Chassis, stores: Stores, tools: Tools, settler: ChargeSettler) -> ChargeOperator:
    return ChargeOperator(
        processor=tools.processor,
        charges=stores.charges,
        attempts=stores.attempts,
        settler=settler,
        build_return_url=lambda charge_id: f"{chassis.settings.public_url}/account/payments/{charge_id}",
    )


def _build_routes(
    chassis: Chassis,
    *,
    card_routes: tuple[Route, ...],
    charge_service: ChargeService,
    staff_charge_service: StaffChargeService,
    after_charge: AfterCharge,
) -> tuple[Route, ...]:
    paginator = Paginator(chassis.token_sealer)
    return (
        *card_routes,
        *ChargesApi(
            charge_service=charge_service, staff_charge_service=staff_charge_service, paginator=paginator
        ).build_routes(),
        *RefundsApi(
            refund_service=after_charge.refund_service,
            refund_requests=after_charge.refund_requests,
            paginator=paginator,
        ).build_routes(),
        *BillingApi(billing_records=after_charge.billing_records, paginator=paginator).build_routes(),
        *ConflictsApi(conflict_service=after_charge.conflict_service).build_routes(),
        *ProcessorEventsApi(event_service=after_charge.event_service).build_routes(),
    )


def _build_probes(chassis: Chassis, settings: Settings) -> tuple[Probe, ...]:
    return PaymentsProbes(
        db=chassis.db,
        documents=(*CHASSIS_DOCUMENTS, *DOCUMENTS),
        scan_file=settings.common.data_dir / FILE_NAME,
        clock=chassis.clock,
    ).build_probes()


def _build_charge_service(tools: Tools, stores: Stores, operator: ChargeOperator) -> ChargeService:
    return ChargeService(
        processor=tools.processor,
        cards=stores.cards,
        charges=stores.charges,
        attempts=stores.attempts,
        orders=stores.orders,
        operator=operator,
        carding=tools.carding,
        transact=tools.transact,
        new_id=tools.new_id,
        check_after=tools.retries.first,
    )


def _build_erasure(chassis: Chassis, stores: Stores) -> ErasureConsumer:
    return ErasureConsumer(
        service="payments",
        account_eraser=AccountEraser(
            cards=stores.cards,
            setups=stores.setups,
            charges=stores.charges,
            attempts=stores.attempts,
            orders=stores.orders,
            refunds=stores.refunds,
            disputes=stores.disputes,
            decline_tallies=stores.decline_tallies,
            erase_subject=chassis.erase_subject,
        ),
        outbox=chassis.outbox,
        clock=chassis.clock,
    )


def _build_export(stores: Stores) -> ExportServer:
    return ExportServer(
        service="payments",
        account_export=AccountExport(
            cards=stores.cards, charges=stores.charges, refunds=stores.refunds, disputes=stores.disputes
        ),
    )
