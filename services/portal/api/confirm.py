"""Step-up: before a sensitive change whoever is logged in proves it once more, and then what was wanted goes on."""

import json
from typing import Any

from aiohttp import web

from services.portal.api.frame import PageRoute, sent, shown
from services.portal.api.proof import passkey_in
from services.portal.api.visit import CONFIRM, KEPT, PASSWORDS, WANTED, Typed, Visit, local_path
from services.portal.errors import LoggedOutError
from shared.errors import ServiceError

FACTORS = "/v1/identity/second-factors"
_CHALLENGES = "/v1/identity/sessions/step-up-challenges"


class ConfirmPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the page that confirms a session."""
        return (shown(CONFIRM, self.look), sent(CONFIRM, self.confirm))

    async def ask_again(self, visit: Visit) -> web.Response:
        """Answer what needs a recent log-in: a page is come back to, a form is kept, but for passwords in it."""
        if visit.request.method != "POST":
            return visit.to(CONFIRM, next=visit.request.path_qs)
        if not PASSWORDS.isdisjoint(visit.typed):
            return visit.to(CONFIRM, next=visit.request.path)
        kept = {KEPT + name: value for name, value in visit.typed.items()}
        return await _page(visit, {WANTED: visit.request.path_qs, **kept})

    async def look(self, visit: Visit) -> web.Response:
        """Ask for the password, or for the second factor where there is one."""
        return await _page(visit, {"next": visit.query("next")})

    async def confirm(self, visit: Visit) -> web.Response:
        """Confirm the session; the browser sends the kept form again by itself, to where it was meant for."""
        typed = await visit.form()
        try:
            await visit.visitor.step_up(_proof(typed))
        except LoggedOutError:
            raise
        except ServiceError as fault:
            return await _page(visit, _carried(typed), fault)
        if WANTED in typed:
            # 307: the same method and body, which ``Visit.form`` takes the kept form from.
            return web.Response(status=307, headers={"Location": local_path(typed[WANTED], "/account")})
        return visit.to(local_path(typed.get("next", ""), "/account"))


def _proof(typed: Typed) -> dict[str, Any]:
    if typed.get("credential"):
        return {"challenge_id": typed.get("challenge_id", ""), "passkey": passkey_in(typed)}
    return {"code": typed["code"]} if "code" in typed else {"password": typed.get("password", "")}


def _carried(typed: Typed) -> Typed:
    return {name: value for name, value in typed.items() if name in {WANTED, "next"} or name.startswith(KEPT)}


async def _page(visit: Visit, carried: Typed, fault: ServiceError | None = None) -> web.Response:
    held = await visit.visitor.read(FACTORS)
    asked = await visit.visitor.send("POST", _CHALLENGES) if held["passkeys"] else None
    visit.scripts = asked is not None
    return visit.page(
        "confirm.html",
        fault=fault,
        carried=carried,
        held=held,
        challenge_id=asked["challenge_id"] if asked else "",
        options=json.dumps(asked["options"]) if asked else "",
    )
