"""Payments over HTTP: parse, one call, render."""

from services.payments.api.billing import BillingApi
from services.payments.api.cards import CardsApi
from services.payments.api.charges import ChargesApi
from services.payments.api.processor_events import ProcessorEventsApi
from services.payments.api.refunds import RefundsApi

__all__ = ["BillingApi", "CardsApi", "ChargesApi", "ProcessorEventsApi", "RefundsApi"]
