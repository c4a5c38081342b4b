"""Creates the demo accounts of the local stack through the edge, and lists them in access.json."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from shared.clock import monotonic, rfc3339, utc_now
from shared.ids import new_id, new_token
from shared.stack.directory import StackDirectory, write_private_file
from shared.stack.keys import StackSecrets
from shared.stack.settings import StackSettings

CUSTOMER_EMAIL = "demo@customers.example"
DEMO_AGREEMENT = {
    "partner": "Parcel Works Inc.",
    "function": "shipping",
    "purposes": ["partner_service"],
    "scopes": ["contact.read"],
    "fields": ["identity.accounts.email"],
}
_AGREEMENT_TERM = timedelta(days=365)
_WAIT_TIMEOUT = 60.0
"""Seconds to wait for a mail to arrive or for a restarting service to be back."""


class DemoAccountError(Exception):
    """A demo account could not be created; the message names the step."""


async def seed_demo_accounts(settings: StackSettings, secrets: StackSecrets) -> None:
    """Create the missing accounts and write access.json; the next run continues an interrupted one."""
    home = StackDirectory(settings.home)
    async with aiohttp.ClientSession(
        base_url=settings.ports.build_url("edge"),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=30),
    ) as http:
        edge = _EdgeClient(http)
        accounts = _CreatedAccounts(home.keys / "demo_accounts.json")
        customer = await _ensure_customer(edge, accounts)
        partner = await _ensure_partner(edge, accounts, secrets)
    access = {
        "base_url": settings.public_url,
        "mailbox_url": f"{settings.public_url}/mailbox",
        "customer": customer,
        "staff": [dict(member) for member in secrets.staff],
        "partner": partner,
    }
    write_private_file(home.access_file, json.dumps(access, indent=2) + "\n")


async def _ensure_customer(edge: "_EdgeClient", accounts: "_CreatedAccounts") -> dict[str, str]:
    """Return the demo customer: signed up, with a confirmed address and an app password for a device."""
    person = accounts.get("customer") or accounts.save_account(
        "customer", {"email": CUSTOMER_EMAIL, "password": new_token(192)}
    )
    token = await edge.log_in(person)
    if token is None:
        # A new account, or one that was erased while trying out erasure: then the device is gone as well.
        person = {name: person[name] for name in ("email", "password")}
        token = await _sign_up(edge, person)
    if "app_password" not in person:
        body = {"label": "Demo device", "scope": "read_write"}
        device = await edge.call_api("POST", "/v1/identity/app-passwords", token=token, body=body)
        person = accounts.save_account(
            "customer", person | {name: device[name] for name in ("username", "app_password")}
        )
    return person


async def _sign_up(edge: "_EdgeClient", person: Mapping[str, str]) -> str:
    before = {mail["id"] for mail in await edge.list_mails(person["email"])}
    screen = await edge.call_api("POST", "/v1/identity/age-screens", body={"birth_year": 1985, "birth_month": 12})
    body = {"age_token": screen["age_token"], "email": person["email"], "password": person["password"]}
    await edge.call_api("POST", "/v1/identity/accounts", body=body)
    link = await _wait_for_link(edge, person["email"], before)
    await edge.call_api("POST", "/v1/identity/verifications", body={"token": link})
    token = await edge.log_in(person)
    if token is None:
        raise DemoAccountError(f"{person['email']} signed up and cannot log in")
    return token


async def _wait_for_link(edge: "_EdgeClient", address: str, before: set[str]) -> str:
    """Wait for a confirmation mail that is not in *before*: mails of an earlier sign-up are still in the mailbox."""
    deadline = monotonic() + _WAIT_TIMEOUT
    while monotonic() < deadline:
        for mail in await edge.list_mails(address):
            found = re.search(r"/account/verify\?token=([A-Za-z0-9._~-]+)", mail["text"])
            if found and mail["id"] not in before:
                return found[1]
        await asyncio.sleep(0.2)
    raise DemoAccountError(f"no mail to {address} arrived within {_WAIT_TIMEOUT:g} s: make logs PART=identity")


async def _ensure_partner(edge: "_EdgeClient", accounts: "_CreatedAccounts", secrets: StackSecrets) -> dict[str, Any]:
    """Return the partner's OAuth client; an admin first records the agreement that it requires."""
    partner = accounts.get("partner")
    if partner is not None and await edge.is_client_valid(partner):
        return partner
    admin = next(member for member in secrets.staff if member["role"] == "admin")
    token = await edge.log_in(admin)
    if token is None:
        raise DemoAccountError(
            f"{admin['email']} cannot log in: identity does not have the staff of {secrets.staff_file}"
        )
    terms = {**DEMO_AGREEMENT, "ends_at": rfc3339(utc_now() + _AGREEMENT_TERM)}
    agreement = await edge.call_api("POST", "/v1/disclosure/agreements", token=token, body=terms)
    body = {
        "name": DEMO_AGREEMENT["partner"],
        "agreement_id": agreement["agreement_id"],
        "scopes": DEMO_AGREEMENT["scopes"],
    }
    client = await edge.call_api("POST", "/v1/identity/partner-clients", token=token, body=body)
    return accounts.save_account("partner", {name: client[name] for name in ("client_id", "client_secret", "scopes")})


