"""The errors of the defence against carding."""

from shared.errors import TooManyRequestsError


class CardAttemptsExceededError(TooManyRequestsError):
    """Too many cards were declined."""

    code = "payments.card.attempts_exceeded"
    remedy = "Wait for the time in Retry-After. Contact the bank that issued the card before you try it again."
