"""The security of the own account: what there is, what has happened, and the address that all of it is mailed to."""

from typing import Any

from aiohttp import web

from services.portal.api.confirm import FACTORS
from services.portal.api.frame import PageRoute, sent, shown
from services.portal.api.privacy import APP_PASSWORDS, ME, SESSIONS
from services.portal.api.visit import Visit
from services.portal.service import parts
from shared.errors import ServiceError

_LOG = "/v1/identity/security-log"


class SecurityPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of the account's security."""
        return (
            shown("/account/security", self.overview),
            shown("/account/security-log", self.log),
            shown("/account/address", self.address_form),
            sent("/account/address", self.change_address),
        )

    async def overview(self, visit: Visit) -> web.Response:
        """Show how the account is protected, with the way to each part."""
        visit.must_be("customer")
        me = visit.visitor
        held: dict[str, Any] = await parts(
            me=me.read(ME),
            factors=me.read(FACTORS),
            sessions=me.read(SESSIONS),
            app_passwords=me.read(APP_PASSWORDS),
            log=me.read(_LOG, limit="3"),
        )
        return visit.page("account_security.html", **held)

    async def log(self, visit: Visit) -> web.Response:
        """Show what happened to the account, the newest first."""
        visit.must_be("customer")
        cursor = {"cursor": visit.query("cursor")} if visit.query("cursor") else {}
        found = await visit.visitor.read(_LOG, **cursor)
        return visit.page("security_log.html", items=found["items"], next_cursor=found.get("next_cursor"))

    async def address_form(self, visit: Visit) -> web.Response:
        """Show the address, and ask for another one."""
        return await _address(visit)

    async def change_address(self, visit: Visit) -> web.Response:
        """Ask for the change; the link at the new address makes it."""
        visit.must_be("customer")
        typed = await visit.form()
        try:
            await visit.visitor.send("POST", "/v1/identity/address-changes", body={"email": typed.get("email", "")})
        except ServiceError as fault:
            return await _address(visit, fault)
        return visit.page("address_asked.html", typed=typed)


async def _address(visit: Visit, fault: ServiceError | None = None) -> web.Response:
    visit.must_be("customer")
    found = await parts(me=visit.visitor.read(ME))
    return visit.page("address.html", fault=fault, typed=visit.typed, me=found["me"])
