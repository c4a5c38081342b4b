"""What telemetry does: issues tokens, takes reports, and says that it knows no account."""

from services.telemetry.service.erasure import AccountEraser, AccountExport
from services.telemetry.service.ingest import ReportIngest
from services.telemetry.service.releases import ReleaseService
from services.telemetry.service.reports import ReportBatch, ReportService
from services.telemetry.service.tokens import IssuedToken, PublishedKey, TokenIssuer

__all__ = [
    "AccountEraser",
    "AccountExport",
    "IssuedToken",
    "PublishedKey",
    "ReleaseService",
    "ReportBatch",
    "ReportIngest",
    "ReportService",
    "TokenIssuer",
]
