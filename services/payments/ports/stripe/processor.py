"""The port over Stripe's PaymentIntents."""

from collections.abc import Awaitable, Callable, Sequence

import stripe

from services.payments.domain import (
    Money,
    ReportedDispute,
    ReportedPayment,
    ReportedRefund,
    to_processor_amount,
)
from services.payments.ports.processor import PaymentOrder, ProcessorRejectedError
from services.payments.ports.stripe.cards import StripeCards, split_reference
from services.payments.ports.stripe.client import JsonObject, StripeCardError, idempotent, read_answer
from services.payments.ports.stripe.reports import (
    KEY_METADATA,
    REFUND_KEY_METADATA,
    decline_of,
    report_dispute,
    report_payment,
    report_refund,
)

Request = Callable[[], Awaitable[stripe.StripeObject]]

_WITH_CHARGE = ["latest_charge"]


class StripeProcessor(StripeCards):
    """Stripe: cards, payments, refunds, disputes."""

    retry_after = 0

    async def authorize(self, order: PaymentOrder, *, key: str) -> ReportedPayment:
        """Create and confirm a PaymentIntent. Our key is also in its metadata, to find it by."""
        customer_id, method_id = split_reference(order.reference)
        params: stripe.params.PaymentIntentCreateParams = {
            "amount": _to_amount(order.price),
            "currency": order.price.currency.lower(),
            "customer": customer_id,
            "payment_method": method_id,
            "allowed_payment_method_types": ["card"],
            "capture_method": "automatic" if order.is_capture_automatic else "manual",
            "confirm": True,
            "metadata": {"charge_id": order.charge_id, KEY_METADATA: key},
            "expand": _WITH_CHARGE,
        }
        if order.return_url:
            params["return_url"] = order.return_url
        try:
            return await self._report(lambda: self._api.payment_intents.create_async(params, idempotent(key)))
        except StripeCardError as fault:
            return _report_decline(fault.error)

    async def capture(self, payment_id: str, price: Money, *, key: str) -> ReportedPayment:
        """Capture; Stripe releases the rest."""
        params: stripe.params.PaymentIntentCaptureParams = {
            "amount_to_capture": _to_amount(price),
            "expand": _WITH_CHARGE,
        }
        return await self._report_change(
            lambda: self._api.payment_intents.capture_async(payment_id, params, idempotent(key))
        )

    async def void_payment(self, payment_id: str, *, key: str) -> ReportedPayment:
        """Cancel the PaymentIntent."""
        params: stripe.params.PaymentIntentCancelParams = {
            "cancellation_reason": "requested_by_customer",
            "expand": _WITH_CHARGE,
        }
        return await self._report_change(
            lambda: self._api.payment_intents.cancel_async(payment_id, params, idempotent(key))
        )

    async def get_payment(self, payment_id: str) -> ReportedPayment:
        """Return the PaymentIntent with its refunds and its dispute, each read only when there is one."""
        intent = await self._caller.call(
            lambda: self._api.payment_intents.retrieve_async(payment_id, {"expand": _WITH_CHARGE})
        )
        charge = intent.get("latest_charge")
        charge = charge if isinstance(charge, dict) else {}
        refunds: Sequence[JsonObject] = ()
        dispute: JsonObject | None = None
        if charge.get("amount_refunded"):
            found = await self._caller.call(
                lambda: self._api.refunds.list_async({"payment_intent": payment_id, "limit": 100})
            )
            refunds = found["data"]
        if charge.get("disputed"):
            disputes = await self._caller.call(
                lambda: self._api.disputes.list_async({"payment_intent": payment_id, "limit": 1})
            )
            dispute = next(iter(disputes["data"]), None)
        return read_answer(lambda: report_payment(intent, refunds=refunds, dispute=dispute))

    async def find_payment(self, key: str) -> ReportedPayment | None:
        """Search by the key in the metadata; Stripe's index is about a minute behind."""
        query = f"metadata['{KEY_METADATA}']:'{key}'"
        found = await self._caller.call(lambda: self._api.payment_intents.search_async({"query": query, "limit": 1}))
        intent: JsonObject | None = next(iter(found["data"]), None)
        return None if intent is None else await self.get_payment(str(intent["id"]))

    async def refund(self, payment_id: str, price: Money, *, key: str) -> ReportedRefund:
        """Create a Refund."""
        params: stripe.params.RefundCreateParams = {
            "payment_intent": payment_id,
            "amount": _to_amount(price),
            "metadata": {REFUND_KEY_METADATA: key},
        }
        try:
            made = await self._caller.call(lambda: self._api.refunds.create_async(params, idempotent(key)))
        except StripeCardError as fault:
            raise ProcessorRejectedError(decline_of(fault.error).value) from None
        return read_answer(lambda: report_refund(made))

    async def get_refund(self, refund_id: str) -> ReportedRefund:
        """Return the Refund."""
        found = await self._caller.call(lambda: self._api.refunds.retrieve_async(refund_id))
        return read_answer(lambda: report_refund(found))

    async def get_dispute(self, dispute_id: str) -> ReportedDispute:
        """Return the Dispute."""
        found = await self._caller.call(lambda: self._api.disputes.retrieve_async(dispute_id))
        return read_answer(lambda: report_dispute(found))

    async def close(self) -> None:
        """Close the connections to Stripe."""
        await self._connection.close()

    async def _report(self, request: Request) -> ReportedPayment:
        intent = await self._caller.call(request)
        return read_answer(lambda: report_payment(intent))

    async def _report_change(self, request: Request) -> ReportedPayment:
        try:
            return await self._report(request)
        except StripeCardError as fault:
            raise ProcessorRejectedError(decline_of(fault.error).value) from None


def _report_decline(error: JsonObject) -> ReportedPayment:
    """Return the declined payment, which stands in the error; without one the order was refused as it is."""
    intent = error.get("payment_intent")
    if isinstance(intent, dict) and "status" in intent:
        return read_answer(lambda: report_payment(intent | {"last_payment_error": error}))
    raise ProcessorRejectedError(decline_of(error).value)


def _to_amount(price: Money) -> int:
    amount = to_processor_amount(price)
    if amount is None:
        raise ProcessorRejectedError("amount_invalid")
    return amount
