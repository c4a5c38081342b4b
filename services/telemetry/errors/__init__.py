"""The errors of telemetry. None quotes what a client sent."""

from services.telemetry.errors.reports import (
    InvalidReportError,
    ReportsOverloadedError,
    ReportsRefusedError,
    TokenNotVerifiedError,
)
from services.telemetry.errors.tokens import (
    InstallationsExceededError,
    InvalidBlindedElementError,
    ProgramUnavailableError,
    QuestionOutdatedError,
    TokenWeekNotOpenError,
)

__all__ = [
    "InstallationsExceededError",
    "InvalidBlindedElementError",
    "InvalidReportError",
    "ProgramUnavailableError",
    "QuestionOutdatedError",
    "ReportsOverloadedError",
    "ReportsRefusedError",
    "TokenNotVerifiedError",
    "TokenWeekNotOpenError",
]
