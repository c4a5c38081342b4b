"""The staff console. Every API checks permissions and records the access itself."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from services.portal.api.context import FormData, PageContext
from services.portal.api.middleware import PageRoute, form_route, page_route
from services.portal.domain import BrowserSession, console
from services.portal.domain.console import ADMIN_ACTIONS, SECTIONS
from services.portal.errors import WrongRoleError
from services.portal.service import build_promise_table, gather_results
from shared.clock import rfc3339
from shared.errors import FieldProblem, InvalidInputError, ServiceError

CASES = "/v1/disclosure/cases"
AGREEMENTS = "/v1/disclosure/agreements"
_WORK_QUEUES = {
    "/staff/admin-actions": ("/v1/identity/admin-actions", {"state": "pending"}),
    "/staff/abuse-reports": ("/v1/identity/abuse-reports", {"state": "open"}),
    "/staff/payments": ("/v1/payments/refunds", {"state": "requested"}),
    "/staff/privacy-requests": ("/v1/identity/privacy-requests", {}),
    "/staff/legal-holds": ("/v1/identity/legal-holds", {}),
}
"""The work queues on the dashboard: page, API path and query."""


def require_section(context: PageContext, path: str) -> BrowserSession:
    """Return the session of a member of staff who may use the section at *path*; WrongRoleError for others."""
    session = context.require_kind("staff")
    [found] = [each for each in SECTIONS if each.path == path]
    if not found.is_allowed_for(session.roles):
        allowed, own = " or ".join(sorted(found.roles)), " and ".join(sorted(session.roles))
        raise WrongRoleError(f"“{found.label}” requires the role {allowed}; your roles: {own}.")
    return session


def render_console_page(context: PageContext, template: str, **values: Any) -> web.Response:
    """Render a page with the console's sections and labels."""
    return context.render(template, console=console, **values)


