"""The errors of taking reports."""

from shared.errors import InvalidInputError, UnavailableError


class InvalidReportError(InvalidInputError):
    """A report has values that its program does not have."""

    code = "telemetry.report.invalid"
    remedy = "Use the values of the program's lists, and all of its counters."


class ReportsRefusedError(InvalidInputError):
    """No report was accepted."""

    code = "telemetry.reports.refused"
    remedy = "Delete these reports: sending them again has the same result."


class TokenNotVerifiedError(InvalidInputError):
    """The token is not one of this week."""

    code = "telemetry.token.not_verified"
    remedy = "Send the number and the token of the report that is to be deleted."


class ReportsOverloadedError(UnavailableError):
    """Too many reports wait to be stored."""

    code = "telemetry.reports.overloaded"
    remedy = "Send the report again after the time in Retry-After."