class _CreatedAccounts:
    """The accounts created so far, stored in *file*."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._accounts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def get(self, name: str) -> dict[str, Any] | None:
        """Return the stored fields of the account, or None."""
        return self._accounts.get(name)

    def save_account(self, name: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Store the fields of the account at once, so that an interrupted run can be continued."""
        self._accounts[name] = fields
        write_private_file(self._file, json.dumps(self._accounts, indent=2) + "\n")
        return fields


@dataclass(frozen=True, slots=True)
class _EdgeClient:
    http: aiohttp.ClientSession

    async def call_api(self, method: str, path: str, *, token: str | None = None, body: object = None) -> Any:
        """Send one request; retry while the answer is 429 or a temporary 5xx."""
        headers = {"Idempotency-Key": new_id("once")} | ({"Authorization": f"Bearer {token}"} if token else {})
        deadline = monotonic() + _WAIT_TIMEOUT
        while True:
            status, answer = await self._send(method, path, headers, body)
            if status < 400:
                return answer
            if status not in {429, 502, 503, 504} or monotonic() > deadline:
                raise DemoAccountError(f"{method} {path} answered {status} {answer.get('code', '')}".rstrip())
            await asyncio.sleep(0.5)

    async def log_in(self, person: Mapping[str, str]) -> str | None:
        """Return an access token, or None when the password is not (yet) accepted."""
        try:
            body = {"email": person["email"], "password": person["password"]}
            session = await self.call_api("POST", "/v1/identity/sessions", body=body)
        except DemoAccountError as refused:
            if " 401" in str(refused):
                return None
            raise
        return str(session["access_token"])

    async def is_client_valid(self, partner: Mapping[str, Any]) -> bool:
        """Return whether the client can obtain a token."""
        basic = aiohttp.encode_basic_auth(partner["client_id"], partner["client_secret"])
        form = {"grant_type": "client_credentials"}
        try:
            async with self.http.post("/oauth/token", data=form, headers={"Authorization": basic}) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise DemoAccountError(f"POST /oauth/token does not answer ({type(fault).__name__})") from fault

    async def list_mails(self, address: str) -> list[dict[str, Any]]:
        """Return the mails to *address*."""
        answer = await self.call_api("GET", f"/mailbox/api/messages?to={address}")
        return list(answer["items"])

    async def _send(self, method: str, path: str, headers: dict[str, str], body: object) -> tuple[int, Any]:
        try:
            async with self.http.request(method, path, json=body, headers=headers) as answer:
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as fault:
            return 503, {"code": type(fault).__name__}
