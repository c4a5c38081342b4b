"""The errors of the processor's events."""

from shared.errors import MalformedError


class InvalidEventError(MalformedError):
    """The signature of the event is wrong, old, or from the future."""

    code = "payments.processor_event.invalid"
    remedy = "Check the signing secret of the endpoint and the clock of this server."
