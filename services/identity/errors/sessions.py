"""Errors of sessions and app passwords."""

from shared.errors import ConflictError, NotFoundError


class SessionNotFoundError(NotFoundError):
    """You have no such session."""

    code = "identity.session.not_found"


class AppPasswordNotFoundError(NotFoundError):
    """You have no such app password."""

    code = "identity.app_password.not_found"


class TooManyAppPasswordsError(ConflictError):
    """You have reached the maximum number of app passwords."""

    code = "identity.app_password.too_many"
    remedy = "Revoke an app password you no longer use."
