"""What a person may ask of all services at once: everything that is held, and that it is erased."""

from typing import Any

from aiohttp import web

from services.portal.api.frame import PageRoute, sent, shown
from services.portal.api.visit import Typed, Visit, without_passwords
from services.portal.errors import RefusedError
from services.portal.service import parts
from shared.errors import FieldProblem, InvalidInputError, ServiceError

EXPORTS = "/v1/identity/exports"
ERASURES = "/v1/identity/erasures"
_PASSED_ON = ("Content-Type", "Content-Length", "Content-Disposition")


class RequestPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of exports and erasures."""
        return (
            shown("/account/export", self.exports),
            sent("/account/export", self.ask_for_export),
            shown("/account/exports/{export_id}", self.export),
            shown("/account/exports/{export_id}/archive", self.archive),
            shown("/account/erase", self.erasure_form),
            sent("/account/erase", self.erase),
            sent("/account/erase/keep", self.keep),
            shown("/account/erasures/{erasure_id}", self.erasure),
        )

    async def exports(self, visit: Visit) -> web.Response:
        """Explain the export, and show those that were asked for."""
        visit.must_be("customer")
        found = await parts(exports=visit.visitor.read(EXPORTS))
        return visit.page("export_ask.html", exports=found["exports"])

    async def ask_for_export(self, visit: Visit) -> web.Response:
        """Ask for everything that is held."""
        visit.must_be("customer")
        typed = await visit.form()
        asked = await visit.visitor.send("POST", EXPORTS, once=typed.get("once"))
        return visit.to(f"/account/exports/{asked['export_id']}")

    async def export(self, visit: Visit) -> web.Response:
        """Show how far it is; the page looks again by itself until it is ready."""
        visit.must_be("customer")
        found = await visit.visitor.read(f"{EXPORTS}/{{}}", visit.name("export_id"))
        return visit.page("export.html", export=found)

    async def archive(self, visit: Visit) -> web.StreamResponse:
        """Pass the archive on piece by piece, with the visitor's own token; nothing of it is kept here."""
        visit.must_be("customer")
        async with await visit.visitor.stream(f"{EXPORTS}/{{}}/archive", visit.name("export_id")) as (headers, pieces):
            response = web.StreamResponse(headers={n: headers[n] for n in _PASSED_ON if n in headers})
            response.headers.setdefault("Content-Disposition", 'attachment; filename="candor-export.zip"')
            await response.prepare(visit.request)
            async for piece in pieces:
                await response.write(piece)
            await response.write_eof()
            return response

    async def erasure_form(self, visit: Visit) -> web.Response:
        """Say what will be gone and what may have to stay, before asking for the password; or what is planned."""
        visit.must_be("customer")
        planned = await planned_erasure(visit)
        if planned is None:
            visit.must_be_recent("customer")
        return visit.page("erase.html", planned=planned)

    async def erase(self, visit: Visit) -> web.Response:
        """Ask for the erasure, now or in some days; the log-in ends with it, and the receipt's page needs none."""
        visit.must_be("customer")
        typed = await visit.form()
        try:
            body = {"password": typed.get("password", ""), "grace_days": _days(typed)}
            asked = await visit.visitor.send("POST", ERASURES, body=body, once=typed.get("once"))
        except ServiceError as fault:
            return visit.page("erase.html", fault=fault, typed=without_passwords(typed), planned=None)
        visit.visitor.session = None
        return visit.to(f"/account/erasures/{asked['erasure_id']}")

    async def keep(self, visit: Visit) -> web.Response:
        """Take the planned erasure back."""
        visit.must_be("customer")
        await visit.form()
        await visit.visitor.send("DELETE", f"{ERASURES}/planned")
        return visit.to("/account", done="kept")

    async def erasure(self, visit: Visit) -> web.Response:
        """Show the receipts: what each service erased, and what it had to keep and why."""
        visit.private_path = True
        found = await visit.visitor.look(f"{ERASURES}/{{}}", visit.name("erasure_id"))
        return visit.page("erasure.html", erasure=found)


async def planned_erasure(visit: Visit) -> Any:
    """Return the erasure that is planned for the own account; None where there is none."""
    try:
        return await visit.visitor.read(f"{ERASURES}/planned")
    except RefusedError as fault:
        if fault.code != "identity.erasure.not_scheduled":
            raise
        return None


def _days(typed: Typed) -> int:
    text = typed.get("grace_days") or "0"
    if not text.isascii() or not text.isdecimal() or len(text) > 2:
        raise InvalidInputError(
            fields=(FieldProblem(field="grace_days", code="number", message="Choose one of these."),)
        )
    return int(text)
