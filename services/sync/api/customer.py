"""A customer at the public API, for commands: logs in, asks, ends the session."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

_NEEDS_SECOND = "identity.log_in.second_factor"
_WRONG_CODE = "identity.second_factor.refused"
_TRIES = 3

AskCode = Callable[[str], Awaitable[str]]
"""Asks the person for a one-time code; what is given says why."""


class RefusalError(Exception):
    """The platform refused, with a problem (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, problem
        self.code = str(problem.get("code", ""))
        words = [str(problem.get(name) or "").rstrip(".") for name in ("detail", "remedy")]
        super().__init__(". ".join(filter(None, words)) + "." if any(words) else f"the answer was {status}")


class NoPlatformError(Exception):
    """What answers at this address is not the platform."""


@dataclass(slots=True, kw_only=True)
class Customer:
    """Somebody who is, or is about to be, logged in at *base*."""

    http: aiohttp.ClientSession
    base: str
    access: str = ""
    refresh: str = ""
    session: str = ""

    async def log_in(self, email: str, password: str, ask_code: AskCode) -> None:
        """Begin a session, with the second factor when the account has one."""
        try:
            self._granted(await self._sent("POST", "/v1/identity/sessions", {"email": email, "password": password}))
        except RefusalError as refusal:
            if refusal.code != _NEEDS_SECOND:
                raise
            await self._second_step(refusal, ask_code)

    async def _second_step(self, needed: RefusalError, ask_code: AskCode) -> None:
        if not {"totp", "recovery_code"} & set(needed.problem.get("methods", ())):
            raise needed
        words = "One-time code"
        for left in reversed(range(_TRIES)):
            proof = {"challenge_token": needed.problem["challenge_token"], "code": await ask_code(words)}
            try:
                self._granted(await self._sent("POST", "/v1/identity/sessions/second-factor", proof))
            except RefusalError as refusal:
                if refusal.code != _WRONG_CODE or not left:
                    raise
                words = "That code is not accepted. The next one-time code"
            else:
                return

    async def log_out(self) -> None:
        """End the session; one that is over already is as good."""
        if self.session:
            try:
                await self.ask("DELETE", f"/v1/identity/sessions/{self.session}")
            except RefusalError as refusal:
                if refusal.status not in {401, 404}:
                    raise

    async def ask(self, method: str, path: str, body: object = None, *, once: str = "") -> Any:
        """Return what is answered; RefusalError when it is a refusal. A token that has run out is renewed."""
        try:
            return await self._sent(method, path, body, once=once)
        except RefusalError as refusal:
            if refusal.code != "auth.token_expired":
                raise
        form = {"grant_type": "refresh_token", "refresh_token": self.refresh}
        self._granted(await self._sent("POST", "/oauth/token", form=form))
        return await self._sent(method, path, body, once=once)

    async def _sent(
        self, method: str, path: str, body: object = None, *, once: str = "", form: Mapping[str, str] | None = None
    ) -> Any:
        headers = {"Idempotency-Key": once} if once else {}
        if self.access and form is None:
            headers["Authorization"] = f"Bearer {self.access}"
        url = self.base + path
        async with self.http.request(
            method, url, json=body, data=form, headers=headers, allow_redirects=False
        ) as answer:
            if answer.status == 204:
                return None
            if "json" not in answer.content_type:
                raise NoPlatformError(f"{self.base} does not answer as the platform does ({answer.status})")
            told = await answer.json(content_type=None)
            if answer.status >= 300:
                raise RefusalError(answer.status, told)
            return told

    def _granted(self, given: Mapping[str, Any]) -> None:
        self.access = str(given["access_token"])
        self.refresh = str(given.get("refresh_token") or self.refresh)
        self.session = str(given.get("session_id") or self.session)
