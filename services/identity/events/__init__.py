"""Events and RPCs of identity: decode, then make one call."""

from services.identity.events.consumers import IdentityEvents
from services.identity.events.payments import PaymentEvents

__all__ = ["IdentityEvents", "PaymentEvents"]
