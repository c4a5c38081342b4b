"""The console's acts on accounts: asked for by one person, allowed by another; holds, and requests that are open."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from services.portal.api.frame import PageRoute, sent, shown
from services.portal.api.staff import desk, page
from services.portal.api.visit import Typed, Visit
from services.portal.domain.console import ACTS, SCOPES, VERIFICATIONS
from services.portal.errors import PageNotFoundError
from shared.clock import rfc3339
from shared.errors import FieldProblem, InvalidInputError, ServiceError

PATH = "/v1/identity/acts"
STATES = ("asked", "done", "refused", "expired")


class StaffActPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of acts, holds and open requests."""
        return (
            shown("/staff/acts", self.acts),
            shown("/staff/freeze", self.freeze_form),
            shown("/staff/acts/ask/{kind}", self.ask_form),
            sent("/staff/acts/ask/{kind}", self.ask),
            sent("/staff/acts/prepare", self.prepare),
            shown("/staff/acts/{act_id}", self.act),
            sent("/staff/acts/{act_id}/approve", self.approve),
            sent("/staff/acts/{act_id}/refuse", self.refuse),
            shown("/staff/requests", self.requests),
            shown("/staff/holds", self.holds),
        )

    async def acts(self, visit: Visit) -> web.Response:
        """Show the acts in one state: those that wait for somebody, unless another one is named."""
        return await self._acts(visit)

    async def freeze_form(self, visit: Visit) -> web.Response:
        """Ask whose account is to be frozen, and why: it is done at once, by one person."""
        return self._ask(visit, "freeze")

    async def ask_form(self, visit: Visit) -> web.Response:
        """Ask for what an act of this kind needs."""
        return self._ask(visit, visit.name("kind"))

    async def prepare(self, visit: Visit) -> web.Response:
        """Show the form for an account that was just found; its number is in no address of a page, and in no log."""
        desk(visit, "/staff/acts")
        typed = await visit.form()
        return self._ask(visit, typed.get("kind", ""), typed={"account_id": typed.get("account_id", "")})

    async def ask(self, visit: Visit) -> web.Response:
        """Ask for the act; a freeze is done at once, all others wait for a second person."""
        desk(visit, "/staff/acts")
        typed, kind = await visit.form(), visit.name("kind")
        try:
            made = await visit.visitor.send("POST", PATH, body=_wish(kind, typed), once=typed.get("once"))
        except ServiceError as fault:
            return self._ask(visit, kind, fault, typed)
        return visit.to("/staff/acts", done=str(made["state"]) if kind != "freeze" else "frozen")

    async def act(self, visit: Visit) -> web.Response:
        """Show one act with its account; its owner sees that somebody has looked."""
        desk(visit, "/staff/acts")
        return page(visit, "staff_act.html", act=await visit.visitor.read(f"{PATH}/{{}}", visit.name("act_id")))

    async def approve(self, visit: Visit) -> web.Response:
        """Allow the act as the second person."""
        return await self._settle(visit, "approvals", "approved")

    async def refuse(self, visit: Visit) -> web.Response:
        """Refuse the act, or take the own wish back."""
        return await self._settle(visit, "refusals", "refused")

    async def requests(self, visit: Visit) -> web.Response:
        """Show the exports and erasures that are not done, the one that is due first before the others."""
        desk(visit, "/staff/requests")
        found = await visit.visitor.read("/v1/identity/open-requests")
        now, soon = rfc3339(visit.now), rfc3339(visit.now + timedelta(days=5))
        return page(visit, "staff_requests.html", items=found["items"], now=now, soon=soon)

    async def holds(self, visit: Visit) -> web.Response:
        """Show what is kept because a law or a dispute obliges to."""
        desk(visit, "/staff/holds")
        found = await visit.visitor.read("/v1/identity/holds", **_from(visit))
        return page(visit, "staff_holds.html", items=found["items"], more=found["next_cursor"])

    async def _settle(self, visit: Visit, how: str, done: str) -> web.Response:
        """Settle the act; a refusal is said on the list, since one more look at the act would be on record."""
        desk(visit, "/staff/acts")
        typed = await visit.form()
        try:
            await visit.visitor.send("POST", f"{PATH}/{{}}/{how}", visit.name("act_id"), once=typed.get("once"))
        except ServiceError as fault:
            return await self._acts(visit, fault)
        return visit.to("/staff/acts", done=done)

    async def _acts(self, visit: Visit, fault: ServiceError | None = None) -> web.Response:
        desk(visit, "/staff/acts")
        state = visit.query("state") if visit.query("state") in STATES else "asked"
        found = await visit.visitor.read(PATH, state=state, **_from(visit))
        items = sorted(found["items"], key=lambda act: str(act["asked_at"]), reverse=True)
        shown_now = {"items": items, "more": found["next_cursor"], "state": state, "states": STATES}
        return page(visit, "staff_acts.html", fault=fault, **shown_now)

    def _ask(
        self, visit: Visit, kind: str, fault: ServiceError | None = None, typed: Typed | None = None
    ) -> web.Response:
        desk(visit, "/staff/acts")
        if kind not in ACTS:
            raise PageNotFoundError
        words = {"kind": kind, "verifications": VERIFICATIONS, "scopes": SCOPES}
        return page(visit, "staff_act_ask.html", fault=fault, typed=typed, **words)


def _from(visit: Visit) -> dict[str, str]:
    return {"cursor": visit.query("cursor")} if visit.query("cursor") else {}


def _wish(kind: str, typed: Typed) -> dict[str, Any]:
    """Return what is asked for, without what was left empty: the API says what this kind needs."""
    names = ("account_id", "reason", "verification", "new_email", "hold_scope")
    wish = {name: typed[name].strip() for name in names if typed.get(name, "").strip()}
    until = {"hold_until": _end_of(typed["hold_until"])} if typed.get("hold_until") else {}
    return {"kind": kind, **wish, **until}


def _end_of(day: str) -> str:
    try:
        return rfc3339(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError as fault:
        wrong = FieldProblem(field="hold_until", code="day", message="Write a day as 2027-12-31.")
        raise InvalidInputError(fields=(wrong,)) from fault
