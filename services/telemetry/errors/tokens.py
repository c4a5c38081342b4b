"""The errors of issuing tokens."""

from shared.errors import ConflictError, InvalidInputError, TooManyRequestsError


class QuestionOutdatedError(ConflictError):
    """The question has changed since the opt-in."""

    code = "telemetry.question.outdated"
    remedy = "Show the current question and ask again. Send nothing before the person agrees."


class ProgramUnavailableError(InvalidInputError):
    """This program does not report here."""

    code = "telemetry.program.unavailable"
    remedy = "Use a program of the lists; candor-demo exists in local mode alone."


class TokenWeekNotOpenError(InvalidInputError):
    """No tokens are issued for a named week."""

    code = "telemetry.token_week.not_open"
    remedy = "Ask for the 13 weeks that follow the current one, as GET /v1/telemetry/keys lists them."


class InvalidBlindedElementError(InvalidInputError):
    """A blinded element is invalid."""

    code = "telemetry.blinded_element.invalid"
    remedy = "Send an element of ristretto255 as RFC 9497 blinds it, in base64url without padding."


class InstallationsExceededError(TooManyRequestsError):
    """Too many installations have asked for tokens from this address this week."""

    code = "telemetry.installations.exceeded"
    remedy = "Wait until the next week, or ask from another address."
