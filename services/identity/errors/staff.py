"""Refusals of acts of the staff, of reports, and of accounts that are frozen."""

from shared.errors import ConflictError, ForbiddenError, MalformedError, NotFoundError, TooLargeError


class AccountFrozenError(ForbiddenError):
    """This account is frozen."""

    # Told only to whoever has just proven to be its owner.
    code = "identity.account.frozen"
    remedy = "Write to customer service to have it opened again; the mail that we sent says why it was frozen."


class PasswordCancelledError(ForbiddenError):
    """The password of this account is cancelled, and nothing else opens it until there is a new one."""

    # Told only to whoever has just shown a passkey of the account, or knew the password a moment ago.
    code = "identity.account.password_cancelled"
    remedy = "Choose a new password: name your address under “Forgotten password” and open the link that we mail you."


class AdminActionNotFoundError(NotFoundError):
    """There is no such act."""

    code = "identity.admin_action.not_found"


class AdminActionForbiddenError(ForbiddenError):
    """Your role does not allow this act."""

    code = "identity.admin_action.forbidden"
    remedy = "Ask somebody whose role allows it."


class AdminActionNotPendingError(ConflictError):
    """The act is settled, or has expired."""

    code = "identity.admin_action.not_pending"
    remedy = "Read the act: it says who settled it and when; ask for a new one where it is still needed."


class DuplicateAdminActionError(ConflictError):
    """The same act is waiting for somebody to allow it."""

    code = "identity.admin_action.duplicate"
    remedy = "Look at the open acts."


class AdminActionNotApplicableError(ConflictError):
    """The account is not in a state that allows this act."""

    code = "identity.admin_action.not_applicable"
    remedy = "Read the acts of the account; perhaps it is done already."


class AbuseReportNotFoundError(NotFoundError):
    """There is no such report."""

    code = "identity.abuse_report.not_found"


class AbuseReportNotOpenError(ConflictError):
    """The report is not in a state that allows this."""

    code = "identity.abuse_report.not_open"
    remedy = "Answer an open report once; close it when it is answered."


class AbuseReportTooLargeError(TooLargeError):
    """The text of a report is longer than 10 kB."""

    code = "identity.abuse_report.too_large"
    remedy = "Say it in less; send more by encrypted mail."


class InvalidLockTokenError(MalformedError):
    """The link that locks an account is not valid: used, expired or altered."""

    code = "identity.lock_token.invalid"
    remedy = "Report it again to get a new link."
