"""The errors of encryption, decryption and link tokens."""

from shared.errors import ForbiddenError, MalformedError, ServiceError


class DecryptionError(ServiceError):
    """Stored data could not be decrypted.

    It was altered, moved to another field or row, or encrypted under another key.
    """

    code = "data.ciphertext.decryption_failed"
    status = 500
    remedy = "Report the instance of this problem: an operator must check the record."


class KeyDestroyedError(ServiceError):
    """The key of this data was destroyed.

    Data that was encrypted under it can never be read again.
    """

    code = "data.key.destroyed"
    status = 410
    remedy = "The data was erased and cannot be restored."


class PurposeDeniedError(ForbiddenError):
    """This field may not be read for this purpose."""

    code = "data.purpose.denied"
    remedy = "Read only fields that are declared for your purpose."


class InvalidTokenError(MalformedError):
    """This link is invalid or has expired."""

    code = "auth.token.invalid"
    remedy = "Request a new link."
