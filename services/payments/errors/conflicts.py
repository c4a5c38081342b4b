"""The errors of conflicted charges."""

from shared.errors import ConflictError, NotFoundError


class ResolutionNotFoundError(NotFoundError):
    """There is no such resolution."""

    code = "payments.resolution.not_found"


class ResolutionOutdatedError(ConflictError):
    """The processor's figures have changed since the resolution was proposed."""

    code = "payments.resolution.outdated"
    remedy = "Propose it again: the second person approves the figures that the first one saw."


class ChargeNotConflictedError(ConflictError):
    """The charge is not conflicted, or is resolved already."""

    code = "payments.charge.not_conflicted"
    remedy = "Read the charge: its state says what it is now."


class ConflictNotResolvableError(ConflictError):
    """The processor's figures cannot be taken over."""

    code = "payments.charge.not_resolvable"
    remedy = "Wait for the final figures, or settle it at the processor: the books have another currency, or refunds."
