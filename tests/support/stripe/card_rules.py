"""Stripe's rules for cards: stored, attached, entered on its page."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from shared.card_numbers import is_luhn_valid
from tests.support.stripe.cards import TestCard, brand_of, error_codes, look_up
from tests.support.stripe.spec import CLASSES, published_fields

Forward = Callable[[str, str, Mapping[str, str]], Awaitable[dict[str, Any]]]
JsonObject = dict[str, Any]

WEEK_SECONDS = 7 * 24 * 3600
DROPPED_PARAMETERS = ("payment_method_types",)
"""No longer taken since API version 2026-09-30."""


class WireError(Exception):
    """An error answer: its status and error object."""

    def __init__(self, status: int, error: JsonObject) -> None:
        super().__init__(error.get("message", ""))
        self.status, self.error = status, error


def refuse(code: str, status: int = 400) -> WireError:
    """Return a refusal of the request as it is."""
    return WireError(status, {"type": "invalid_request_error", "code": code, "message": code})


class CardRules:
    """Answers requests about cards; *forward* asks localstripe."""

    def __init__(self, forward: Forward) -> None:
        self._forward = forward
        self.cards: dict[str, TestCard] = {}
        self.brands: dict[str, tuple[str, str]] = {}
        self.pages: dict[str, JsonObject] = {}

    async def _create_customer(self, *, form: Mapping[str, str]) -> JsonObject:
        return keep_published("customer", await self._forward("POST", "/v1/customers", form))

    async def _create_page(self, *, form: Mapping[str, str]) -> JsonObject:
        if form["mode"] != "setup" or any(name.startswith(DROPPED_PARAMETERS) for name in form):
            raise refuse("payment_method_types_no_longer_supported")
        number, now = len(self.pages) + 1, int(time.time())
        page = self.pages[f"cs_test_{number}"] = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "mode": "setup",
            "status": "open",
            "url": f"https://checkout.stripe.com/c/pay/cs_test_{number}",
            "success_url": form["success_url"],
            "cancel_url": form["cancel_url"],
            "payment_method_types": ["card"],
            "shipping_options": [],
            "automatic_tax": {},
            "custom_fields": [],
            "custom_text": {},
            "livemode": False,
            "payment_status": "no_payment_required",
            "created": now,
            "expires_at": now + WEEK_SECONDS,
            "setup_intent": self._open_intent(number, now, form),
        }
        return page

    def _open_intent(self, number: int, now: int, form: Mapping[str, str]) -> JsonObject:
        start = "setup_intent_data[metadata]["
        metadata = {
            name.removeprefix(start).removesuffix("]"): value for name, value in form.items() if name.startswith(start)
        }
        return {
            "id": f"seti_cs_test_{number}",
            "object": "setup_intent",
            "created": now,
            "livemode": False,
            "status": "requires_payment_method",
            "usage": "off_session",
            "payment_method_types": ["card"],
            "metadata": metadata,
        }

    async def _get_setup_intent(self, intent_id: str, *, form: Mapping[str, str]) -> JsonObject:
        return next(page["setup_intent"] for page in self.pages.values() if page["setup_intent"]["id"] == intent_id)

    async def _get_page(self, page_id: str, *, form: Mapping[str, str]) -> JsonObject:
        return self.pages[page_id]

    async def enter_card(self, page_id: str, number: str) -> str:
        """Enter a card on Stripe's page; one that is declined leaves it open. Return the id of the SetupIntent."""
        intent = self.pages[page_id]["setup_intent"]
        attempt = int(intent.get("latest_attempt", "setatt_0").removeprefix("setatt_")) + 1
        intent["latest_attempt"] = f"setatt_{attempt}"
        details = {"card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2040", "card[cvc]": "123"}
        try:
            method = await self._create_method(form={"type": "card", **details})
            customer = await self._create_customer(form={})
            attached = await self._attach(method["id"], form={"customer": customer["id"]})
        except WireError as fault:
            intent["last_setup_error"] = fault.error
            return str(intent["id"])
        intent |= {"status": "succeeded", "payment_method": attached, "last_setup_error": None}
        self.pages[page_id] |= {"status": "complete", "customer": customer["id"], "url": None}
        return str(intent["id"])

    async def _create_method(self, *, form: Mapping[str, str]) -> JsonObject:
        number, year = form["card[number]"], int(form["card[exp_year]"])
        if not is_luhn_valid(number):
            raise WireError(402, {"type": "card_error", "message": "", **error_codes("incorrect_number")})
        if (year, int(form["card[exp_month]"])) < tuple(time.gmtime()[:2]):
            raise WireError(402, {"type": "card_error", "message": "", "code": "invalid_expiry_year"})
        card = look_up(number)
        known = {**form, "card[number]": card.upstream, "card[cvc]": "123"}
        made = await self._forward("POST", "/v1/payment_methods", known)
        self.cards[made["id"]], self.brands[made["id"]] = card, (brand_of(number), number[-4:])
        return self._method(made)

    async def _get_method(self, method_id: str, *, form: Mapping[str, str]) -> JsonObject:
        found = await self._forward("GET", f"/v1/payment_methods/{method_id}", {})
        customer = found["customer"]
        if customer is not None and await self._is_gone(f"/v1/customers/{customer}"):
            found["customer"] = None  # deleting a Customer detaches its cards
        return self._method(found)

    async def _attach(self, method_id: str, *, form: Mapping[str, str]) -> JsonObject:
        try:
            attached = await self._forward("POST", f"/v1/payment_methods/{method_id}/attach", form)
        except WireError as fault:
            if fault.status == 402:
                codes = error_codes(self.cards[method_id].reason)
                raise WireError(402, {"type": "card_error", "message": "", **codes}) from None
            raise
        return self._method(attached)

    async def _is_gone(self, path: str) -> bool:
        try:
            return bool((await self._forward("GET", path, {})).get("deleted"))
        except WireError as fault:
            return fault.status == 404

    def _method(self, found: JsonObject) -> JsonObject:
        brand, last4 = self.brands[found["id"]]
        return keep_published("payment_method", found) | {"card": found["card"] | {"brand": brand, "last4": last4}}


def keep_published(name: str, found: JsonObject) -> JsonObject:
    """Return *found* without what localstripe adds and Stripe does not publish."""
    published = published_fields(CLASSES[name])
    return {key: value for key, value in found.items() if key in published}
