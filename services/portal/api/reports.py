"""Reports of misuse, for everybody: whoever is logged in can lock the account at once (C28)."""

from typing import Any

from aiohttp import web

from services.portal.api.frame import OFTEN, PageRoute, sent, shown
from services.portal.api.visit import Typed, Visit
from services.portal.domain.addresses import at
from services.portal.errors import LoggedOutError
from shared.errors import ServiceError

_REPORTS = "/v1/identity/reports"


class ReportPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of reports."""
        return (
            shown("/account/report", self.form),
            sent("/account/report", self.report, limit=OFTEN),
            shown("/account/reports", self.find),
            shown("/account/reports/{report_id}", self.standing),
        )

    async def form(self, visit: Visit) -> web.Response:
        """Ask what happened."""
        return visit.page("report.html", typed={"kind": visit.query("kind")}, over=False)

    async def report(self, visit: Visit) -> web.Response:
        """Take the report, and lead to its number; a locked account is logged out here, too."""
        typed = await visit.form()
        try:
            taken = await _taken(visit, typed)
        except LoggedOutError:
            return visit.page("report.html", typed=typed, over=True)  # what was written must not be lost
        except ServiceError as fault:
            return visit.page("report.html", fault=fault, typed=typed, over=False)
        if _locks(visit, typed):
            visit.visitor.session = None
            return visit.to(f"/account/reports/{taken['report_id']}", done="locked")
        return visit.to(f"/account/reports/{taken['report_id']}", done="mailed" if _named(visit, typed) else "taken")

    async def find(self, visit: Visit) -> web.Response:
        """Ask for the number of a report."""
        number = visit.query("number").strip()
        return visit.to(at("/account/reports/{}", number)) if number else visit.page("report_find.html")

    async def standing(self, visit: Visit) -> web.Response:
        """Show where the case stands, and the answer; its number is the key, so it is not passed on."""
        visit.private_path = True
        found = await visit.visitor.look(f"{_REPORTS}/{{}}", visit.name("report_id"))
        return visit.page("report_standing.html", report=found)


async def _taken(visit: Visit, typed: Typed) -> Any:
    body: dict[str, Any] = {"kind": typed.get("kind", ""), "text": typed.get("text", "")}
    if not _is_customer(visit):
        named = {"email": typed["email"]} if typed.get("email") else {}
        return await visit.visitor.tell(_REPORTS, body | named)
    return await visit.visitor.send("POST", _REPORTS, body=body | {"lock": _locks(visit, typed)})


def _is_customer(visit: Visit) -> bool:
    return visit.session is not None and not visit.session.is_staff


def _locks(visit: Visit, typed: Typed) -> bool:
    return _is_customer(visit) and bool(typed.get("lock")) and typed.get("kind") == "unauthorised_use"


def _named(visit: Visit, typed: Typed) -> bool:
    return not _is_customer(visit) and bool(typed.get("email")) and typed.get("kind") == "unauthorised_use"
