"""The page of one payment: its receipt, its refunds, and the form that asks for one."""

import re
from decimal import Decimal
from typing import Any

from aiohttp import web

from services.portal.api.context import FormData, PageContext
from services.portal.api.middleware import PageRoute, form_route, page_route
from shared.errors import FieldProblem, InvalidInputError, ServiceError

CHARGE_PATH = "/v1/payments/charges/{}"
_AMOUNT = re.compile(r"(?P<whole>[0-9]{1,12})(?:[.,](?P<fraction>[0-9]{1,4}))?")


class PaymentPages:
    """Handlers of the payment page."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of payments."""
        return (
            page_route("/account/payments/{charge_id}", self.show_payment),
            form_route("/account/payments/{charge_id}/refund-requests", self.request_refund),
            form_route(
                "/account/payments/{charge_id}/refund-requests/{refund_id}/withdraw", self.withdraw_refund_request
            ),
        )

    async def show_payment(self, context: PageContext) -> web.Response:
        """Show the receipt of a charge with its refunds."""
        return await self._render_payment(context)

    async def request_refund(self, context: PageContext) -> web.Response:
        """Ask for a refund; staff decide."""
        context.require_kind("customer")
        typed, charge_id = await context.read_form(), context.get_path_variable("charge_id")
        charge = await context.user_session.get(CHARGE_PATH, charge_id)
        try:
            body = {
                "amount": parse_amount(typed.get("amount", ""), charge["minor_units"]),
                "reason": typed.get("reason", ""),
            }
            await context.user_session.send(
                "POST",
                f"{CHARGE_PATH}/refund-requests",
                charge_id,
                body=body,
                idempotency_key=typed.get("idempotency_key"),
            )
        except ServiceError as fault:
            return await self._render_payment(context, fault, typed)
        return context.redirect(f"/account/payments/{charge_id}", done="requested")

    async def withdraw_refund_request(self, context: PageContext) -> web.Response:
        """Withdraw a refund request that is not decided."""
        context.require_kind("customer")
        typed, charge_id = await context.read_form(), context.get_path_variable("charge_id")
        try:
            await context.user_session.send(
                "POST",
                f"{CHARGE_PATH}/refund-requests/{{}}/withdrawals",
                charge_id,
                context.get_path_variable("refund_id"),
                idempotency_key=typed.get("idempotency_key"),
            )
        except ServiceError as fault:
            return await self._render_payment(context, fault)
        return context.redirect(f"/account/payments/{charge_id}", done="withdrawn")

    async def _render_payment(
        self, context: PageContext, fault: ServiceError | None = None, typed: FormData | None = None
    ) -> web.Response:
        context.require_kind("customer")
        charge_id = context.get_path_variable("charge_id")
        charge = await context.user_session.get(CHARGE_PATH, charge_id)
        refunds = await context.user_session.get(f"{CHARGE_PATH}/refunds", charge_id)
        cards = await context.user_session.get("/v1/payments/cards")
        return context.render(
            "payment.html",
            fault=fault,
            typed=typed,
            charge=charge,
            refunds=refunds["items"],
            card=_find_card(cards["items"], charge["card_id"]),
        )


def parse_amount(text: str, minor_units: int) -> int:
    """Return an amount that a person typed, such as ``12.50``, in minor units; InvalidInputError.

    A fraction has no more digits than the currency: ``1,000`` is a thousand for some people, and one for others.
    """
    found = _AMOUNT.fullmatch(text.strip())
    amount = 0 if found is None else int(Decimal(".".join(found.groups(default="0"))).scaleb(minor_units))
    if found is None or amount == 0 or len(found["fraction"] or "") > minor_units:
        example = f"12.{'50'.ljust(minor_units, '0')[:minor_units]}" if minor_units else "12"
        wrong = FieldProblem(field="amount", code="amount", message=f"Enter an amount such as {example}.")
        raise InvalidInputError(fields=(wrong,))
    return amount


def _find_card(cards: list[dict[str, Any]], card_id: str) -> dict[str, Any] | None:
    return next((card for card in cards if card["card_id"] == card_id), None)
