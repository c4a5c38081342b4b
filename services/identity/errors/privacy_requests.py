"""Errors of exports and erasures."""

from shared.errors import ConflictError, MalformedError, NotFoundError, UnavailableError


class ExportNotFoundError(NotFoundError):
    """You have no such export."""

    code = "identity.export.not_found"


class InvalidExportLinkError(MalformedError):
    """The link to the export is invalid or expired."""

    code = "identity.export_link.invalid"
    remedy = "Ask customer service for a new export."


class ExportNotReadyError(ConflictError):
    """The archive is not ready yet, or has expired."""

    code = "identity.export.not_ready"
    remedy = "Check the state of the export. Request a new one if it has expired."


class ExportBusyError(UnavailableError):
    """Another export of yours is being changed."""

    code = "identity.export.busy"


class ErasureNotFoundError(NotFoundError):
    """The erasure does not exist."""

    code = "identity.erasure.not_found"


class ErasureAlreadyScheduledError(ConflictError):
    """The erasure of this account is already scheduled."""

    code = "identity.erasure.already_scheduled"
    remedy = "Cancel the scheduled erasure first, or wait for it."


class ErasureNotScheduledError(NotFoundError):
    """No erasure is scheduled."""

    code = "identity.erasure.not_scheduled"
