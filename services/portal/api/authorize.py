"""Where one of the company's apps asks to be let in (OAuth 2.1): it is shown by name, and let in by a button alone."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import web

from services.portal.api.frame import PageRoute, sent, shown
from services.portal.api.visit import Visit
from shared.errors import FieldProblem, InvalidInputError, ServiceError

PATH = "/account/authorize"
_API = "/oauth/authorizations"
_ASKED = ("response_type", "client_id", "redirect_uri", "code_challenge", "code_challenge_method", "state", "scope")
_WRONG = frozenset({"identity.app.refused", InvalidInputError.code})
"""What the app has done wrong; anything else is no matter of the app's."""
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")


class AuthorizePages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the page of the authorization endpoint."""
        return (shown(PATH, self.ask), sent(PATH, self.decide))

    async def ask(self, visit: Visit) -> web.Response:
        """Show which app asks and what it would get; nothing leads to an address that is not registered."""
        visit.must_be("customer")
        try:
            asked = _asked(visit.request.query.getall)
            app = await visit.visitor.read(_API, **asked)
        except ServiceError as fault:
            return _refused(visit, fault)
        visit.sends_to = _source(app["redirect_uri"])
        return visit.page("authorize.html", asked=asked, app=app)

    async def decide(self, visit: Visit) -> web.Response:
        """Let the app in or turn it away; where the browser goes, identity says."""
        visit.must_be("customer")
        typed = await visit.form()
        body = {name: typed[name] for name in _ASKED if name in typed}
        try:
            answered = await visit.visitor.send("POST", _API, body={**body, "allow": typed.get("answer") == "allow"})
        except ServiceError as fault:
            return _refused(visit, fault)
        return web.Response(status=303, headers={"Location": answered["redirect_to"]})


def _refused(visit: Visit, fault: ServiceError) -> web.Response:
    if fault.code not in _WRONG:
        raise fault
    return visit.page("authorize_refused.html", fault=fault)


def _asked(values: Callable[[str, list[str]], list[str]]) -> dict[str, str]:
    """Return the parameters that count; others are ignored, and none may come twice (RFC 6749, 3.1)."""
    found = {name: values(name, []) for name in _ASKED}
    twice = [name for name, given in found.items() if len(given) > 1]
    if twice:
        told = "It stands twice in the address."
        raise InvalidInputError(fields=tuple(FieldProblem(field=name, code="twice", message=told) for name in twice))
    return {name: given[0] for name, given in found.items() if given}


def _source(redirect_uri: str) -> str:
    """Return where *redirect_uri* leads as a source expression: its origin, or the scheme of an app."""
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if _HOST.fullmatch(parts.netloc) else f"{parts.scheme}:"
