"""Pages to report misuse; logged-in customers can lock their account (C28)."""

from typing import Any

from aiohttp import web

from services.portal.api.context import FormData, PageContext
from services.portal.api.middleware import FORM_RATE_LIMIT, PageRoute, form_route, page_route
from services.portal.domain.paths import build_path
from services.portal.errors import LoginRequiredError
from shared.errors import ServiceError

_REPORTS = "/v1/identity/abuse-reports"


class AbuseReportPages:
    """Handlers of the abuse report pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of reports."""
        return (
            page_route("/account/report", self.show_report_form),
            form_route("/account/report", self.submit_report, limit=FORM_RATE_LIMIT),
            page_route("/account/reports", self.find_report),
            page_route("/account/reports/{report_id}", self.show_report_status),
        )

    async def show_report_form(self, context: PageContext) -> web.Response:
        """Show the report form."""
        return context.render("report.html", typed={"kind": context.get_query("kind")}, over=False)

    async def submit_report(self, context: PageContext) -> web.Response:
        """Send the report and show its number; locking the account also logs out here."""
        typed = await context.read_form()
        try:
            report = await _send_report(context, typed)
        except LoginRequiredError:
            return context.render("report.html", typed=typed, over=True)  # what was written must not be lost
        except ServiceError as fault:
            return context.render("report.html", fault=fault, typed=typed, over=False)
        if _requests_lock(context, typed):
            context.user_session.session = None
            return context.redirect(f"/account/reports/{report['report_id']}", done="locked")
        return context.redirect(
            f"/account/reports/{report['report_id']}", done="mailed" if _names_account(context, typed) else "taken"
        )

    async def find_report(self, context: PageContext) -> web.Response:
        """Ask for the number of a report."""
        number = context.get_query("number").strip()
        return (
            context.redirect(build_path("/account/reports/{}", number))
            if number
            else context.render("report_find.html")
        )

    async def show_report_status(self, context: PageContext) -> web.Response:
        """Show the status and the answer. The number grants access, so the path must not leak."""
        context.is_path_secret = True
        found = await context.user_session.get_public(f"{_REPORTS}/{{}}", context.get_path_variable("report_id"))
        return context.render("report_status.html", report=found)


async def _send_report(context: PageContext, typed: FormData) -> Any:
    body: dict[str, Any] = {"kind": typed.get("kind", ""), "text": typed.get("text", "")}
    if not _is_customer(context):
        named = {"email": typed["email"]} if typed.get("email") else {}
        return await context.user_session.post_public(_REPORTS, body | named)
    return await context.user_session.send(
        "POST", _REPORTS, body=body | {"lock_account": _requests_lock(context, typed)}
    )


def _is_customer(context: PageContext) -> bool:
    return context.session is not None and not context.session.is_staff


def _requests_lock(context: PageContext, typed: FormData) -> bool:
    return _is_customer(context) and bool(typed.get("lock")) and typed.get("kind") == "unauthorized_use"


def _names_account(context: PageContext, typed: FormData) -> bool:
    return not _is_customer(context) and bool(typed.get("email")) and typed.get("kind") == "unauthorized_use"
