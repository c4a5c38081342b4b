"""Logging in, by password and second factor or by a passkey alone, and out."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from services.portal.api.frame import OFTEN, PageRoute, sent, shown
from services.portal.api.proof import by_code_or_passkey, passkey_in
from services.portal.api.visit import Typed, Visit, local_path, without_passwords
from services.portal.domain import DEVICE
from services.portal.errors import RefusedError
from shared.errors import ServiceError

_SECOND_FACTOR = "identity.log_in.second_factor"
_BEGIN_AGAIN = frozenset(
    {"identity.challenge.refused", "identity.account.frozen", "identity.account.password_cancelled"}
)
"""After these another code would change nothing."""
_LONGEST_TOKEN = 4096


class LogInPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of log-in and log-out."""
        return (
            shown("/account/log-in", self.log_in_form),
            sent("/account/log-in", self.log_in, limit=OFTEN),
            sent("/account/log-in/second-factor", self.second_factor, limit=OFTEN),
            sent("/account/log-in/passkey", self.by_passkey, limit=OFTEN),
            shown("/account/log-out", self.log_out_form),
            sent("/account/log-out", self.log_out),
        )

    async def log_in_form(self, visit: Visit) -> web.Response:
        """Ask for address and password; whoever is logged in goes on, except where a new log-in is what is missing."""
        if visit.session is not None and visit.query("why") != "again":
            return visit.to(local_path(visit.query("next"), "/account"))
        return _form(visit, {"next": visit.query("next")})

    async def log_in(self, visit: Visit) -> web.Response:
        """Begin a new session, under a new cookie; or ask for the second factor."""
        typed = await visit.form()
        proof = {"email": typed.get("email", ""), "password": typed.get("password", "")}
        try:
            return await _begin(visit, "", proof, typed)
        except RefusedError as fault:
            if fault.code == _SECOND_FACTOR:
                return _second_step(visit, _asked(fault.told, typed))
            return _form(visit, without_passwords(typed), fault)

    async def second_factor(self, visit: Visit) -> web.Response:
        """Go on with a code or a passkey; after too many wrong ones the password is asked for again."""
        typed = await visit.form()
        try:
            proof = {"challenge_token": typed.get("challenge_token", ""), **by_code_or_passkey(typed)}
            return await _begin(visit, "/second-factor", proof, typed)
        except ServiceError as fault:
            if fault.code in _BEGIN_AGAIN:
                return _form(visit, {"next": typed.get("next", "")}, fault)
            return _second_step(visit, typed | {"code": ""}, fault)

    async def by_passkey(self, visit: Visit) -> web.Response:
        """Log in with a passkey alone; it has asked for a PIN, finger or face, so it is both factors at once."""
        typed = await visit.form()
        try:
            proof = {"challenge_id": typed.get("challenge_id", ""), "credential": passkey_in(typed)}
            return await _begin(visit, "/passkey", proof, typed)
        except ServiceError as fault:
            return _form(visit, {"next": typed.get("next", "")}, fault)

    async def log_out_form(self, visit: Visit) -> web.Response:
        """Ask whether the computer is shared."""
        return visit.page("log_out.html")

    async def log_out(self, visit: Visit) -> web.Response:
        """End the session everywhere; on a shared computer the browser forgets all else of this site, too."""
        typed = await visit.form()
        await visit.visitor.log_out()
        response = visit.to("/", why="logged-out")
        if typed.get("shared"):
            visit.keep(DEVICE, None)
            response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
        return response


async def _begin(visit: Visit, step: str, proof: Mapping[str, Any], typed: Typed) -> web.Response:
    known = visit.cookie(DEVICE) or ""
    device_token = known if len(known) <= _LONGEST_TOKEN else None
    begun = await visit.visitor.log_in(step, proof, device_token=device_token)
    if begun.device_token:
        visit.keep(DEVICE, begun.device_token)
    return visit.to(local_path(typed.get("next", ""), "/staff" if begun.session.is_staff else "/account"))


def _asked(told: Mapping[str, Any], typed: Typed) -> Typed:
    options = told.get("passkey_options")
    return {
        "challenge_token": str(told.get("challenge_token", "")),
        "methods": " ".join(map(str, told.get("methods", ()))),
        "options": json.dumps(options) if options else "",
        "next": typed.get("next", ""),
    }


def _form(visit: Visit, typed: Typed, fault: ServiceError | None = None) -> web.Response:
    visit.scripts = True
    return visit.page("log_in.html", fault=fault, typed=typed)


def _second_step(visit: Visit, typed: Typed, fault: ServiceError | None = None) -> web.Response:
    visit.scripts = True
    return visit.page("log_in_second.html", fault=fault, typed=typed, methods=typed.get("methods", "").split())
