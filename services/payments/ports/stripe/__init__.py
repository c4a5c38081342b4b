"""Stripe as the processor of cards."""

from services.payments.ports.stripe.client import StripeConnection, open_stripe
from services.payments.ports.stripe.processor import StripeProcessor

__all__ = ["StripeConnection", "StripeProcessor", "open_stripe"]
