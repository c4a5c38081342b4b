"""The collections of telemetry. None of their fields identifies a person, a device or an address."""

from services.telemetry.store.budget import BudgetEntryDocument, BudgetLedger, BudgetYearDocument
from services.telemetry.store.issuances import AddressKeyDocument, IssuanceDocument, Issuances
from services.telemetry.store.page_views import PageViews, PageViewsDocument
from services.telemetry.store.releases import ReleaseDocument, Releases
from services.telemetry.store.reports import DeletedReportDocument, ReportDocument, Reports, report_id_of
from services.telemetry.store.weeks import WeekDocument, Weeks

DOCUMENTS = (
    AddressKeyDocument,
    IssuanceDocument,
    ReportDocument,
    DeletedReportDocument,
    WeekDocument,
    ReleaseDocument,
    BudgetEntryDocument,
    BudgetYearDocument,
    PageViewsDocument,
)

__all__ = [
    "DOCUMENTS",
    "AddressKeyDocument",
    "BudgetEntryDocument",
    "BudgetLedger",
    "BudgetYearDocument",
    "DeletedReportDocument",
    "IssuanceDocument",
    "Issuances",
    "PageViews",
    "PageViewsDocument",
    "ReleaseDocument",
    "Releases",
    "ReportDocument",
    "Reports",
    "WeekDocument",
    "Weeks",
    "report_id_of",
]
