"""The second factors of the own account, a customer's or one of the staff: each change needs a recent log-in."""

import json
from typing import Any

from aiohttp import web

from services.portal.api.confirm import FACTORS
from services.portal.api.frame import PageRoute, sent, shown
from services.portal.api.proof import passkey_in
from services.portal.api.visit import Typed, Visit
from services.portal.domain import console
from shared.errors import ServiceError

_PAGE = "/account/second-factors"
_TOTP = "/v1/identity/totp"
_PASSKEYS = "/v1/identity/passkeys"
_RECOVERY = "/v1/identity/recovery-codes"


class FactorPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of second factors."""
        return (
            shown(_PAGE, self.look),
            sent(f"{_PAGE}/totp", self.begin_totp),
            sent(f"{_PAGE}/totp/confirm", self.confirm_totp),
            sent(f"{_PAGE}/totp/remove", self.remove_totp),
            sent(f"{_PAGE}/recovery-codes", self.make_recovery_codes),
            shown(f"{_PAGE}/passkeys/new", self.passkey_form),
            sent(f"{_PAGE}/passkeys/new", self.add_passkey),
            sent(f"{_PAGE}/passkeys/{{passkey_id}}/remove", self.remove_passkey),
        )

    async def look(self, visit: Visit) -> web.Response:
        """Show what the account has."""
        return await _look(visit)

    async def begin_totp(self, visit: Visit) -> web.Response:
        """Show the secret for the app, this once, and ask for its first code."""
        visit.must_be_somebody()
        typed = await visit.form()
        try:
            made = await visit.visitor.send("POST", _TOTP, once=typed.get("once"))
        except ServiceError as fault:
            return await _look(visit, fault)
        return _totp(visit, {"secret": made["secret"], "uri": made["otpauth_uri"]})

    async def confirm_totp(self, visit: Visit) -> web.Response:
        """Confirm the app by its first code; the first second factor brings recovery codes."""
        visit.must_be_somebody()
        typed = await visit.form()
        body = {"code": typed.get("code", "")}
        try:
            made = await visit.visitor.send("POST", f"{_TOTP}/confirmation", body=body, once=typed.get("once"))
        except ServiceError as fault:
            return _totp(visit, typed | {"code": ""}, fault)
        return _codes(visit, made["recovery_codes"], done="totp")

    async def remove_totp(self, visit: Visit) -> web.Response:
        """Remove the app."""
        return await _removed(visit, _TOTP)

    async def make_recovery_codes(self, visit: Visit) -> web.Response:
        """Make recovery codes in place of all earlier ones, and show them this once."""
        visit.must_be_somebody()
        typed = await visit.form()
        try:
            made = await visit.visitor.send("POST", _RECOVERY, once=typed.get("once"))
        except ServiceError as fault:
            return await _look(visit, fault)
        return _codes(visit, made["recovery_codes"], done="codes")

    async def passkey_form(self, visit: Visit) -> web.Response:
        """Ask for a name, and let the browser make the passkey."""
        return await _passkey(visit, {})

    async def add_passkey(self, visit: Visit) -> web.Response:
        """Add the passkey that the browser has made; without its script there is none."""
        visit.must_be_somebody()
        typed = await visit.form()
        try:
            body = {
                "challenge_id": typed.get("challenge_id", ""),
                "name": typed.get("name", ""),
                "credential": passkey_in(typed),
            }
            made = await visit.visitor.send("POST", _PASSKEYS, body=body, once=typed.get("once"))
        except ServiceError as fault:
            return await _passkey(visit, {"name": typed.get("name", "")}, fault)
        return _codes(visit, made["recovery_codes"], done="passkey")

    async def remove_passkey(self, visit: Visit) -> web.Response:
        """Remove a passkey."""
        return await _removed(visit, f"{_PASSKEYS}/{{}}", visit.name("passkey_id"))


def _page(visit: Visit, template: str, **shown: Any) -> web.Response:
    """Return a page, for the staff in the frame of the console."""
    return visit.page(template, console=console, **shown)


async def _look(visit: Visit, fault: ServiceError | None = None) -> web.Response:
    visit.must_be_somebody()
    return _page(visit, "factors.html", fault=fault, held=await visit.visitor.read(FACTORS))


async def _removed(visit: Visit, path: str, *names: str) -> web.Response:
    visit.must_be_somebody()
    await visit.form()
    try:
        await visit.visitor.send("DELETE", path, *names)
    except ServiceError as fault:
        return await _look(visit, fault)
    return visit.to(_PAGE, done="removed")


def _totp(visit: Visit, typed: Typed, fault: ServiceError | None = None) -> web.Response:
    secret = typed.get("secret", "")
    grouped = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
    return _page(visit, "factors_totp.html", fault=fault, typed=typed, grouped=grouped)


def _codes(visit: Visit, codes: list[str], *, done: str) -> web.Response:
    if not codes:
        return visit.to(_PAGE, done=done)
    visit.scripts = True  # the button that prints
    return _page(visit, "factors_codes.html", codes=codes, added=done)


async def _passkey(visit: Visit, typed: Typed, fault: ServiceError | None = None) -> web.Response:
    visit.must_be_somebody()
    asked = await visit.visitor.send("POST", f"{_PASSKEYS}/challenges")
    visit.scripts = True
    return _page(
        visit,
        "factors_passkey.html",
        fault=fault,
        typed=typed,
        challenge_id=asked["challenge_id"],
        options=json.dumps(asked["options"]),
    )
