"""The console's acts on accounts: asked for by one person, allowed by another; holds, and requests that are open."""

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
STATES = ("pending", "completed", "rejected", "expired")


class StaffActionPages:
    """The handlers."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of acts, holds and open requests."""
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
        """Show the acts in one state: those that wait for somebody, unless another one is named."""
        return await self._render_actions(context)

    async def show_freeze_form(self, context: PageContext) -> web.Response:
        """Ask whose account is to be frozen, and why: it is done at once, by one person."""
        return self._render_request_form(context, "freeze")

    async def show_request_form(self, context: PageContext) -> web.Response:
        """Ask for what an act of this kind needs."""
        return self._render_request_form(context, context.get_path_variable("kind"))

    async def prepare_request(self, context: PageContext) -> web.Response:
        """Show the form for an account that was just found; its number is in no address of a page, and in no log."""
        require_section(context, "/staff/admin-actions")
        typed = await context.read_form()
        return self._render_request_form(
            context, typed.get("kind", ""), typed={"account_id": typed.get("account_id", "")}
        )

    async def request_action(self, context: PageContext) -> web.Response:
        """Ask for the act; a freeze is done at once, all others wait for a second person."""
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
        """Show one act with its account; its owner sees that somebody has looked."""
        require_section(context, "/staff/admin-actions")
        return render_console_page(
            context,
            "staff_admin_action.html",
            act=await context.user_session.get(f"{ACTIONS_PATH}/{{}}", context.get_path_variable("admin_action_id")),
        )

    async def approve_action(self, context: PageContext) -> web.Response:
        """Allow the act as the second person."""
        return await self._decide_action(context, "approvals", "approved")

    async def reject_action(self, context: PageContext) -> web.Response:
        """Refuse the act, or take the own wish back."""
        return await self._decide_action(context, "rejections", "rejected")

    async def show_privacy_requests(self, context: PageContext) -> web.Response:
        """Show the exports and erasures that are not done, the one that is due first before the others."""
        require_section(context, "/staff/privacy-requests")
        found = await context.user_session.get("/v1/identity/privacy-requests")
        now, soon = rfc3339(context.now), rfc3339(context.now + timedelta(days=5))
        return render_console_page(context, "staff_privacy_requests.html", items=found["items"], now=now, soon=soon)

    async def show_legal_holds(self, context: PageContext) -> web.Response:
        """Show what is kept because a law or a dispute obliges to."""
        require_section(context, "/staff/legal-holds")
        found = await context.user_session.get("/v1/identity/legal-holds", **_cursor_query(context))
        return render_console_page(context, "staff_legal_holds.html", items=found["items"], more=found["next_cursor"])

    async def _decide_action(self, context: PageContext, resource: str, done: str) -> web.Response:
        """Settle the act; a refusal is said on the list, since one more look at the act would be on record."""
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
    """Return what is asked for, without what was left empty: the API says what this kind needs."""
    names = ("account_id", "reason", "verification", "new_email", "hold_scope")
    fields = {name: typed[name].strip() for name in names if typed.get(name, "").strip()}
    until = {"hold_until": _parse_end_date(typed["hold_until"])} if typed.get("hold_until") else {}
    return {"kind": kind, **fields, **until}


def _parse_end_date(day: str) -> str:
    try:
        return rfc3339(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError as fault:
        wrong = FieldProblem(field="hold_until", code="day", message="Write a day as 2027-12-31.")
        raise InvalidInputError(fields=(wrong,)) from fault
