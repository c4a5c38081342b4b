"""Errors of exports and erasures."""

from shared.errors import ConflictError, NotFoundError, UnavailableError


class ExportNotFoundError(NotFoundError):
    """You have no such export."""

    code = "identity.export.not_found"


class ExportNotReadyError(ConflictError):
    """The archive is not there: still being collected, or expired."""

    code = "identity.export.not_ready"
    remedy = "Read the state of the export; ask for a new one when it has expired."


class ExportBusyError(UnavailableError):
    """Another export of yours has changed at the same moment."""

    code = "identity.export.busy"


class ErasureNotFoundError(NotFoundError):
    """There is no such erasure."""

    code = "identity.erasure.not_found"


class ErasureAlreadyScheduledError(ConflictError):
    """The erasure of this account is planned already."""

    code = "identity.erasure.already_scheduled"
    remedy = "Wait for the day, or take it back."


class ErasureNotScheduledError(NotFoundError):
    """No erasure is planned that could be taken back."""

    code = "identity.erasure.not_scheduled"
