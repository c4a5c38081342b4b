"""The payments desk of the staff console: records of an account for a purpose, refunds, credits."""

from typing import Any

from aiohttp import web

from services.portal.api.context import FormData, PageContext
from services.portal.api.middleware import PageRoute, form_route, page_route
from services.portal.api.payments import parse_amount
from services.portal.api.staff import render_console_page, require_section
from shared.errors import ServiceError

DESK = "/staff/payments"
REFUNDS = "/v1/payments/refunds"
STATES = ("requested", "pending", "succeeded", "failed", "rejected", "withdrawn", "expired")


class StaffPaymentPages:
    """Handlers of the payments desk."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of the payments desk."""
        one = f"{DESK}/refunds/{{refund_id}}"
        return (
            page_route(DESK, self.show_refunds),
            form_route(f"{DESK}/records", self.read_record),
            form_route(f"{DESK}/refunds", self.create_refund),
            page_route(one, self.show_refund),
            form_route(f"{one}/approve", self.approve_refund),
            form_route(f"{one}/reject", self.reject_refund),
        )

    async def show_refunds(self, context: PageContext) -> web.Response:
        """Show the refunds of one state, without accounts."""
        return await self._render_refunds(context)

    async def read_record(self, context: PageContext) -> web.Response:
        """Read the cards and payments of an account; the access is recorded before they are shown."""
        require_section(context, DESK)
        typed = await context.read_form()
        body = {name: typed.get(name, "").strip() for name in ("account_id", "purpose", "basis")}
        try:
            record = await context.user_session.send("POST", "/v1/payments/billing-records", body=body)
        except ServiceError as fault:
            return await self._render_refunds(context, fault, typed)
        return render_console_page(context, "staff_billing_record.html", record=record, account_id=body["account_id"])

    async def create_refund(self, context: PageContext) -> web.Response:
        """Start a refund or credit."""
        require_section(context, DESK)
        typed = await context.read_form()
        try:
            refund = await context.user_session.send(
                "POST", REFUNDS, body=_parse_refund(typed), idempotency_key=typed.get("idempotency_key")
            )
        except ServiceError as fault:
            return await self._render_refunds(context, fault)
        return context.redirect(DESK, state=refund["state"], done=refund["state"])

    async def show_refund(self, context: PageContext) -> web.Response:
        """Show a refund with its account; the customer sees the access."""
        require_section(context, DESK)
        refund = await context.user_session.get(f"{REFUNDS}/{{}}", context.get_path_variable("refund_id"))
        return render_console_page(context, "staff_refund.html", refund=refund)

    async def approve_refund(self, context: PageContext) -> web.Response:
        """Approve a refund or credit."""
        return await self._decide(context, "approvals", {})

    async def reject_refund(self, context: PageContext) -> web.Response:
        """Reject a refund or credit, with the reason that the customer reads."""
        typed = await context.read_form()
        return await self._decide(context, "rejections", {"body": {"reason": typed.get("reason", "").strip()}})

    async def _decide(self, context: PageContext, resource: str, options: dict[str, Any]) -> web.Response:
        """Send the decision; errors are shown on the list, because opening the refund is recorded."""
        require_section(context, DESK)
        typed = context.form_data or await context.read_form()
        try:
            refund = await context.user_session.send(
                "POST",
                f"{REFUNDS}/{{}}/{resource}",
                context.get_path_variable("refund_id"),
                idempotency_key=typed.get("idempotency_key"),
                **options,
            )
        except ServiceError as fault:
            return await self._render_refunds(context, fault)
        return context.redirect(DESK, state=refund["state"], done=refund["state"])

    async def _render_refunds(
        self, context: PageContext, fault: ServiceError | None = None, typed: FormData | None = None
    ) -> web.Response:
        require_section(context, DESK)
        state = context.get_query("state") if context.get_query("state") in STATES else "requested"
        cursor = {"cursor": context.get_query("cursor")} if context.get_query("cursor") else {}
        found = await context.user_session.get(REFUNDS, state=state, **cursor)
        values = {"items": found["items"], "more": found["next_cursor"], "state": state, "states": STATES}
        return render_console_page(context, "staff_payments.html", fault=fault, typed=typed, **values)


def _parse_refund(typed: FormData) -> dict[str, Any]:
    digits = typed.get("minor_units", "")
    return {
        "charge_id": typed.get("charge_id", ""),
        "kind": typed.get("kind", ""),
        "amount": parse_amount(typed.get("amount", ""), int(digits) if digits in {"0", "2", "3", "4"} else 2),
        "reason": typed.get("reason", "").strip(),
    }
