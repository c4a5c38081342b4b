"""The console's reports: what people have told us of misuse and security problems, until a person has answered."""

from typing import Any

from aiohttp import web

from services.portal.api.frame import PageRoute, sent, shown
from services.portal.api.staff import desk, page
from services.portal.api.visit import Typed, Visit
from shared.clock import rfc3339
from shared.errors import ServiceError

PATH = "/v1/identity/reports"
STATES = ("open", "answered", "closed")


class StaffReportPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of reports."""
        return (
            shown("/staff/reports", self.reports),
            shown("/staff/reports/{report_id}", self.report),
            sent("/staff/reports/{report_id}/open", self.open_contents),
            sent("/staff/reports/{report_id}/answer", self.answer),
            sent("/staff/reports/{report_id}/close", self.close),
        )

    async def reports(self, visit: Visit) -> web.Response:
        """Show the reports in one state: the open ones, unless another one is named; the first due first."""
        desk(visit, "/staff/reports")
        state = visit.query("state") if visit.query("state") in STATES else "open"
        cursor = {"cursor": visit.query("cursor")} if visit.query("cursor") else {}
        found = await visit.visitor.read(PATH, state=state, **cursor)
        items = sorted(found["items"], key=lambda report: str(report["answer_by"]))
        return page(visit, "staff_reports.html", items=items, more=found["next_cursor"], state=state, states=STATES)

    async def report(self, visit: Visit) -> web.Response:
        """Show where a report stands; what was written stays closed."""
        return await self._report(visit)

    async def open_contents(self, visit: Visit) -> web.Response:
        """Open what was written, on record."""
        desk(visit, "/staff/reports")
        await visit.form()
        return await self._report(visit, contents=await visit.visitor.read(f"{PATH}/{{}}/contents", _id(visit)))

    async def answer(self, visit: Visit) -> web.Response:
        """Answer the report."""
        desk(visit, "/staff/reports")
        typed = await visit.form()
        try:
            await visit.visitor.send(
                "POST",
                f"{PATH}/{{}}/answers",
                _id(visit),
                body={"text": typed.get("text", "")},
                once=typed.get("once"),
            )
        except ServiceError as fault:
            return await self._report(visit, fault=fault, typed=typed)
        return visit.to(f"/staff/reports/{_id(visit)}", done="answered")

    async def close(self, visit: Visit) -> web.Response:
        """Close a report that is answered."""
        desk(visit, "/staff/reports")
        typed = await visit.form()
        try:
            await visit.visitor.send("POST", f"{PATH}/{{}}/closures", _id(visit), once=typed.get("once"))
        except ServiceError as fault:
            return await self._report(visit, fault=fault)
        return visit.to("/staff/reports", done="closed")

    async def _report(
        self, visit: Visit, *, contents: Any = None, fault: ServiceError | None = None, typed: Typed | None = None
    ) -> web.Response:
        """Show the report as its author sees it, which is on no record; *contents* only just after they were opened."""
        desk(visit, "/staff/reports")
        standing = await visit.visitor.look(f"{PATH}/{{}}", _id(visit))
        shown_now = {"report": standing, "contents": contents, "now": rfc3339(visit.now)}
        return page(visit, "staff_report.html", fault=fault, typed=typed, **shown_now)


def _id(visit: Visit) -> str:
    return visit.name("report_id")
