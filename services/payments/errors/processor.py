"""The errors of the processor."""

from shared.errors import UnavailableError


class ProcessorUnavailableError(UnavailableError):
    """The card processor is not available, and nothing was done."""

    code = "payments.processor.unavailable"
    remedy = "Send the same request with the same Idempotency-Key after Retry-After."
