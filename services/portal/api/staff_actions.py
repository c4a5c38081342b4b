"""Console pages of admin actions, legal holds and privacy requests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from services.portal.api.context import FormData, PageContext
from services.portal.api.middleware import PageRoute, form_route, page_route
from services.portal.api.staff import render_console_page, require_section
from services.portal.domain.console import ADMIN_ACTIONS, SCOPES, VERIFICATIONS
from services.portal.errors import PageNotFoundError
from shared.clock import rfc3339
from shared.errors import FieldProblem, InvalidInputError, ServiceError

ACTIONS_PATH = "/v1/identity/admin-actions"
STATES = ("pending", "waiting", "objected", "completed", "rejected", "expired")


class StaffActionPages:
    """Handlers of the staff action pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return these pages."""
        return (
            page_route("/staff/admin-actions", self.show_actions),
            page_route("/staff/freeze", self.show_freeze_form),
            page_route("/staff/admin-actions/new/{kind}", self.show_request_form),
            form_route("/staff/admin-actions/new/{kind}", self.request_action),
            form_route("/staff/admin-actions/prepare", self.prepare_request),
            page_route("/staff/admin-actions/{admin_action_id}", self.show_action),
            form_route("/staff/admin-actions/{admin_action_id}/approve", self.approve_action),
            form_route("/staff/admin-actions/{admin_action_id}/reject", self.reject_action),
            page_route("/staff/privacy-requests", self.show_privacy_requests),
            page_route("/staff/legal-holds", self.show_legal_holds),
        )

    async def show_actions(self, context: PageContext) -> web.Response:
        """Show the actions in one state (default: pending)."""
        return await self._render_actions(context)

    async def show_freeze_form(self, context: PageContext) -> web.Response:
        """Ask for the account to freeze and the reason; one person suffices."""
        return self._render_request_form(context, "freeze")

    async def show_request_form(self, context: PageContext) -> web.Response:
        """Show the form of an action of this kind."""
        return self._render_request_form(context, context.get_path_variable("kind"))

    async def prepare_request(self, context: PageContext) -> web.Response:
        """Show the form for a found account; its id never appears in a URL or log."""
        require_section(context, "/staff/admin-actions")
        typed = await context.read_form()
        return self._render_request_form(
            context, typed.get("kind", ""), typed={"account_id": typed.get("account_id", "")}
        )

    async def request_action(self, context: PageContext) -> web.Response:
        """Request the action; a freeze takes effect at once, others wait for approval."""
        require_section(context, "/staff/admin-actions")
        typed, kind = await context.read_form(), context.get_path_variable("kind")
        try:
            created = await context.user_session.send(
                "POST", ACTIONS_PATH, body=_parse_action(kind, typed), idempotency_key=typed.get("idempotency_key")
            )
        except ServiceError as fault:
            return self._render_request_form(context, kind, fault, typed)
        return context.redirect("/staff/admin-actions", done=str(created["state"]) if kind != "freeze" else "frozen")

    async def show_action(self, context: PageContext) -> web.Response:
        """Show an action with its account; the access is recorded."""
        require_section(context, "/staff/admin-actions")
        return render_console_page(
            context,
            "staff_admin_action.html",
            act=await context.user_session.get(f"{ACTIONS_PATH}/{{}}", context.get_path_variable("admin_action_id")),
        )

    async def approve_action(self, context: PageContext) -> web.Response:
        """Approve the action as the second person."""
        return await self._decide_action(context, "approvals", "approved")

    async def reject_action(self, context: PageContext) -> web.Response:
        """Reject the action, or withdraw your own."""
        return await self._decide_action(context, "rejections", "rejected")

    async def show_privacy_requests(self, context: PageContext) -> web.Response:
        """Show open exports and erasures ordered by deadline."""
        require_section(context, "/staff/privacy-requests")
        found = await context.user_session.get("/v1/identity/privacy-requests")
        now, soon = rfc3339(context.now), rfc3339(context.now + timedelta(days=5))
        return render_console_page(context, "staff_privacy_requests.html", items=found["items"], now=now, soon=soon)

    async def show_legal_holds(self, context: PageContext) -> web.Response:
        """Show the active legal holds."""
        require_section(context, "/staff/legal-holds")
        found = await context.user_session.get("/v1/identity/legal-holds", **_cursor_query(context))
        return render_console_page(context, "staff_legal_holds.html", items=found["items"], more=found["next_cursor"])

    async def _decide_action(self, context: PageContext, resource: str, done: str) -> web.Response:
        """Send the decision; errors are shown on the list, because opening the action is recorded."""
        require_section(context, "/staff/admin-actions")
        typed = await context.read_form()
        try:
            await context.user_session.send(
                "POST",
                f"{ACTIONS_PATH}/{{}}/{resource}",
                context.get_path_variable("admin_action_id"),
                idempotency_key=typed.get("idempotency_key"),
            )
        except ServiceError as fault:
            return await self._render_actions(context, fault)
        return context.redirect("/staff/admin-actions", done=done)

    async def _render_actions(self, context: PageContext, fault: ServiceError | None = None) -> web.Response:
        require_section(context, "/staff/admin-actions")
        state = context.get_query("state") if context.get_query("state") in STATES else "pending"
        found = await context.user_session.get(ACTIONS_PATH, state=state, **_cursor_query(context))
        items = sorted(found["items"], key=lambda act: str(act["requested_at"]), reverse=True)
        values = {"items": items, "more": found["next_cursor"], "state": state, "states": STATES}
        return render_console_page(context, "staff_admin_actions.html", fault=fault, **values)

    def _render_request_form(
        self, context: PageContext, kind: str, fault: ServiceError | None = None, typed: FormData | None = None
    ) -> web.Response:
        require_section(context, "/staff/admin-actions")
        if kind not in ADMIN_ACTIONS:
            raise PageNotFoundError
        words = {"kind": kind, "verifications": VERIFICATIONS, "scopes": SCOPES}
        return render_console_page(context, "staff_admin_action_new.html", fault=fault, typed=typed, **words)


def _cursor_query(context: PageContext) -> dict[str, str]:
    return {"cursor": context.get_query("cursor")} if context.get_query("cursor") else {}


def _parse_action(kind: str, typed: FormData) -> dict[str, Any]:
    """Return the filled-in fields; the API checks which ones this kind requires."""
    names = ("account_id", "reason", "verification", "new_email", "hold_scope")
    fields = {name: typed[name].strip() for name in names if typed.get(name, "").strip()}
    until = {"hold_until": _parse_end_date(typed["hold_until"])} if typed.get("hold_until") else {}
    return {"kind": kind, **fields, **until}


def _parse_end_date(day: str) -> str:
    try:
        return rfc3339(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError as fault:
        wrong = FieldProblem(field="hold_until", code="day", message="Enter a date such as 2027-12-31.")
        raise InvalidInputError(fields=(wrong,)) from fault
