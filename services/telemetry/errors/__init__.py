"""The errors of telemetry. None quotes what a client sent."""

from services.telemetry.errors.page_views import PageViewsOffError
from services.telemetry.errors.reports import (
    InvalidReportError,
    ReportsOverloadedError,
    ReportsRefusedError,
    TokenNotVerifiedError,
)
from services.telemetry.errors.statistics import (
    BudgetExceededError,
    InvalidWeekError,
    NoiseUnavailableError,
    ReleaseNotFoundError,
    WeekReleasedError,
)
from services.telemetry.errors.tokens import (
    InstallationsExceededError,
    InvalidBlindedElementError,
    ProgramUnavailableError,
    QuestionOutdatedError,
    TokenWeekNotOpenError,
)

__all__ = [
    "BudgetExceededError",
    "InstallationsExceededError",
    "InvalidBlindedElementError",
    "InvalidReportError",
    "InvalidWeekError",
    "NoiseUnavailableError",
    "PageViewsOffError",
    "ProgramUnavailableError",
    "QuestionOutdatedError",
    "ReleaseNotFoundError",
    "ReportsOverloadedError",
    "ReportsRefusedError",
    "TokenNotVerifiedError",
    "TokenWeekNotOpenError",
    "WeekReleasedError",
]
