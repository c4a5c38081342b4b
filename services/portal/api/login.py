"""Pages to log in, by password and second factor or by passkey, and to log out."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from services.portal.api.context import FormData, PageContext, safe_redirect_path, without_passwords
from services.portal.api.credentials import parse_passkey, parse_second_factor
from services.portal.api.middleware import PageRoute, form_route, page_route, public_form_route
from services.portal.api.privacy import ME
from services.portal.domain import DEVICE
from services.portal.errors import ApiProblemError
from shared.errors import ServiceError
from shared.mail import EmailAddress

_SECOND_FACTOR = "identity.login.second_factor_required"
_RESTART_CODES = frozenset(
    {"identity.challenge.invalid", "identity.account.frozen", "identity.account.password_cancelled"}
)
"""After these errors the login starts again."""
_MAX_TOKEN_LENGTH = 4096


class LoginPages:
    """Handlers of the login pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of login and logout."""
        return (
            page_route("/account/log-in", self.show_login),
            public_form_route("/account/log-in", self.submit_login),
            public_form_route("/account/log-in/second-factor", self.submit_second_factor),
            public_form_route("/account/log-in/passkey", self.submit_passkey),
            page_route("/account/log-out", self.show_logout),
            form_route("/account/log-out", self.submit_logout),
        )

    async def show_login(self, context: PageContext) -> web.Response:
        """Ask for address and password; redirect logged-in visitors unless a new login is required."""
        if context.session is not None and context.get_query("why") != "again":
            return context.redirect(safe_redirect_path(context.get_query("next"), "/account"))
        return _render_login(context, {"next": context.get_query("next"), "why": context.get_query("why")})

    async def submit_login(self, context: PageContext) -> web.Response:
        """Log in with a new cookie, or ask for the second factor."""
        typed = await context.read_form()
        if typed.get("why") != "again" and await _is_logged_in_as(context, typed.get("email", "")):
            # Sent twice, or from a tab that was opened before: there is nothing left to do.
            return _redirect_onward(context, typed)
        proof = {"email": typed.get("email", ""), "password": typed.get("password", "")}
        try:
            return await _start_session(context, "", proof, typed)
        except ApiProblemError as fault:
            if fault.code == _SECOND_FACTOR:
                return _render_second_factor(context, _challenge_fields(fault.problem, typed))
            return _render_login(context, without_passwords(typed), fault)

    async def submit_second_factor(self, context: PageContext) -> web.Response:
        """Complete the login with a second factor; after too many failures it starts again."""
        typed = await context.read_form()
        try:
            proof = {"challenge_token": typed.get("challenge_token", ""), **parse_second_factor(typed)}
            return await _start_session(context, "/second-factor", proof, typed)
        except ServiceError as fault:
            if fault.code in _RESTART_CODES:
                return _render_login(context, {"next": typed.get("next", "")}, fault)
            return _render_second_factor(context, typed | {"code": ""}, fault)

    async def submit_passkey(self, context: PageContext) -> web.Response:
        """Log in with a passkey, which counts as both factors because it verifies the user."""
        typed = await context.read_form()
        try:
            proof = {"challenge_id": typed.get("challenge_id", ""), "credential": parse_passkey(typed)}
            return await _start_session(context, "/passkey", proof, typed)
        except ServiceError as fault:
            return _render_login(context, {"next": typed.get("next", "")}, fault)

    async def show_logout(self, context: PageContext) -> web.Response:
        """Ask whether the computer is shared."""
        return context.render("logout.html")

    async def submit_logout(self, context: PageContext) -> web.Response:
        """Log out everywhere; on a shared computer also clear the site's data in the browser."""
        typed = await context.read_form()
        await context.user_session.log_out()
        response = context.redirect("/", why="logged-out")
        if typed.get("shared"):
            context.set_cookie(DEVICE, None)
            response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
        return response


async def _start_session(
    context: PageContext, step: str, credentials: Mapping[str, Any], typed: FormData
) -> web.Response:
    known = context.get_cookie(DEVICE) or ""
    device_token = known if len(known) <= _MAX_TOKEN_LENGTH else None
    login = await context.user_session.log_in(step, credentials, device_token=device_token)
    if login.device_token:
        context.set_cookie(DEVICE, login.device_token)
    return _redirect_onward(context, typed)


def _redirect_onward(context: PageContext, typed: FormData) -> web.Response:
    home = "/staff" if context.session is not None and context.session.is_staff else "/account"
    return context.redirect(safe_redirect_path(typed.get("next", ""), home))


async def _is_logged_in_as(context: PageContext, email: str) -> bool:
    """Whether the visitor is logged in already, to the account of *email*."""
    if context.session is None:
        return False
    try:
        me = await context.user_session.get(ME)
        return EmailAddress(str(me["email"])).lookup_key == EmailAddress(email).lookup_key
    except ServiceError:  # the session has ended, or this is no address: the login says so
        return False


def _challenge_fields(problem: Mapping[str, Any], typed: FormData) -> FormData:
    options = problem.get("passkey_options")
    return {
        "challenge_token": str(problem.get("challenge_token", "")),
        "methods": " ".join(map(str, problem.get("methods", ()))),
        "options": json.dumps(options) if options else "",
        "next": typed.get("next", ""),
    }


def _render_login(context: PageContext, typed: FormData, fault: ServiceError | None = None) -> web.Response:
    context.allows_scripts = True
    return context.render("login.html", fault=fault, typed=typed)


def _render_second_factor(context: PageContext, typed: FormData, fault: ServiceError | None = None) -> web.Response:
    context.allows_scripts = True
    return context.render(
        "login_second_factor.html", fault=fault, typed=typed, methods=typed.get("methods", "").split()
    )
