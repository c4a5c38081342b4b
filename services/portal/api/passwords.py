"""Pages to reset and to change a password."""

from aiohttp import web

from services.portal.api.context import PageContext
from services.portal.api.middleware import FORM_RATE_LIMIT, PageRoute, form_route, page_route, public_form_route
from services.portal.api.privacy import APP_PASSWORDS, ME
from shared.errors import ServiceError, UnavailableError

_RESETS = "/v1/identity/password-resets"
_LINK_INVALID = "identity.password_reset_token.invalid"


class PasswordPages:
    """Handlers of the password pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of passwords."""
        return (
            page_route("/account/forgot-password", self.show_forgot_password),
            form_route("/account/forgot-password", self.request_reset_link, limit=FORM_RATE_LIMIT, is_public=True),
            page_route("/account/reset-password", self.show_reset_form),
            public_form_route("/account/reset-password", self.submit_reset),
            page_route("/account/password", self.show_change_form),
            form_route("/account/password", self.submit_change),
            form_route("/account/password/revoke-app-passwords", self.revoke_app_passwords),
        )

    async def show_forgot_password(self, context: PageContext) -> web.Response:
        """Ask for the address."""
        return context.render("password_forgotten.html")

    async def request_reset_link(self, context: PageContext) -> web.Response:
        """Request a reset link; the reply does not depend on whether the address has an account."""
        typed = await context.read_form()
        try:
            await context.user_session.post_public(_RESETS, {"email": typed.get("email", "")})
        except ServiceError as fault:
            return context.render("password_forgotten.html", fault=fault, typed=typed)
        return context.render("password_reset_requested.html", typed=typed)

    async def show_reset_form(self, context: PageContext) -> web.Response:
        """Ask for the new password; opening the link does not use the token."""
        token = context.get_query("token")
        return context.render("password_reset.html", token=token, email=await _find_email(context, token))

    async def submit_reset(self, context: PageContext) -> web.Response:
        """Set the password, which ends every session, and go to the login."""
        typed = await context.read_form()
        token = typed.get("token", "")
        body = {"token": token, "password": typed.get("password", "")}
        try:
            await context.user_session.post_public(f"{_RESETS}/confirmations", body)
        except ServiceError as fault:
            retry_token = "" if fault.code == _LINK_INVALID else token
            email = await _find_email(context, retry_token)
            return context.render("password_reset.html", fault=fault, token=retry_token, email=email)
        context.user_session.session = None
        return context.redirect("/account/log-in", why="reset")

    async def show_change_form(self, context: PageContext) -> web.Response:
        """Ask for the current and the new password."""
        context.require_recent_login("customer")
        return context.render("password.html", email=await _get_own_email(context))

    async def submit_change(self, context: PageContext) -> web.Response:
        """Change the password, and list the app passwords that still work."""
        context.require_kind("customer")
        typed = await context.read_form()
        body = {"old_password": typed.get("old_password", ""), "new_password": typed.get("password", "")}
        try:
            done = await context.user_session.send("POST", "/v1/identity/password-changes", body=body)
        except ServiceError as fault:
            return context.render("password.html", fault=fault, email=await _get_own_email(context))
        return context.render("password_changed.html", ended=done["revoked_sessions"], items=done["app_passwords"])

    async def revoke_app_passwords(self, context: PageContext) -> web.Response:
        """Revoke all app passwords."""
        context.require_kind("customer")
        await context.read_form()
        found = await context.user_session.get(APP_PASSWORDS)
        for each in found["items"]:
            await context.user_session.send("DELETE", f"{APP_PASSWORDS}/{{}}", each["app_password_id"])
        return context.redirect("/account/app-passwords", done="all-revoked")


async def _get_own_email(context: PageContext) -> str:
    """Return the visitor's address for password managers; empty when it cannot be read."""
    try:
        return str((await context.user_session.get(ME))["email"])
    except UnavailableError:
        return ""


async def _find_email(context: PageContext, token: str) -> str:
    """Return the address of a reset link for password managers; empty unless the link is valid."""
    if not token:
        return ""
    try:
        return str((await context.user_session.post_public(f"{_RESETS}/lookups", {"token": token}))["email"])
    except ServiceError:
        return ""
