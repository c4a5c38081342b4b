"""What sealing, opening and linking can refuse."""

from shared.errors import ForbiddenError, MalformedError, ServiceError


class SealBrokenError(ServiceError):
    """A sealed value does not open: altered, moved from its place, or sealed under another key."""

    code = "seal.broken"
    status = 500
    remedy = "Nothing a caller can do; an operator must look at this record."


class SubjectForgottenError(ServiceError):
    """The key of this subject was destroyed: what it sealed can never be read again."""

    code = "subject.forgotten"
    status = 410
    remedy = "The data was erased; there is nothing to ask for."


class PurposeRefusedError(ForbiddenError):
    """This field may not be read for that purpose."""

    code = "purpose.refused"
    remedy = "Read only the fields that carry your purpose."


class LinkRefusedError(MalformedError):
    """This link is not valid, or no longer."""

    code = "link.refused"
    remedy = "Ask for a new link."
