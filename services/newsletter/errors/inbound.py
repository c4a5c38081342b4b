"""The errors of mail that came in."""

from shared.errors import NotFoundError, UnavailableError


class ReceivedMailNotFoundError(NotFoundError):
    """There is no such received mail."""

    code = "newsletter.received_mail.not_found"
    remedy = "Check the id: records of received mail are deleted after 90 days."


class InboundFullError(UnavailableError):
    """Too many received mails wait for staff."""

    code = "newsletter.received_mail.full"
    remedy = "Settle the waiting mails, or wait: they are deleted after 30 days."
