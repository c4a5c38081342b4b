"""Step-up authentication before sensitive requests; afterwards the request continues."""

import json
from typing import Any

from aiohttp import web

from services.portal.api.context import (
    PASSWORD_FIELDS,
    RETURN_TO,
    SAVED_PREFIX,
    STEP_UP_PATH,
    FormData,
    PageContext,
    safe_redirect_path,
)
from services.portal.api.credentials import parse_passkey
from services.portal.api.middleware import PageRoute, form_route, page_route
from services.portal.errors import LoginRequiredError
from shared.errors import ServiceError

FACTORS = "/v1/identity/second-factors"
_CHALLENGES = "/v1/identity/sessions/step-up-challenges"


class StepUpPages:
    """Handlers of the step up pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the step-up page."""
        return (page_route(STEP_UP_PATH, self.show_step_up), form_route(STEP_UP_PATH, self.submit_step_up))

    async def start_step_up(self, context: PageContext) -> web.Response:
        """Ask for a step-up: return to a page afterwards, or keep a form unless it has a password."""
        if context.request.method != "POST":
            return context.redirect(STEP_UP_PATH, next=context.request.path_qs)
        if not PASSWORD_FIELDS.isdisjoint(context.form_data):
            return context.redirect(STEP_UP_PATH, next=context.request.path)
        saved = {SAVED_PREFIX + name: value for name, value in context.form_data.items()}
        return await _render_step_up(context, {RETURN_TO: context.request.path_qs, **saved})

    async def show_step_up(self, context: PageContext) -> web.Response:
        """Ask for the second factor, or for the password when there is none."""
        return await _render_step_up(context, {"next": context.get_query("next")})

    async def submit_step_up(self, context: PageContext) -> web.Response:
        """Confirm the session; the browser then sends the saved form to its original path."""
        typed = await context.read_form()
        try:
            await context.user_session.step_up(_parse_proof(typed))
        except LoginRequiredError:
            raise
        except ServiceError as fault:
            return await _render_step_up(context, _saved_fields(typed), fault)
        if RETURN_TO in typed:
            # 307 repeats method and body; ``read_form`` takes the saved fields from it.
            return web.Response(status=307, headers={"Location": safe_redirect_path(typed[RETURN_TO], "/account")})
        return context.redirect(safe_redirect_path(typed.get("next", ""), "/account"))


def _parse_proof(typed: FormData) -> dict[str, Any]:
    if typed.get("credential"):
        return {"challenge_id": typed.get("challenge_id", ""), "passkey": parse_passkey(typed)}
    return {"code": typed["code"]} if "code" in typed else {"password": typed.get("password", "")}


def _saved_fields(typed: FormData) -> FormData:
    return {
        name: value for name, value in typed.items() if name in {RETURN_TO, "next"} or name.startswith(SAVED_PREFIX)
    }


async def _render_step_up(context: PageContext, saved: FormData, fault: ServiceError | None = None) -> web.Response:
    factors = await context.user_session.get(FACTORS)
    challenge = await context.user_session.send("POST", _CHALLENGES) if factors["passkeys"] else None
    context.allows_scripts = challenge is not None
    return context.render(
        "step_up.html",
        fault=fault,
        saved=saved,
        held=factors,
        challenge_id=challenge["challenge_id"] if challenge else "",
        options=json.dumps(challenge["options"]) if challenge else "",
    )
