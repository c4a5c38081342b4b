"""Passwords that change: a forgotten one by the link of a mail, a known one in the account."""

from aiohttp import web

from services.portal.api.frame import OFTEN, PageRoute, sent, shown
from services.portal.api.privacy import APP_PASSWORDS
from services.portal.api.visit import Visit
from shared.errors import ServiceError

_RESETS = "/v1/identity/password-resets"
_LINK_REFUSED = "identity.password_reset.refused"


class PasswordPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of passwords."""
        return (
            shown("/account/forgot-password", self.forgotten_form),
            sent("/account/forgot-password", self.ask_for_link, limit=OFTEN),
            shown("/account/reset-password", self.reset_form),
            sent("/account/reset-password", self.reset, limit=OFTEN),
            shown("/account/password", self.change_form),
            sent("/account/password", self.change),
            sent("/account/password/revoke-app-passwords", self.revoke_app_passwords),
        )

    async def forgotten_form(self, visit: Visit) -> web.Response:
        """Ask for the address."""
        return visit.page("password_forgotten.html")

    async def ask_for_link(self, visit: Visit) -> web.Response:
        """Have a link mailed; the page is the same whether or not the address has an account."""
        typed = await visit.form()
        try:
            await visit.visitor.tell(_RESETS, {"email": typed.get("email", "")})
        except ServiceError as fault:
            return visit.page("password_forgotten.html", fault=fault, typed=typed)
        return visit.page("password_asked.html", typed=typed)

    async def reset_form(self, visit: Visit) -> web.Response:
        """Ask for the new password; opening the link uses nothing up."""
        return visit.page("password_reset.html", token=visit.query("token"))

    async def reset(self, visit: Visit) -> web.Response:
        """Set it; every session ends, so the log-in is next."""
        typed = await visit.form()
        token = typed.get("token", "")
        body = {"token": token, "password": typed.get("password", "")}
        try:
            await visit.visitor.tell(f"{_RESETS}/completions", body)
        except ServiceError as fault:
            kept = "" if fault.code == _LINK_REFUSED else token
            return visit.page("password_reset.html", fault=fault, token=kept)
        visit.visitor.session = None
        return visit.to("/account/log-in", why="reset")

    async def change_form(self, visit: Visit) -> web.Response:
        """Ask for the old and the new password."""
        visit.must_be_recent("customer")
        return visit.page("password.html")

    async def change(self, visit: Visit) -> web.Response:
        """Change it, and show which app passwords still work: whoever knew the old one may have made some."""
        visit.must_be("customer")
        typed = await visit.form()
        body = {"old_password": typed.get("old_password", ""), "new_password": typed.get("password", "")}
        try:
            done = await visit.visitor.send("POST", "/v1/identity/password-changes", body=body)
        except ServiceError as fault:
            return visit.page("password.html", fault=fault)
        return visit.page("password_changed.html", ended=done["sessions_ended"], items=done["app_passwords"])

    async def revoke_app_passwords(self, visit: Visit) -> web.Response:
        """Revoke all app passwords."""
        visit.must_be("customer")
        await visit.form()
        found = await visit.visitor.read(APP_PASSWORDS)
        for each in found["items"]:
            await visit.visitor.send("DELETE", f"{APP_PASSWORDS}/{{}}", each["app_password_id"])
        return visit.to("/account/app-passwords", done="all-revoked")