class StaffPages:
    """Handlers of the staff pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of the console."""
        return (
            page_route("/staff", self.show_dashboard),
            page_route("/staff/accounts", self.show_account_search),
            form_route("/staff/accounts", self.find_account),
            page_route("/staff/newsletters", self.show_unsubscribe_form),
            form_route("/staff/newsletters", self.unsubscribe_address),
            page_route("/staff/cases", self.show_cases),
            form_route("/staff/cases", self.open_case),
            page_route("/staff/cases/{case_id}", self.show_case),
            form_route("/staff/cases/{case_id}/approve", self.approve_case),
            page_route("/staff/agreements", self.show_agreements),
            form_route("/staff/agreements", self.create_agreement),
            form_route("/staff/agreements/{agreement_id}/end", self.end_agreement),
        )

    async def show_dashboard(self, context: PageContext) -> web.Response:
        """Show the open work for these roles, and broken promises."""
        session = context.require_kind("staff")
        sections = [each for each in SECTIONS if each.is_allowed_for(session.roles)]
        queries = {each.path: _WORK_QUEUES[each.path] for each in sections if each.path in _WORK_QUEUES}
        found = await gather_results(
            promises=context.user_session.get_public("/v1/disclosure/promises"),
            **{path: context.user_session.get(api, **query) for path, (api, query) in queries.items()},
        )
        live = found.pop("promises").answer
        return render_console_page(
            context,
            "staff.html",
            roles=sorted(session.roles),
            board=build_promise_table(live["items"]) if live else None,
            waiting=found,
            desks=sections,
            now=rfc3339(context.now),
        )

    async def show_account_search(self, context: PageContext) -> web.Response:
        """Ask for the address and the reason."""
        return self._render_account(context)

    async def find_account(self, context: PageContext) -> web.Response:
        """Find an account; the access is recorded before the result is shown."""
        require_section(context, "/staff/accounts")
        typed = await context.read_form()
        try:
            found = await context.user_session.send(
                "POST", "/v1/identity/accounts/find", body=_parse_account_request(typed)
            )
        except ServiceError as fault:
            return self._render_account(context, fault=fault, typed=typed)
        return self._render_account(context, account=found)

    async def show_unsubscribe_form(self, context: PageContext) -> web.Response:
        """Ask for the address to unsubscribe and the reason."""
        require_section(context, "/staff/newsletters")
        return render_console_page(context, "staff_newsletters.html")

    async def unsubscribe_address(self, context: PageContext) -> web.Response:
        """Unsubscribe an address from all newsletters at the customer's request."""
        require_section(context, "/staff/newsletters")
        typed = await context.read_form()
        try:
            result = await context.user_session.send(
                "POST", "/v1/newsletter/unsubscriptions/by-staff", body=_parse_account_request(typed)
            )
        except ServiceError as fault:
            return render_console_page(context, "staff_newsletters.html", fault=fault, typed=typed)
        return context.redirect(
            "/staff/newsletters", ended=str(result["unsubscribed_count"]), similar=str(result["similar_count"])
        )

    async def show_cases(self, context: PageContext) -> web.Response:
        """Show the cases of disclosure, and the form to open one."""
        return await self._render_cases(context)

    async def open_case(self, context: PageContext) -> web.Response:
        """Open a case."""
        require_section(context, "/staff/cases")
        typed = await context.read_form()
        body = {
            **{name: typed.get(name, "").strip() for name in ("ground", "requester", "reference")},
            "fields": typed.get("fields", "").split(),
            "account_ids": typed.get("account_ids", "").split(),
        }
        try:
            opened = await context.user_session.send(
                "POST", CASES, body=body, idempotency_key=typed.get("idempotency_key")
            )
        except ServiceError as fault:
            return await self._render_cases(context, fault, typed)
        return context.redirect(f"/staff/cases/{opened['case_id']}")

    async def show_case(self, context: PageContext) -> web.Response:
        """Show a case and its notices."""
        return await self._render_case(context)

    async def approve_case(self, context: PageContext) -> web.Response:
        """Approve as the second person."""
        require_section(context, "/staff/cases")
        typed = await context.read_form()
        try:
            await context.user_session.send(
                "POST",
                f"{CASES}/{{}}/approvals",
                context.get_path_variable("case_id"),
                idempotency_key=typed.get("idempotency_key"),
            )
        except ServiceError as fault:
            return await self._render_case(context, fault)
        return context.redirect(f"/staff/cases/{context.get_path_variable('case_id')}")

    async def show_agreements(self, context: PageContext) -> web.Response:
        """Show the agreements with partners."""
        return await self._render_agreements(context)

    async def create_agreement(self, context: PageContext) -> web.Response:
        """Create an agreement."""
        require_section(context, "/staff/agreements")
        typed = await context.read_form()
        try:
            body = {
                **{name: typed.get(name, "").strip() for name in ("partner", "function")},
                **{name: typed.get(name, "").split() for name in ("purposes", "scopes", "fields")},
                "ends_at": _parse_end_date(typed),
            }
            await context.user_session.send("POST", AGREEMENTS, body=body, idempotency_key=typed.get("idempotency_key"))
        except ServiceError as fault:
            return await self._render_agreements(context, fault, typed)
        return context.redirect("/staff/agreements", done="entered")

    async def end_agreement(self, context: PageContext) -> web.Response:
        """End an agreement and the partner's access."""
        require_section(context, "/staff/agreements")
        await context.read_form()
        await context.user_session.send("POST", f"{AGREEMENTS}/{{}}/end", context.get_path_variable("agreement_id"))
        return context.redirect("/staff/agreements", done="ended")

    def _render_account(
        self,
        context: PageContext,
        *,
        account: Any = None,
        fault: ServiceError | None = None,
        typed: FormData | None = None,
    ) -> web.Response:
        roles = require_section(context, "/staff/accounts").roles
        kinds = {kind: words for kind, words in ADMIN_ACTIONS.items() if words.requesters & roles}
        return render_console_page(
            context, "staff_accounts.html", fault=fault, typed=typed, account=account, kinds=kinds
        )

    async def _render_cases(
        self, context: PageContext, fault: ServiceError | None = None, typed: FormData | None = None
    ) -> web.Response:
        require_section(context, "/staff/cases")
        found = await context.user_session.get(CASES)
        return render_console_page(context, "staff_cases.html", fault=fault, typed=typed, items=found["items"])

    async def _render_case(self, context: PageContext, fault: ServiceError | None = None) -> web.Response:
        require_section(context, "/staff/cases")
        found = await context.user_session.get(f"{CASES}/{{}}", context.get_path_variable("case_id"))
        return render_console_page(context, "staff_case.html", fault=fault, case=found)

    async def _render_agreements(
        self, context: PageContext, fault: ServiceError | None = None, typed: FormData | None = None
    ) -> web.Response:
        require_section(context, "/staff/agreements")
        found = await context.user_session.get(AGREEMENTS)
        return render_console_page(context, "staff_agreements.html", fault=fault, typed=typed, items=found["items"])


def _parse_account_request(typed: FormData) -> dict[str, str]:
    return {"email": typed.get("email", ""), "reason": typed.get("reason", "")}


def _parse_end_date(typed: FormData) -> str:
    try:
        return rfc3339(datetime.strptime(typed.get("ends_on", ""), "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError as fault:
        wrong = FieldProblem(field="ends_on", code="day", message="Enter a date such as 2027-12-31.")
        raise InvalidInputError(fields=(wrong,)) from fault
