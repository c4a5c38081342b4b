"""Pages of second factors, for customers and staff; every change requires a recent login."""

import json
from typing import Any

from aiohttp import web

from services.portal.api.context import FormData, PageContext
from services.portal.api.credentials import parse_passkey
from services.portal.api.middleware import PageRoute, form_route, page_route
from services.portal.api.step_up import FACTORS
from services.portal.domain import console
from shared.errors import ServiceError

_PAGE_PATH = "/account/second-factors"
_TOTP = "/v1/identity/totp"
_PASSKEYS = "/v1/identity/passkeys"
_RECOVERY = "/v1/identity/recovery-codes"


class SecondFactorPages:
    """Handlers of the second factor pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of second factors."""
        return (
            page_route(_PAGE_PATH, self.show_factors),
            form_route(f"{_PAGE_PATH}/totp", self.start_totp),
            form_route(f"{_PAGE_PATH}/totp/confirm", self.confirm_totp),
            form_route(f"{_PAGE_PATH}/totp/remove", self.remove_totp),
            form_route(f"{_PAGE_PATH}/recovery-codes", self.create_recovery_codes),
            page_route(f"{_PAGE_PATH}/passkeys/new", self.show_passkey_form),
            form_route(f"{_PAGE_PATH}/passkeys/new", self.add_passkey),
            form_route(f"{_PAGE_PATH}/passkeys/{{passkey_id}}/remove", self.remove_passkey),
        )

    async def show_factors(self, context: PageContext) -> web.Response:
        """Show the second factors."""
        return await _render_factors(context)

    async def start_totp(self, context: PageContext) -> web.Response:
        """Show the TOTP secret once and ask for the first code."""
        context.require_session()
        typed = await context.read_form()
        try:
            created = await context.user_session.send("POST", _TOTP, idempotency_key=typed.get("idempotency_key"))
        except ServiceError as fault:
            return await _render_factors(context, fault)
        return _render_totp(context, {"secret": created["secret"], "uri": created["otpauth_uri"]})

    async def confirm_totp(self, context: PageContext) -> web.Response:
        """Confirm the app; the first second factor creates recovery codes."""
        context.require_session()
        typed = await context.read_form()
        body = {"code": typed.get("code", "")}
        try:
            created = await context.user_session.send(
                "POST", f"{_TOTP}/confirmation", body=body, idempotency_key=typed.get("idempotency_key")
            )
        except ServiceError as fault:
            return _render_totp(context, typed | {"code": ""}, fault)
        return _render_recovery_codes(context, created["recovery_codes"], done="totp")

    async def remove_totp(self, context: PageContext) -> web.Response:
        """Remove the app."""
        return await _remove_factor(context, _TOTP)

    async def create_recovery_codes(self, context: PageContext) -> web.Response:
        """Replace the recovery codes and show the new ones once."""
        context.require_session()
        typed = await context.read_form()
        try:
            created = await context.user_session.send("POST", _RECOVERY, idempotency_key=typed.get("idempotency_key"))
        except ServiceError as fault:
            return await _render_factors(context, fault)
        return _render_recovery_codes(context, created["recovery_codes"], done="codes")

    async def show_passkey_form(self, context: PageContext) -> web.Response:
        """Ask for a name and let the browser create the passkey."""
        return await _render_passkey_form(context, {})

    async def add_passkey(self, context: PageContext) -> web.Response:
        """Add the passkey that the browser created."""
        context.require_session()
        typed = await context.read_form()
        try:
            body = {
                "challenge_id": typed.get("challenge_id", ""),
                "name": typed.get("name", ""),
                "credential": parse_passkey(typed),
            }
            created = await context.user_session.send(
                "POST", _PASSKEYS, body=body, idempotency_key=typed.get("idempotency_key")
            )
        except ServiceError as fault:
            return await _render_passkey_form(context, {"name": typed.get("name", "")}, fault)
        return _render_recovery_codes(context, created["recovery_codes"], done="passkey")

    async def remove_passkey(self, context: PageContext) -> web.Response:
        """Remove a passkey."""
        return await _remove_factor(context, f"{_PASSKEYS}/{{}}", context.get_path_variable("passkey_id"))


def _render_page(context: PageContext, template: str, **values: Any) -> web.Response:
    """Render a page; staff see it inside the console."""
    return context.render(template, console=console, **values)


async def _render_factors(context: PageContext, fault: ServiceError | None = None) -> web.Response:
    context.require_session()
    context.allows_scripts = True
    return _render_page(context, "factors.html", fault=fault, held=await context.user_session.get(FACTORS))


async def _remove_factor(context: PageContext, path: str, *names: str) -> web.Response:
    context.require_session()
    await context.read_form()
    try:
        await context.user_session.send("DELETE", path, *names)
    except ServiceError as fault:
        return await _render_factors(context, fault)
    return context.redirect(_PAGE_PATH, done="removed")


def _render_totp(context: PageContext, typed: FormData, fault: ServiceError | None = None) -> web.Response:
    secret = typed.get("secret", "")
    grouped = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
    return _render_page(context, "factors_totp.html", fault=fault, typed=typed, grouped=grouped)


def _render_recovery_codes(context: PageContext, codes: list[str], *, done: str) -> web.Response:
    if not codes:
        return context.redirect(_PAGE_PATH, done=done)
    context.allows_scripts = True  # the button that prints
    return _render_page(context, "factors_codes.html", codes=codes, added=done)


async def _render_passkey_form(
    context: PageContext, typed: FormData, fault: ServiceError | None = None
) -> web.Response:
    context.require_session()
    challenge = await context.user_session.send("POST", f"{_PASSKEYS}/challenges")
    context.allows_scripts = True
    return _render_page(
        context,
        "factors_passkey.html",
        fault=fault,
        typed=typed,
        challenge_id=challenge["challenge_id"],
        options=json.dumps(challenge["options"]),
    )
