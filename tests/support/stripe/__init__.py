"""Stripe's side of the wire in tests: localstripe in a process of its own, and a wrapper that adds what it lacks."""

from tests.support.stripe.faults import Fault
from tests.support.stripe.process import localstripe, localstripe_python
from tests.support.stripe.wrapper import StripeWrapper

__all__ = ["Fault", "StripeWrapper", "localstripe", "localstripe_python"]
