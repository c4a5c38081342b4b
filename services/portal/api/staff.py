"""The staff console: each act says that it is recorded, asks for the reason, and is decided by the API, not here."""

from datetime import UTC, datetime

from aiohttp import web

from services.portal.api.frame import PageRoute, sent, shown
from services.portal.api.visit import Typed, Visit
from services.portal.service import board, parts
from shared.clock import rfc3339
from shared.errors import FieldProblem, InvalidInputError, ServiceError

CASES = "/v1/disclosure/cases"
AGREEMENTS = "/v1/disclosure/agreements"


class StaffPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of the console."""
        return (
            shown("/staff", self.desk),
            shown("/staff/accounts", self.account_form),
            sent("/staff/accounts", self.find_account),
            sent("/staff/accounts/unsubscribe", self.unsubscribe),
            shown("/staff/cases", self.cases),
            sent("/staff/cases", self.open_case),
            shown("/staff/cases/{case_id}", self.case),
            sent("/staff/cases/{case_id}/approve", self.approve),
            shown("/staff/agreements", self.agreements),
            sent("/staff/agreements", self.agree),
            sent("/staff/agreements/{agreement_id}/end", self.end_agreement),
        )

    async def desk(self, visit: Visit) -> web.Response:
        """Show what this member of the staff may do, and the promises that need somebody."""
        session = visit.must_be("staff")
        found = await parts(promises=visit.visitor.look("/v1/disclosure/promises"))
        live = found["promises"].answer
        return visit.page("staff.html", roles=sorted(session.roles), board=board(live["items"]) if live else None)

    async def account_form(self, visit: Visit) -> web.Response:
        """Ask for the address and the reason."""
        visit.must_be("staff")
        return visit.page("staff_accounts.html", account=None)

    async def find_account(self, visit: Visit) -> web.Response:
        """Find an account; the look is in its owner's ledger before the answer is on this page."""
        visit.must_be("staff")
        typed = await visit.form()
        body = {"email": typed.get("email", ""), "reason": typed.get("reason", "")}
        try:
            found = await visit.visitor.send("POST", "/v1/identity/accounts/find", body=body)
        except ServiceError as fault:
            return visit.page("staff_accounts.html", fault=fault, typed=typed, account=None)
        return visit.page("staff_accounts.html", account=found)

    async def unsubscribe(self, visit: Visit) -> web.Response:
        """End all newsletters of somebody who has asked us to."""
        visit.must_be("staff")
        typed = await visit.form()
        body = {"email": typed.get("email", ""), "reason": typed.get("reason", "")}
        try:
            left = await visit.visitor.send("POST", "/v1/newsletter/unsubscriptions/by-staff", body=body)
        except ServiceError as fault:
            return visit.page("staff_accounts.html", fault=fault, typed=typed, account=None)
        return visit.to("/staff/accounts", ended=str(left["ended"]))

    async def cases(self, visit: Visit) -> web.Response:
        """Show the cases of disclosure, and the form to open one."""
        return await self._cases(visit)

    async def open_case(self, visit: Visit) -> web.Response:
        """Open a case: the accounts are frozen, nothing leaves."""
        visit.must_be("staff")
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
        visit.must_be("staff")
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
        visit.must_be("staff")
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
        visit.must_be("staff")
        await visit.form()
        await visit.visitor.send("POST", f"{AGREEMENTS}/{{}}/end", visit.name("agreement_id"))
        return visit.to("/staff/agreements", done="ended")

    async def _cases(self, visit: Visit, fault: ServiceError | None = None, typed: Typed | None = None) -> web.Response:
        visit.must_be("staff")
        found = await visit.visitor.read(CASES)
        return visit.page("staff_cases.html", fault=fault, typed=typed, items=found["items"])

    async def _case(self, visit: Visit, fault: ServiceError | None = None) -> web.Response:
        visit.must_be("staff")
        found = await visit.visitor.read(f"{CASES}/{{}}", visit.name("case_id"))
        return visit.page("staff_case.html", fault=fault, case=found)

    async def _agreements(
        self, visit: Visit, fault: ServiceError | None = None, typed: Typed | None = None
    ) -> web.Response:
        visit.must_be("staff")
        found = await visit.visitor.read(AGREEMENTS)
        return visit.page("staff_agreements.html", fault=fault, typed=typed, items=found["items"])


def _end_of(typed: Typed) -> str:
    try:
        return rfc3339(datetime.strptime(typed.get("ends_on", ""), "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError as fault:
        wrong = FieldProblem(field="ends_on", code="day", message="Write a day as 2027-12-31.")
        raise InvalidInputError(fields=(wrong,)) from fault
