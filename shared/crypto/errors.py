"""What sealing, opening and linking can refuse."""

from shared.errors import ForbiddenError, MalformedError, ServiceError


class DecryptionError(ServiceError):
    """A sealed value does not open: altered, moved from its place, or sealed under another key."""

    code = "data.ciphertext.decryption_failed"
    status = 500
    remedy = "Nothing a caller can do; an operator must look at this record."


class KeyDestroyedError(ServiceError):
    """The key of this subject was destroyed: what it sealed can never be read again."""

    code = "data.key.destroyed"
    status = 410
    remedy = "The data was erased; there is nothing to ask for."


class PurposeDeniedError(ForbiddenError):
    """This field may not be read for that purpose."""

    code = "data.purpose.denied"
    remedy = "Read only the fields that carry your purpose."


class InvalidTokenError(MalformedError):
    """This link is not valid, or no longer."""

    code = "auth.token.invalid"
    remedy = "Ask for a new link."
