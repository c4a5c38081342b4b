"""What follows a charge: refunds and credits, disputes, the processor's events, the books, retention."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.payments.domain import RefundLimits
from services.payments.domain.retries import RetrySchedule
from services.payments.ports import EventVerifier, Processor
from services.payments.service import (
    BillingRecords,
    CardingGuard,
    CardPageDeclines,
    CardUpdater,
    ChargeSettler,
    ConflictService,
    DisputeSettler,
    FigureComparer,
    JournalAuditor,
    ProcessorEventService,
    ProcessorReports,
    RefundExecutor,
    RefundRequests,
    RefundService,
    RefundSettler,
)
from services.payments.wiring.stores import Stores
from shared.bus import Outbox
from shared.ids import NewId
from shared.mongo import Transact
from shared.settings import Secret


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What the services of payments get of the chassis."""

    processor: Processor
    carding: CardingGuard
    outbox: Outbox
    transact: Transact
    new_id: NewId
    retries: RetrySchedule


@dataclass(frozen=True, kw_only=True)
class AfterCharge:
    """The services of what follows a charge."""

    refund_service: RefundService
    conflict_service: ConflictService
    refund_executor: RefundExecutor
    refund_requests: RefundRequests
    reports: ProcessorReports
    event_service: ProcessorEventService
    billing_records: BillingRecords
    journal_auditor: JournalAuditor
    figure_comparer: FigureComparer


def build_charge_settler(stores: Stores, tools: Tools) -> ChargeSettler:
    """Return the settler of charges."""
    return ChargeSettler(
        charges=stores.charges,
        attempts=stores.attempts,
        orders=stores.orders,
        journal=stores.journal,
        carding=tools.carding,
        outbox=tools.outbox,
        transact=tools.transact,
        retries=tools.retries,
    )


def build_after_charge(
    stores: Stores,
    tools: Tools,
    *,
    charge_settler: ChargeSettler,
    refund_limits: RefundLimits,
    webhook_secrets: Sequence[Secret],
) -> AfterCharge:
    """Return the services."""
    refund_settler = RefundSettler(
        charges=stores.charges,
        refunds=stores.refunds,
        journal=stores.journal,
        outbox=tools.outbox,
        transact=tools.transact,
    )
    executor = RefundExecutor(
        processor=tools.processor, refunds=stores.refunds, settler=refund_settler, retries=tools.retries
    )
    reports = _build_reports(stores, tools, charge_settler, refund_settler)
    refund_service = RefundService(
        charges=stores.charges,
        refunds=stores.refunds,
        executor=executor,
        limits=refund_limits,
        outbox=tools.outbox,
        transact=tools.transact,
        new_id=tools.new_id,
    )
    return AfterCharge(
        refund_service=refund_service,
        conflict_service=ConflictService(
            processor=tools.processor,
            charges=stores.charges,
            resolutions=stores.resolutions,
            settler=charge_settler,
            refund_service=refund_service,
            refund_executor=executor,
            outbox=tools.outbox,
            transact=tools.transact,
            new_id=tools.new_id,
        ),
        refund_executor=executor,
        refund_requests=RefundRequests(refunds=stores.refunds, outbox=tools.outbox, transact=tools.transact),
        reports=reports,
        event_service=_build_event_service(stores, tools, reports, webhook_secrets),
        billing_records=BillingRecords(
            cards=stores.cards,
            charges=stores.charges,
            refunds=stores.refunds,
            disputes=stores.disputes,
            outbox=tools.outbox,
            transact=tools.transact,
            new_id=tools.new_id,
        ),
        journal_auditor=JournalAuditor(books=stores.books),
        figure_comparer=FigureComparer(
            processor=tools.processor, charges=stores.charges, differences=stores.differences, reports=reports
        ),
    )


def _build_reports(
    stores: Stores, tools: Tools, charge_settler: ChargeSettler, refund_settler: RefundSettler
) -> ProcessorReports:
    return ProcessorReports(
        processor=tools.processor,
        charges=stores.charges,
        attempts=stores.attempts,
        refunds=stores.refunds,
        charge_settler=charge_settler,
        refund_settler=refund_settler,
        dispute_settler=DisputeSettler(
            charges=stores.charges, disputes=stores.disputes, journal=stores.journal, transact=tools.transact
        ),
        transact=tools.transact,
        new_id=tools.new_id,
    )


def _build_event_service(
    stores: Stores, tools: Tools, reports: ProcessorReports, webhook_secrets: Sequence[Secret]
) -> ProcessorEventService:
    return ProcessorEventService(
        verifier=EventVerifier(webhook_secrets),
        events=stores.events,
        reports=reports,
        card_updater=CardUpdater(
            processor=tools.processor,
            cards=stores.cards,
            outbox=tools.outbox,
            transact=tools.transact,
            new_id=tools.new_id,
        ),
        page_declines=build_page_declines(stores, tools.processor, tools.carding),
    )


def build_page_declines(stores: Stores, processor: Processor, carding: CardingGuard) -> CardPageDeclines:
    """Return what counts the declines on the processor's page."""
    return CardPageDeclines(processor=processor, setups=stores.setups, carding=carding)
