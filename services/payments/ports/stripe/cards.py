"""Cards at Stripe: typed on Stripe's page, or handed over by the direct way."""

from collections.abc import Mapping
from datetime import timedelta

import stripe

from services.payments.domain import CardDetails, DeclineReason, ReportedCard
from services.payments.ports.processor import (
    CardPage,
    CardPageDecline,
    CardPageStatus,
    ProcessorDeclinedError,
    ProcessorRejectedError,
)
from services.payments.ports.stripe.client import (
    JsonObject,
    StripeCaller,
    StripeCardError,
    StripeConnection,
    idempotent,
    read_answer,
)
from services.payments.ports.stripe.reports import decline_of, report_card
from services.payments.ports.test_numbers import TEST_NUMBERS

_GONE = "resource_missing"
_PAGE_STATUSES = {
    "open": CardPageStatus.OPEN,
    "complete": CardPageStatus.COMPLETED,
    "expired": CardPageStatus.EXPIRED,
}
_WITH_CARD = ["setup_intent.payment_method"]
_PAGE_KEY_METADATA = "card_setup_id"


class StripeCards:
    """A card is a PaymentMethod of a Customer of its own, which has no data of a person.

    The reference is ``pm_…/cus_…``: without a Customer a PaymentMethod can be charged only once.
    """

    def __init__(self, connection: StripeConnection, *, timeout: timedelta, is_live: bool) -> None:
        self._connection = connection
        self._api = connection.client.v1
        self._caller = StripeCaller(timeout=timeout)
        self._is_live = is_live

    async def create_card_page(self, *, return_url: str, key: str) -> CardPage:
        """Open a page of Stripe (Checkout in setup mode), which creates a Customer with the card."""
        params: stripe.params.checkout.SessionCreateParams = {
            "mode": "setup",
            "currency": "usd",  # required without a list of methods; a card is stored for every currency
            "allowed_payment_method_types": ["card"],
            "customer_creation": "always",
            "setup_intent_data": {"metadata": {_PAGE_KEY_METADATA: key}},
            "success_url": return_url,
            "cancel_url": return_url,
        }
        page = await self._caller.call(lambda: self._api.checkout.sessions.create_async(params, idempotent(key)))
        return read_answer(lambda: _report_page(page))

    async def get_card_page(self, reference: str) -> CardPage:
        """Return the page, with the card that was entered."""
        page = await self._caller.call(
            lambda: self._api.checkout.sessions.retrieve_async(reference, {"expand": _WITH_CARD})
        )
        return read_answer(lambda: _report_page(page))

    async def find_page_decline(self, setup_reference: str) -> CardPageDecline | None:
        """Return the last error of a SetupIntent."""
        intent = await self._caller.call(lambda: self._api.setup_intents.retrieve_async(setup_reference))
        return read_answer(lambda: _report_decline(intent))

    async def tokenize(self, card: CardDetails, *, key: str) -> ReportedCard:
        """Create a PaymentMethod and attach it to a new Customer, which lets the bank check it."""
        if self._is_live and card.number.reveal_text() in TEST_NUMBERS:
            raise ProcessorDeclinedError(DeclineReason.LIVE_MODE_TEST_CARD)
        try:
            method = await self._create_method(card, key)
            customer = await self._caller.call(
                lambda: self._api.customers.create_async({"metadata": {"key": key}}, idempotent(f"{key}-customer"))
            )
            method_id, customer_id = str(method["id"]), str(customer["id"])
            attached = await self._caller.call(
                lambda: self._api.payment_methods.attach_async(
                    method_id, {"customer": customer_id}, idempotent(f"{key}-attach")
                )
            )
        except StripeCardError as fault:
            raise ProcessorDeclinedError(decline_of(fault.error)) from None
        except ProcessorRejectedError as fault:
            raise ProcessorDeclinedError(DeclineReason.from_processor(fault.code)) from None
        return read_answer(lambda: report_card(attached, reference=f"{method_id}/{customer_id}"))

    async def _create_method(self, card: CardDetails, key: str) -> JsonObject:
        return await self._caller.call(
            lambda: self._api.payment_methods.create_async(
                {
                    "type": "card",
                    "card": {
                        "number": card.number.reveal_text(),
                        "exp_month": card.exp_month,
                        "exp_year": card.exp_year,
                        "cvc": card.security_code.reveal_text(),
                    },
                },
                idempotent(f"{key}-method"),
            )
        )

    async def get_card(self, reference: str) -> ReportedCard | None:
        """Return the PaymentMethod."""
        _, method_id = split_reference(reference)
        try:
            method = await self._caller.call(lambda: self._api.payment_methods.retrieve_async(method_id))
        except ProcessorRejectedError as fault:
            if fault.code == _GONE:
                return None
            raise
        if method.get("customer") is None:
            return None  # detached: it can be charged no more
        return read_answer(lambda: report_card(method, reference=reference))

    async def delete_card(self, reference: str) -> None:
        """Delete the Customer, which detaches its PaymentMethod."""
        customer_id, _ = split_reference(reference)
        try:
            await self._caller.call(lambda: self._api.customers.delete_async(customer_id))
        except ProcessorRejectedError as fault:
            if fault.code != _GONE:
                raise


def split_reference(reference: str) -> tuple[str, str]:
    """Return the ids of the Customer and of the PaymentMethod."""
    method_id, _, customer_id = reference.partition("/")
    return customer_id, method_id


def _report_page(page: JsonObject) -> CardPage:
    status, card = _PAGE_STATUSES[page["status"]], None
    if status is CardPageStatus.COMPLETED:
        method = page["setup_intent"]["payment_method"]
        card = report_card(method, reference=f"{method['id']}/{page['customer']}")
    intent = page.get("setup_intent")
    return CardPage(
        reference=str(page["id"]),
        url=str(page.get("url") or ""),
        status=status,
        card=card,
        decline=_report_decline(intent) if isinstance(intent, Mapping) else None,
    )


def _report_decline(intent: JsonObject) -> CardPageDecline | None:
    """Return the last decline; None also for a SetupIntent that no page of ours opened."""
    error, page_key = intent.get("last_setup_error"), (intent.get("metadata") or {}).get(_PAGE_KEY_METADATA)
    if not error or not page_key:
        return None
    attempt = intent["latest_attempt"]
    return CardPageDecline(
        page_key=str(page_key),
        decline_id=str(attempt["id"] if isinstance(attempt, Mapping) else attempt),
        reason=decline_of(error),
    )
