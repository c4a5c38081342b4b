"""Console pages of abuse reports."""

from typing import Any

from aiohttp import web

from services.portal.api.context import FormData, PageContext
from services.portal.api.middleware import PageRoute, form_route, page_route
from services.portal.api.staff import render_console_page, require_section
from shared.clock import rfc3339
from shared.errors import ServiceError

REPORTS_PATH = "/v1/identity/abuse-reports"
STATES = ("open", "answered", "closed")


class StaffReportPages:
    """Handlers of the staff report pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of reports."""
        return (
            page_route("/staff/abuse-reports", self.show_reports),
            page_route("/staff/abuse-reports/{report_id}", self.show_report),
            form_route("/staff/abuse-reports/{report_id}/open", self.open_contents),
            form_route("/staff/abuse-reports/{report_id}/answer", self.answer_report),
            form_route("/staff/abuse-reports/{report_id}/close", self.close_report),
        )

    async def show_reports(self, context: PageContext) -> web.Response:
        """Show the reports in one state (default: open), ordered by due time."""
        require_section(context, "/staff/abuse-reports")
        state = context.get_query("state") if context.get_query("state") in STATES else "open"
        cursor = {"cursor": context.get_query("cursor")} if context.get_query("cursor") else {}
        found = await context.user_session.get(REPORTS_PATH, state=state, **cursor)
        items = sorted(found["items"], key=lambda report: str(report["answer_due_at"]))
        return render_console_page(
            context, "staff_abuse_reports.html", items=items, more=found["next_cursor"], state=state, states=STATES
        )

    async def show_report(self, context: PageContext) -> web.Response:
        """Show the status of a report without its contents."""
        return await self._render_report(context)

    async def open_contents(self, context: PageContext) -> web.Response:
        """Show the contents; the access is recorded."""
        require_section(context, "/staff/abuse-reports")
        await context.read_form()
        return await self._render_report(
            context, contents=await context.user_session.get(f"{REPORTS_PATH}/{{}}/contents", _report_id(context))
        )

    async def answer_report(self, context: PageContext) -> web.Response:
        """Answer the report."""
        require_section(context, "/staff/abuse-reports")
        typed = await context.read_form()
        try:
            await context.user_session.send(
                "POST",
                f"{REPORTS_PATH}/{{}}/answers",
                _report_id(context),
                body={"text": typed.get("text", "")},
                idempotency_key=typed.get("idempotency_key"),
            )
        except ServiceError as fault:
            return await self._render_report(context, fault=fault, typed=typed)
        return context.redirect(f"/staff/abuse-reports/{_report_id(context)}", done="answered")

    async def close_report(self, context: PageContext) -> web.Response:
        """Close a report that is answered."""
        require_section(context, "/staff/abuse-reports")
        typed = await context.read_form()
        try:
            await context.user_session.send(
                "POST",
                f"{REPORTS_PATH}/{{}}/closures",
                _report_id(context),
                idempotency_key=typed.get("idempotency_key"),
            )
        except ServiceError as fault:
            return await self._render_report(context, fault=fault)
        return context.redirect("/staff/abuse-reports", done="closed")

    async def _render_report(
        self,
        context: PageContext,
        *,
        contents: Any = None,
        fault: ServiceError | None = None,
        typed: FormData | None = None,
    ) -> web.Response:
        """Show the status, which is not recorded, and *contents* right after they were opened."""
        require_section(context, "/staff/abuse-reports")
        report = await context.user_session.get_public(f"{REPORTS_PATH}/{{}}", _report_id(context))
        values = {"report": report, "contents": contents, "now": rfc3339(context.now)}
        return render_console_page(context, "staff_abuse_report.html", fault=fault, typed=typed, **values)


def _report_id(context: PageContext) -> str:
    return context.get_path_variable("report_id")
