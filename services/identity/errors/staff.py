"""Errors of admin actions, abuse reports and frozen accounts."""

from shared.errors import ConflictError, ForbiddenError, MalformedError, NotFoundError, TooLargeError


class AccountFrozenError(ForbiddenError):
    """This account is frozen."""

    # Only after the owner has authenticated: others must not learn the state of an account.
    code = "identity.account.frozen"
    remedy = "Contact customer service to reopen it. Our email says why it was frozen."


class PasswordCancelledError(ForbiddenError):
    """The password of this account was cancelled. Set a new one to log in."""

    # Only after a valid passkey, or a password that was correct a moment ago.
    code = "identity.account.password_cancelled"
    remedy = "Set a new password: enter your email address under “Forgot password” and open the link we send you."


class AdminActionNotFoundError(NotFoundError):
    """The admin action does not exist."""

    code = "identity.admin_action.not_found"


class AdminActionForbiddenError(ForbiddenError):
    """Your role does not allow this action."""

    code = "identity.admin_action.forbidden"
    remedy = "Ask a colleague whose role allows it."


class AdminActionNotPendingError(ConflictError):
    """The action is no longer pending."""

    code = "identity.admin_action.not_pending"
    remedy = "Check who completed it and when. Request a new action if it is still needed."


class DuplicateAdminActionError(ConflictError):
    """The same action is already pending for this account."""

    code = "identity.admin_action.duplicate"
    remedy = "Check the pending actions."


class AdminActionNotApplicableError(ConflictError):
    """The action does not apply to the account in its current state."""

    code = "identity.admin_action.not_applicable"
    remedy = "Check the actions of the account: it may already be done."


class InvalidObjectionTokenError(MalformedError):
    """The link to object is invalid, or the action is no longer waiting."""

    code = "identity.objection_token.invalid"
    remedy = "Log in and check your security log. Contact customer service if you see what you did not ask for."


class NothingToObjectError(NotFoundError):
    """Customer service has announced nothing for your account."""

    code = "identity.objection.nothing_announced"
    remedy = "Check your security log: the action may be done, or stopped before."


class AbuseReportNotFoundError(NotFoundError):
    """The report does not exist."""

    code = "identity.abuse_report.not_found"


class AbuseReportNotOpenError(ConflictError):
    """The report is not in a state that allows this."""

    code = "identity.abuse_report.not_open"
    remedy = "Answer an open report once, and close it after it is answered."


class AbuseReportTooLargeError(TooLargeError):
    """The text of the report is longer than 10 kB."""

    code = "identity.abuse_report.too_large"
    remedy = "Shorten the text, or send the rest by encrypted email."


class QuestionNotFoundError(NotFoundError):
    """The question does not exist, or has expired."""

    code = "identity.question.not_found"


class QuestionAnsweredError(ConflictError):
    """The question has been answered."""

    code = "identity.question.answered"
    remedy = "Read the answer of your colleague. A further answer goes by email."


class QuestionTooLargeError(TooLargeError):
    """The text is longer than 10 kB."""

    code = "identity.question.too_large"
    remedy = "Shorten the text."


class InvalidLockTokenError(MalformedError):
    """The lock link is invalid, expired or already used."""

    code = "identity.lock_token.invalid"
    remedy = "Report it again to get a new link."
