"""A client of the public API for commands: logs in, sends requests, logs out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

_SECOND_FACTOR_REQUIRED = "identity.login.second_factor_required"
_SECOND_FACTOR_INVALID = "identity.second_factor.invalid"
_MAX_CODE_ATTEMPTS = 3

CodePrompt = Callable[[str], Awaitable[str]]
"""Asks the person for a one-time code; the argument is the label of the prompt."""


class CandorProblemError(Exception):
    """The platform answered with a problem document (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, problem
        self.code = str(problem.get("code", ""))
        words = [str(problem.get(name) or "").rstrip(".") for name in ("detail", "remedy")]
        super().__init__(". ".join(filter(None, words)) + "." if any(words) else f"the response was {status}")


class NotCandorError(Exception):
    """The server at this URL is not the platform."""


@dataclass(slots=True, kw_only=True)
class CandorClient:
    """A customer's session at the platform *base_url*."""

    session: aiohttp.ClientSession
    base_url: str
    access_token: str = ""
    refresh_token: str = ""
    session_id: str = ""

    async def log_in(self, email: str, password: str, prompt_code: CodePrompt) -> None:
        """Log in, with a second factor when the account has one."""
        try:
            self._store_tokens(
                await self._send("POST", "/v1/identity/sessions", {"email": email, "password": password})
            )
        except CandorProblemError as refusal:
            if refusal.code != _SECOND_FACTOR_REQUIRED:
                raise
            await self._complete_second_factor(refusal, prompt_code)

    async def _complete_second_factor(self, challenge: CandorProblemError, prompt_code: CodePrompt) -> None:
        if not {"totp", "recovery_code"} & set(challenge.problem.get("methods", ())):
            raise challenge
        label = "One-time code"
        for left in reversed(range(_MAX_CODE_ATTEMPTS)):
            proof = {"challenge_token": challenge.problem["challenge_token"], "code": await prompt_code(label)}
            try:
                self._store_tokens(await self._send("POST", "/v1/identity/sessions/second-factor", proof))
            except CandorProblemError as refusal:
                if refusal.code != _SECOND_FACTOR_INVALID or not left:
                    raise
                label = "That code was not accepted. Next one-time code"
            else:
                return

    async def log_out(self) -> None:
        """Log out; a session that has ended already is no error."""
        if self.session_id:
            try:
                await self.request("DELETE", f"/v1/identity/sessions/{self.session_id}")
            except CandorProblemError as refusal:
                if refusal.status not in {401, 404}:
                    raise

    async def request(self, method: str, path: str, body: object = None, *, idempotency_key: str = "") -> Any:
        """Return the JSON response; CandorProblemError for an error. An expired access token is refreshed once."""
        try:
            return await self._send(method, path, body, idempotency_key=idempotency_key)
        except CandorProblemError as refusal:
            if refusal.code != "auth.access_token.expired":
                raise
        form = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        self._store_tokens(await self._send("POST", "/oauth/token", form=form))
        return await self._send(method, path, body, idempotency_key=idempotency_key)

    async def _send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        idempotency_key: str = "",
        form: Mapping[str, str] | None = None,
    ) -> Any:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        if self.access_token and form is None:
            headers["Authorization"] = f"Bearer {self.access_token}"
        url = self.base_url + path
        async with self.session.request(
            method, url, json=body, data=form, headers=headers, allow_redirects=False
        ) as response:
            if response.status == 204:
                return None
            if "json" not in response.content_type:
                raise NotCandorError(f"{self.base_url} is not the platform ({response.status})")
            payload = await response.json(content_type=None)
            if response.status >= 300:
                raise CandorProblemError(response.status, payload)
            return payload

    def _store_tokens(self, grant: Mapping[str, Any]) -> None:
        self.access_token = str(grant["access_token"])
        self.refresh_token = str(grant.get("refresh_token") or self.refresh_token)
        self.session_id = str(grant.get("session_id") or self.session_id)
