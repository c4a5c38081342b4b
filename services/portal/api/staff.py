"""The staff console: each act says that it is recorded, asks for the reason, and is decided by the API, not here."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from services.portal.api.frame import PageRoute, sent, shown
from services.portal.api.visit import Typed, Visit
from services.portal.domain import Session, console
from services.portal.domain.console import ACTS, DESKS
from services.portal.errors import OthersWorkError
from services.portal.service import board, parts
from shared.clock import rfc3339
from shared.errors import FieldProblem, InvalidInputError, ServiceError

CASES = "/v1/disclosure/cases"
AGREEMENTS = "/v1/disclosure/agreements"
_WAITING = {
    "/staff/acts": ("/v1/identity/acts", {"state": "asked"}),
    "/staff/reports": ("/v1/identity/reports", {"state": "open"}),
    "/staff/requests": ("/v1/identity/open-requests", {}),
    "/staff/holds": ("/v1/identity/holds", {}),
}
"""What waits for somebody, by the page where it is worked on."""


def desk(visit: Visit, path: str) -> Session:
    """Return the session of somebody whose work the page at *path* is; the others are told whose it is."""
    session = visit.must_be("staff")
    [found] = [each for each in DESKS if each.path == path]
    if not found.is_for(session.roles):
        whose, own = " or ".join(sorted(found.roles)), " and ".join(sorted(session.roles))
        raise OthersWorkError(f"“{found.label}” is for {whose}; you are here as {own}.")
    return session


def page(visit: Visit, template: str, **shown: Any) -> web.Response:
    """Return a page of the console, which knows its desks and the words of its acts."""
    return visit.page(template, console=console, **shown)


class StaffPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of the console."""
        return (
            shown("/staff", self.desk),
            shown("/staff/accounts", self.account_form),
            sent("/staff/accounts", self.find_account),
            shown("/staff/newsletters", self.newsletters_form),
            sent("/staff/newsletters", self.unsubscribe),
            shown("/staff/cases", self.cases),
            sent("/staff/cases", self.open_case),
            shown("/staff/cases/{case_id}", self.case),
            sent("/staff/cases/{case_id}/approve", self.approve),
            shown("/staff/agreements", self.agreements),
            sent("/staff/agreements", self.agree),
            sent("/staff/agreements/{agreement_id}/end", self.end_agreement),
        )

    async def desk(self, visit: Visit) -> web.Response:
        """Show what waits for this member of the staff, and the promises that need somebody."""
        session = visit.must_be("staff")
        desks = [each for each in DESKS if each.is_for(session.roles)]
        asked = {each.path: _WAITING[each.path] for each in desks if each.path in _WAITING}
        found = await parts(
            promises=visit.visitor.look("/v1/disclosure/promises"),
            **{path: visit.visitor.read(api, **query) for path, (api, query) in asked.items()},
        )
        live = found.pop("promises").answer
        return page(
            visit,
            "staff.html",
            roles=sorted(session.roles),
            board=board(live["items"]) if live else None,
            waiting=found,
            desks=desks,
            now=rfc3339(visit.now),
        )

    async def account_form(self, visit: Visit) -> web.Response:
        """Ask for the address and the reason."""
        return self._account(visit)

    async def find_account(self, visit: Visit) -> web.Response:
        """Find an account; the look is in its owner's ledger before the answer is on this page."""
        desk(visit, "/staff/accounts")
        typed = await visit.form()
        try:
            found = await visit.visitor.send("POST", "/v1/identity/accounts/find", body=_asked_of(typed))
        except ServiceError as fault:
            return self._account(visit, fault=fault, typed=typed)
        return self._account(visit, account=found)

    async def newsletters_form(self, visit: Visit) -> web.Response:
        """Ask for the address whose subscriptions are to end, and how that was asked for."""
        desk(visit, "/staff/newsletters")
        return page(visit, "staff_newsletters.html")

    async def unsubscribe(self, visit: Visit) -> web.Response:
        """End all newsletters of somebody who has asked us to."""
        desk(visit, "/staff/newsletters")
        typed = await visit.form()
        try:
            left = await visit.visitor.send("POST", "/v1/newsletter/unsubscriptions/by-staff", body=_asked_of(typed))
        except ServiceError as fault:
            return page(visit, "staff_newsletters.html", fault=fault, typed=typed)
        return visit.to("/staff/newsletters", ended=str(left["ended"]))

    async def cases(self, visit: Visit) -> web.Response:
        """Show the cases of disclosure, and the form to open one."""
        return await self._cases(visit)

    async def open_case(self, visit: Visit) -> web.Response:
        """Open a case: the accounts are frozen, nothing leaves."""
        desk(visit, "/staff/cases")
        typed = await visit.form()
        body = {
            **{name: typed.get(name, "").strip() for name in ("ground", "requester", "reference")},
            "fields": typed.get("fields", "").split(),
            "account_ids": typed.get("account_ids", "").split(),
        }
        try:
            opened = await visit.visitor.send("POST", CASES, body=body, once=typed.get("once"))
        except ServiceError as fault:
            return await self._cases(visit, fault, typed)
        return visit.to(f"/staff/cases/{opened['case_id']}")

    async def case(self, visit: Visit) -> web.Response:
        """Show a case and how far its notices are."""
        return await self._case(visit)

    async def approve(self, visit: Visit) -> web.Response:
        """Approve as the second person."""
        desk(visit, "/staff/cases")
        typed = await visit.form()
        try:
            await visit.visitor.send("POST", f"{CASES}/{{}}/approvals", visit.name("case_id"), once=typed.get("once"))
        except ServiceError as fault:
            return await self._case(visit, fault)
        return visit.to(f"/staff/cases/{visit.name('case_id')}")

    async def agreements(self, visit: Visit) -> web.Response:
        """Show the agreements with partners."""
        return await self._agreements(visit)

    async def agree(self, visit: Visit) -> web.Response:
        """Enter an agreement."""
        desk(visit, "/staff/agreements")
        typed = await visit.form()
        try:
            body = {
                **{name: typed.get(name, "").strip() for name in ("partner", "function")},
                **{name: typed.get(name, "").split() for name in ("purposes", "scopes", "fields")},
                "ends_at": _end_of(typed),
            }
            await visit.visitor.send("POST", AGREEMENTS, body=body, once=typed.get("once"))
        except ServiceError as fault:
            return await self._agreements(visit, fault, typed)
        return visit.to("/staff/agreements", done="entered")

    async def end_agreement(self, visit: Visit) -> web.Response:
        """End an agreement: the partner's access ends with it."""
        desk(visit, "/staff/agreements")
        await visit.form()
        await visit.visitor.send("POST", f"{AGREEMENTS}/{{}}/end", visit.name("agreement_id"))
        return visit.to("/staff/agreements", done="ended")

    def _account(
        self, visit: Visit, *, account: Any = None, fault: ServiceError | None = None, typed: Typed | None = None
    ) -> web.Response:
        roles = desk(visit, "/staff/accounts").roles
        kinds = {kind: words for kind, words in ACTS.items() if words.asks & roles}
        return page(visit, "staff_accounts.html", fault=fault, typed=typed, account=account, kinds=kinds)

    async def _cases(self, visit: Visit, fault: ServiceError | None = None, typed: Typed | None = None) -> web.Response:
        desk(visit, "/staff/cases")
        found = await visit.visitor.read(CASES)
        return page(visit, "staff_cases.html", fault=fault, typed=typed, items=found["items"])

    async def _case(self, visit: Visit, fault: ServiceError | None = None) -> web.Response:
        desk(visit, "/staff/cases")
        found = await visit.visitor.read(f"{CASES}/{{}}", visit.name("case_id"))
        return page(visit, "staff_case.html", fault=fault, case=found)

    async def _agreements(
        self, visit: Visit, fault: ServiceError | None = None, typed: Typed | None = None
    ) -> web.Response:
        desk(visit, "/staff/agreements")
        found = await visit.visitor.read(AGREEMENTS)
        return page(visit, "staff_agreements.html", fault=fault, typed=typed, items=found["items"])


def _asked_of(typed: Typed) -> dict[str, str]:
    return {"email": typed.get("email", ""), "reason": typed.get("reason", "")}


def _end_of(typed: Typed) -> str:
    try:
        return rfc3339(datetime.strptime(typed.get("ends_on", ""), "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError as fault:
        wrong = FieldProblem(field="ends_on", code="day", message="Write a day as 2027-12-31.")
        raise InvalidInputError(fields=(wrong,)) from fault
