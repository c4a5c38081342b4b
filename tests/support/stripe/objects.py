"""Stripe's rules for cards, payments and refunds, over the objects of localstripe."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from services.payments.ports.simulator.behaviours import Behaviour
from tests.support.stripe.card_rules import (
    DROPPED_PARAMETERS,
    WEEK_SECONDS,
    CardRules,
    Forward,
    JsonObject,
    WireError,
    keep_published,
    refuse,
)
from tests.support.stripe.cards import TestCard, error_codes
from tests.support.stripe.faults import Fault
from tests.support.stripe.spec import list_deviations

WHOLE_UNITS, LAST_DIGIT_ZERO = {"isk", "ugx"}, {"bhd", "jod", "kwd", "omr", "tnd"}
UNKNOWN_CURRENCIES = {"iqd", "lyd", "clf", "uyi", "uyw"}
_SILENT = {"authorize": Behaviour.TIMES_OUT_ONCE, "refund": Behaviour.REFUND_TIMES_OUT_ONCE}


@dataclass
class Extras:
    """What localstripe does not keep of a payment."""

    card: TestCard
    captured: int = 0
    cancel_reason: str | None = None
    error: JsonObject | None = None
    refunds: dict[str, JsonObject] = field(default_factory=dict)
    return_url: str = ""
    dispute: JsonObject | None = None


class StripeRules(CardRules):
    """Answers requests; what it answers has the published shape."""

    def __init__(self, forward: Forward) -> None:
        super().__init__(forward)
        self.payments: dict[str, Extras] = {}
        self._silenced: set[str] = set()

    async def answer(self, method: str, path: str, form: Mapping[str, str]) -> JsonObject:
        """Return the answer; raises WireError."""
        for pattern, wanted, handler in self._routes():
            if method == wanted and (match := re.fullmatch(pattern, path)):
                answer = await handler(*match.groups(), form=form)
                break
        else:
            answer = await self._forward(method, path, form)
        if deviations := list(list_deviations(answer)):
            raise AssertionError(f"the wrapper answers what Stripe does not: {deviations}")
        return answer

    def _routes(self) -> tuple[tuple[str, str, Callable[..., Awaitable[JsonObject]]], ...]:
        intent, refund = r"/v1/payment_intents/(pi_\w+)", r"/v1/refunds/(re_\w+)"
        return (
            (r"/v1/customers", "POST", self._create_customer),
            (r"/v1/checkout/sessions", "POST", self._create_page),
            (r"/v1/checkout/sessions/(cs_\w+)", "GET", self._get_page),
            (r"/v1/setup_intents/(seti_\w+)", "GET", self._get_setup_intent),
            (r"/v1/payment_methods", "POST", self._create_method),
            (r"/v1/payment_methods/(pm_\w+)", "GET", self._get_method),
            (r"/v1/payment_methods/(pm_\w+)/attach", "POST", self._attach),
            (r"/v1/payment_intents", "POST", self._create_intent),
            (r"/v1/payment_intents/search", "GET", self._search),
            (intent, "GET", self._get_intent),
            (f"{intent}/capture", "POST", self._capture),
            (f"{intent}/cancel", "POST", self._cancel),
            (r"/v1/refunds", "POST", self._create_refund),
            (r"/v1/refunds", "GET", self._list_refunds),
            (refund, "GET", self._get_refund),
            (r"/v1/disputes", "GET", self._list_disputes),
            (r"/v1/disputes/(dp_\w+)", "GET", self._get_dispute),
        )

    def next_fault(self, key: str, body: JsonObject) -> Fault | None:
        """Return a lost answer where the card of the payment asks for one, once for each key."""
        kind = "refund" if body.get("object") == "refund" else "authorize"
        payment = self.payments.get(str(body.get("payment_intent") if kind == "refund" else body.get("id")))
        if payment is None or not key or key in self._silenced:
            return None
        wanted = {_SILENT[kind], *((Behaviour.CAPTURE_TIMES_OUT_ONCE,) if key.endswith("capture") else ())}
        wanted |= {Behaviour.VOID_TIMES_OUT_ONCE} if key.endswith("void") else set()
        if payment.card.behaviour not in wanted:
            return None
        self._silenced.add(key)
        return Fault.LOST_ANSWER

    # ── payments ──

    async def _create_intent(self, *, form: Mapping[str, str]) -> JsonObject:
        amount, currency = int(form["amount"]), form["currency"]
        _check_amount(amount, currency)
        if any(name.startswith(DROPPED_PARAMETERS) for name in form):
            raise refuse("payment_method_types_no_longer_supported")
        card = self.cards[form["payment_method"]]
        names = ("amount", "currency", "customer", "payment_method", "capture_method", "confirm")
        known = {name: value for name, value in form.items() if name in names or name.startswith("metadata")}
        try:
            made = await self._forward("POST", "/v1/payment_intents", known)
        except WireError as fault:
            if fault.status != 402:
                raise
            raise await self._declined(fault, card, form) from None
        payment = self.payments[made["id"]] = Extras(card, return_url=form.get("return_url", ""))
        if form.get("capture_method") != "manual" and made["status"] == "succeeded":
            payment.captured = amount
            _dispute_if_wanted(payment, made)
        return self._intent(made)

    async def _declined(self, fault: WireError, card: TestCard, form: Mapping[str, str]) -> WireError:
        charge = await self._forward("GET", f"/v1/charges/{fault.error['charge']}", {})
        intent = await self._forward("GET", f"/v1/payment_intents/{charge['payment_intent']}", {})
        error = {"type": "card_error", "message": "", "charge": charge["id"], **error_codes(card.reason)}
        payment = self.payments[intent["id"]] = Extras(card, error=error)
        return WireError(402, error | {"payment_intent": self._intent(intent, payment)})

    async def authenticate(self, intent_id: str) -> None:
        """Do what the customer does on the bank's page."""
        intent = await self._forward("GET", f"/v1/payment_intents/{intent_id}", {})
        payment = self.payments[intent_id]
        succeeds = payment.card.behaviour is not Behaviour.ACTION_FAILS
        form = {"client_secret": intent["client_secret"], "success": str(succeeds).lower()}
        try:
            after = await self._forward("POST", f"/v1/payment_intents/{intent_id}/_authenticate", form)
        except WireError as fault:
            if fault.status != 402:
                raise
            payment.error = {"type": "card_error", "message": "", **error_codes(payment.card.reason)}
            return
        if after["status"] == "succeeded":
            payment.captured = after["amount"]

    async def count_payments(self, charge_id: str) -> int:
        """Return how many payments of a charge hold or took money."""
        found = [await self._get_intent(intent_id, form={}) for intent_id in self.payments]
        mine = [each for each in found if each["metadata"].get("charge_id") == charge_id]
        return sum(each["status"] in ("requires_capture", "succeeded") for each in mine)

    async def _get_intent(self, intent_id: str, *, form: Mapping[str, str]) -> JsonObject:
        return self._intent(await self._forward("GET", f"/v1/payment_intents/{intent_id}", {}))

    async def _search(self, *, form: Mapping[str, str]) -> JsonObject:
        [(name, value)] = re.findall(r"metadata\['(\w+)'\]:'([\w-]+)'", form["query"])
        found = [await self._get_intent(intent_id, form={}) for intent_id in self.payments]
        data = [each for each in found if each["metadata"].get(name) == value]
        return {"object": "search_result", "data": data, "has_more": False, "url": "/v1/payment_intents/search"}

    async def _capture(self, intent_id: str, *, form: Mapping[str, str]) -> JsonObject:
        intent, payment = await self._get_intent(intent_id, form={}), self.payments[intent_id]
        if payment.card.behaviour is Behaviour.EXPIRED_EARLY and intent["status"] == "requires_capture":
            await self._forward("POST", f"/v1/payment_intents/{intent_id}/cancel", {})
            payment.cancel_reason = "automatic"
            raise refuse("charge_expired_for_capture")
        if intent["status"] != "requires_capture":
            raise refuse("payment_intent_unexpected_state")
        amount = int(form.get("amount_to_capture", intent["amount"]))
        if amount > intent["amount_capturable"]:
            raise refuse("amount_too_large")
        payment.captured = amount
        return self._intent(await self._forward("POST", f"/v1/payment_intents/{intent_id}/capture", {}))

    async def _cancel(self, intent_id: str, *, form: Mapping[str, str]) -> JsonObject:
        intent = await self._get_intent(intent_id, form={})
        if intent["status"] in ("succeeded", "canceled"):
            raise refuse("payment_intent_unexpected_state")
        self.payments[intent_id].cancel_reason = form.get("cancellation_reason")
        return self._intent(await self._forward("POST", f"/v1/payment_intents/{intent_id}/cancel", {}))

    def _intent(self, found: JsonObject, payment: Extras | None = None) -> JsonObject:
        payment = payment or self.payments[found["id"]]
        lies = 100 if payment.card.behaviour is Behaviour.OTHER_AMOUNT else 1
        currency = "eur" if payment.card.behaviour is Behaviour.OTHER_CURRENCY else found["currency"]
        action = None
        if found["next_action"] and payment.return_url:
            url = f"https://hooks.stripe.com/redirect/authenticate/{found['id']}"
            action = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": payment.return_url}}
        changes = {
            "amount": found["amount"] * lies,
            "currency": currency,
            "amount_received": payment.captured if found["status"] == "succeeded" else 0,
            "amount_capturable": found["amount"] if found["status"] == "requires_capture" else 0,
            "confirmation_method": "automatic",
            "payment_method_types": ["card"],
            "cancellation_reason": payment.cancel_reason,
            "last_payment_error": payment.error or found["last_payment_error"],
            "next_action": action or found["next_action"],
            "latest_charge": self._charge(found["latest_charge"], payment),
        }
        return keep_published("payment_intent", found) | changes

    def _charge(self, found: JsonObject | str | None, payment: Extras) -> JsonObject | str | None:
        if not isinstance(found, dict):
            return found
        card = {"brand": "visa", "capture_before": found["created"] + WEEK_SECONDS}
        changes = {
            "amount_captured": payment.captured,
            "amount_refunded": _refunded(payment),
            "billing_details": {},
            "disputed": payment.dispute is not None,
            "refunded": payment.captured == _refunded(payment) > 0,
            "payment_method_details": {"type": "card", "card": card},
        }
        return keep_published("charge", found) | changes

    # ── refunds and disputes ──

    async def _create_refund(self, *, form: Mapping[str, str]) -> JsonObject:
        payment = self.payments[form["payment_intent"]]
        intent = await self._get_intent(form["payment_intent"], form={})
        if intent["status"] != "succeeded":
            raise refuse("charge_not_captured" if intent["status"] == "requires_capture" else "resource_missing")
        if payment.dispute and payment.dispute["status"] in ("needs_response", "under_review", "lost"):
            raise refuse("charge_disputed")
        if int(form["amount"]) > payment.captured - _refunded(payment):
            raise refuse("refund_exceeds_charge")
        made = keep_published("refund", await self._forward("POST", "/v1/refunds", form))
        failed, waits = Behaviour.REFUND_FAILS, Behaviour.REFUND_PENDING
        if payment.card.behaviour is failed:
            made |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
        made |= {"status": "pending"} if payment.card.behaviour is waits else {}
        payment.refunds[made["id"]] = made
        return made

    async def _get_refund(self, refund_id: str, *, form: Mapping[str, str]) -> JsonObject:
        for payment in self.payments.values():
            if made := payment.refunds.get(refund_id):
                if payment.card.behaviour is Behaviour.REFUND_FAILS_LATER:
                    made |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
                elif payment.card.behaviour is Behaviour.REFUND_PENDING:
                    made |= {"status": "succeeded"}
                return made
        raise refuse("resource_missing", 404)

    async def _list_refunds(self, *, form: Mapping[str, str]) -> JsonObject:
        return _list([*self.payments[form["payment_intent"]].refunds.values()])

    async def _list_disputes(self, *, form: Mapping[str, str]) -> JsonObject:
        dispute = self.payments[form["payment_intent"]].dispute
        return _list([dispute] if dispute else [])

    async def _get_dispute(self, dispute_id: str, *, form: Mapping[str, str]) -> JsonObject:
        for payment in self.payments.values():
            if payment.dispute and payment.dispute["id"] == dispute_id:
                return payment.dispute
        raise refuse("resource_missing", 404)


