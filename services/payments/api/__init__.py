"""Payments over HTTP: parse, one call, render."""

from services.payments.api.billing import BillingApi
from services.payments.api.card_setups import CardSetupsApi
from services.payments.api.cards import CardsApi
from services.payments.api.charges import ChargesApi
from services.payments.api.conflicts import ConflictsApi
from services.payments.api.processor_events import ProcessorEventsApi
from services.payments.api.refunds import RefundsApi
from services.payments.api.simulated_authentications import SIMULATED_AUTHENTICATIONS, SimulatedAuthenticationsApi
from services.payments.api.simulated_card_pages import SIMULATED_PAGES, SimulatedCardPagesApi

__all__ = [
    "SIMULATED_AUTHENTICATIONS",
    "SIMULATED_PAGES",
    "BillingApi",
    "CardSetupsApi",
    "CardsApi",
    "ChargesApi",
    "ConflictsApi",
    "ProcessorEventsApi",
    "RefundsApi",
    "SimulatedAuthenticationsApi",
    "SimulatedCardPagesApi",
]
