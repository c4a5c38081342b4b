"""The wrapper before localstripe: it forwards what localstripe does well, and answers for Stripe where it does not.

It adds: idempotency keys, decline codes, expiry and check digit, brands and cards that have not 16 digits, captured,
capturable and received amounts, part capture without a refund, refusal of a capture that cannot be, limits, failures
and pending refunds, disputes, search by metadata, the rules of currencies and the parameters that the API version
dropped, redirects for 3-D Secure, and faults of the wire. Each answer has the published shape (``spec.py``).
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.support.stripe.card_rules import WireError
from tests.support.stripe.faults import Fault
from tests.support.stripe.objects import StripeRules

BEFORE = (Fault.LOST_REQUEST, Fault.SERVER_ERROR, Fault.RATE_LIMITED, Fault.IN_USE, Fault.UNAUTHORIZED)
_STATUSES = {Fault.SERVER_ERROR: 500, Fault.RATE_LIMITED: 429, Fault.IN_USE: 409, Fault.UNAUTHORIZED: 401}


@dataclass(frozen=True, slots=True)
class Call:
    """A request that arrived."""

    method: str
    path: str
    form: Mapping[str, str]
    key: str


@dataclass
class StripeWrapper:
    """Serves Stripe's API on loopback over localstripe at *upstream*."""

    upstream: str
    slow_seconds: float = 30.0
    calls: list[Call] = field(default_factory=list)
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    """Faults to come: of the next request whose path matches the pattern."""
    _answers: dict[str, tuple[str, int, dict[str, Any]]] = field(default_factory=dict)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        """Serve until the end of the block."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession(headers={"Authorization": "Bearer sk_test_wrapper"}) as session:
            self.rules = StripeRules(self._forward)
            self._session = session
            self.url = f"http://127.0.0.1:{port}"
            try:
                yield self
            finally:
                await runner.cleanup()

    def fail(self, pattern: str, *faults: Fault) -> None:
        """Have the next requests whose path matches *pattern* fail, one fault each."""
        self.faults += [(pattern, fault) for fault in faults]

    async def _forward(self, method: str, path: str, form: Mapping[str, str]) -> dict[str, Any]:
        options: dict[str, Any] = {"params" if method == "GET" else "data": dict(form)}
        async with self._session.request(method, f"{self.upstream}{path}", **options) as reply:
            body: dict[str, Any] = await reply.json()
            if reply.status >= 400:
                code = {"code": "resource_missing"} if reply.status == 404 else {}
                raise WireError(reply.status, body["error"] | code)
            return body

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in {**request.query, **await request.post()}.items()}
        call = Call(request.method, f"/{request.match_info['path']}", form, request.headers.get("Idempotency-Key", ""))
        self.calls.append(call)
        fault = self._next_fault(call)
        if fault in BEFORE:
            return _fail(request, fault)
        status, body = await self._answer_once(call)
        fault = fault or self.rules.next_fault(call.key, body)
        if fault is Fault.SLOW:
            await asyncio.sleep(self.slow_seconds)
        if fault is Fault.LOST_ANSWER:
            return _fail(request, fault)
        if fault in (Fault.UNREADABLE, Fault.EMPTY):
            return web.Response(text="{}" if fault is Fault.EMPTY else "<html>", content_type="application/json")
        return web.json_response(body, status=status)

    def _next_fault(self, call: Call) -> Fault | None:
        for place, (pattern, fault) in enumerate(self.faults):
            if re.search(pattern, call.path):
                del self.faults[place]
                return fault
        return None

    async def _answer_once(self, call: Call) -> tuple[int, dict[str, Any]]:
        """Answer, or repeat the answer of the key; the same key with other parameters is an error (Stripe's rule)."""
        if not call.key:
            return await self._answer(call)
        asked = hashlib.sha256(repr((call.method, call.path, sorted(call.form.items()))).encode()).hexdigest()
        async with self._locks.setdefault(call.key, asyncio.Lock()):
            if call.key not in self._answers:
                self._answers[call.key] = (asked, *await self._answer(call))
            earlier, status, body = self._answers[call.key]
        if earlier != asked:
            return 400, {"error": {"type": "idempotency_error", "message": "Keys are for the same parameters."}}
        return status, body

    async def _answer(self, call: Call) -> tuple[int, dict[str, Any]]:
        try:
            return 200, await self.rules.answer(call.method, call.path, call.form)
        except WireError as fault:
            return fault.status, {"error": fault.error}


def _fail(request: web.Request, fault: Fault) -> web.StreamResponse:
    if fault in _STATUSES:
        kind = "api_error" if fault is not Fault.IN_USE else "idempotency_error"
        return web.json_response({"error": {"type": kind, "message": fault.value}}, status=_STATUSES[fault])
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
