"""What telemetry does: issues tokens, takes reports, releases statistics, and says that it knows no account."""

from services.telemetry.service.erasure import AccountEraser, AccountExport
from services.telemetry.service.ingest import ReportIngest
from services.telemetry.service.page_views import PageViewService
from services.telemetry.service.releases import ReleaseJob, ReleasePlan, ReleaseRound
from services.telemetry.service.reports import ReportBatch, ReportService
from services.telemetry.service.statistics import LedgerYear, PublicStatistics, PublishedRelease
from services.telemetry.service.tokens import IssuedToken, PublishedKey, TokenIssuer

__all__ = [
    "AccountEraser",
    "AccountExport",
    "IssuedToken",
    "LedgerYear",
    "PageViewService",
    "PublicStatistics",
    "PublishedKey",
    "PublishedRelease",
    "ReleaseJob",
    "ReleasePlan",
    "ReleaseRound",
    "ReportBatch",
    "ReportIngest",
    "ReportService",
    "TokenIssuer",
]
