"""The authorization endpoint for first-party apps (OAuth 2.1)."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import web

from services.portal.api.context import PageContext
from services.portal.api.middleware import PageRoute, form_route, page_route
from shared.errors import FieldProblem, InvalidInputError, ServiceError

AUTHORIZE_PATH = "/account/authorize"
_API = "/oauth/authorizations"
_PARAMETERS = (
    "response_type",
    "client_id",
    "redirect_uri",
    "code_challenge",
    "code_challenge_method",
    "state",
    "scope",
)
_CLIENT_ERRORS = frozenset({"identity.authorization_request.invalid", InvalidInputError.code})
"""Errors that the app caused; all others are shown as usual."""
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")


class AuthorizePages:
    """Handlers of the authorize pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the page of the authorization endpoint."""
        return (
            page_route(AUTHORIZE_PATH, self.show_authorization),
            form_route(AUTHORIZE_PATH, self.submit_authorization),
        )

    async def show_authorization(self, context: PageContext) -> web.Response:
        """Show the app and its scopes; never redirect to an unregistered URI.

        The app is told of a wrong request before the login: browsers would block that redirect after its form.
        """
        try:
            parameters, repeated = _parse_parameters(context.request.query.getall)
            app = await context.user_session.get_public(_API, **parameters, **repeated)
        except ServiceError as fault:
            return _render_rejected(context, fault)
        if app["redirect_to"] is not None:
            return web.Response(status=303, headers={"Location": app["redirect_to"]})
        context.require_kind("customer")
        context.form_action_source = _csp_source(app["redirect_uri"])
        return context.render("authorize.html", asked=parameters, app=app)

    async def submit_authorization(self, context: PageContext) -> web.Response:
        """Allow or deny, and redirect to where identity says."""
        context.require_kind("customer")
        typed = await context.read_form()
        body = {name: typed[name] for name in _PARAMETERS if name in typed}
        try:
            reply = await context.user_session.send(
                "POST", _API, body={**body, "allow": typed.get("answer") == "allow"}
            )
        except ServiceError as fault:
            return _render_rejected(context, fault)
        return web.Response(status=303, headers={"Location": reply["redirect_to"]})


def _render_rejected(context: PageContext, fault: ServiceError) -> web.Response:
    if fault.code not in _CLIENT_ERRORS:
        raise fault
    return context.render("authorize_rejected.html", fault=fault)


def _parse_parameters(values: Callable[[str, list[str]], list[str]]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the known parameters, and which are repeated: none may be (RFC 6749, section 3.1).

    InvalidInputError if client or redirect URI is repeated: the app is then unknown.
    """
    found = {name: values(name, []) for name in _PARAMETERS}
    repeated = [name for name, given in found.items() if len(given) > 1]
    unknown_app = [name for name in repeated if name in {"client_id", "redirect_uri"}]
    if unknown_app:
        message = "The parameter is repeated."
        raise InvalidInputError(
            fields=tuple(FieldProblem(field=name, code="twice", message=message) for name in unknown_app)
        )
    parameters = {name: given[0] for name, given in found.items() if given}
    return parameters, {"repeated": " ".join(repeated)} if repeated else {}


def _csp_source(redirect_uri: str) -> str:
    """Return *redirect_uri* as a CSP source: its origin, or the scheme of an app."""
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if _HOST.fullmatch(parts.netloc) else f"{parts.scheme}:"