def _check_amount(amount: int, currency: str) -> None:
    if currency in UNKNOWN_CURRENCIES:
        raise refuse("currency_not_supported")
    steps = {**dict.fromkeys(WHOLE_UNITS, 100), **dict.fromkeys(LAST_DIGIT_ZERO, 10)}
    if amount % steps.get(currency, 1) or not 0 < amount <= 99_999_999:
        raise refuse("amount_too_large" if amount > 99_999_999 else "parameter_invalid_integer")


def _refunded(payment: Extras) -> int:
    return sum(made["amount"] for made in payment.refunds.values() if made["status"] != "failed")


def _dispute_if_wanted(payment: Extras, intent: JsonObject) -> None:
    if payment.card.behaviour is Behaviour.DISPUTED:
        payment.dispute = {
            "id": intent["id"].replace("pi_", "dp_"),
            "object": "dispute",
            "amount": intent["amount"],
            "balance_transactions": [],
            "charge": intent["latest_charge"]["id"] if isinstance(intent["latest_charge"], dict) else "ch_",
            "created": intent["created"],
            "currency": intent["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {},
            "evidence_details": {},
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": intent["id"],
            "reason": "fraudulent",
            "status": "needs_response",
        }


def _list(data: list[JsonObject]) -> JsonObject:
    return {"object": "list", "data": data, "has_more": False, "url": "/v1/list"}
