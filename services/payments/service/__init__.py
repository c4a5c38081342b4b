"""What payments does: cards, charges, refunds, disputes, the books, export and erasure."""

from services.payments.service.billing_records import BillingRecords
from services.payments.service.bookkeeping import JournalAuditor
from services.payments.service.card_page_declines import CardPageDeclines
from services.payments.service.card_retention import CardRetention
from services.payments.service.card_setups import CardSetupService
from services.payments.service.card_updates import CardUpdater
from services.payments.service.carding import CardingGuard
from services.payments.service.cards import CardService
from services.payments.service.charges import ChargeRequest, ChargeService
from services.payments.service.conflicts import ConflictService
from services.payments.service.disputes import DisputeSettler
from services.payments.service.erasure import AccountEraser
from services.payments.service.export import AccountExport
from services.payments.service.figures import FigureComparer
from services.payments.service.operations import ChargeOperator
from services.payments.service.processor_events import ProcessorEventService
from services.payments.service.processor_reports import ProcessorReports
from services.payments.service.refunds import (
    RefundExecutor,
    RefundOrder,
    RefundRequests,
    RefundService,
    RefundSettler,
)
from services.payments.service.settlement import ChargeSettler
from services.payments.service.simulated_authentications import SimulatedAuthenticationService
from services.payments.service.simulated_card_pages import SimulatedCardPageService
from services.payments.service.staff_charges import StaffChargeService

__all__ = [
    "AccountEraser",
    "AccountExport",
    "BillingRecords",
    "CardPageDeclines",
    "CardRetention",
    "CardService",
    "CardSetupService",
    "CardUpdater",
    "CardingGuard",
    "ChargeOperator",
    "ChargeRequest",
    "ChargeService",
    "ChargeSettler",
    "ConflictService",
    "DisputeSettler",
    "FigureComparer",
    "JournalAuditor",
    "ProcessorEventService",
    "ProcessorReports",
    "RefundExecutor",
    "RefundOrder",
    "RefundRequests",
    "RefundService",
    "RefundSettler",
    "SimulatedAuthenticationService",
    "SimulatedCardPageService",
    "StaffChargeService",
]
