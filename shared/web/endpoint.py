"""One route as aiohttp runs it: admit, count, read, call, render."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from shared.clock import Clock, monotonic
from shared.errors import ServiceError
from shared.web.access import ANYBODY, Principal
from shared.web.body import parse_form, parse_json, parse_pairs, read_body
from shared.web.call import Call, client_address
from shared.web.idempotency import Replays
from shared.web.limits import Buckets
from shared.web.problems import Problems
from shared.web.routes import Route
from shared.web.tokens import Verifier

LIMIT_HEADERS = web.RequestKey("limit_headers", dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Serves one route."""

    route: Route
    clock: Clock
    problems: Problems
    verifier: Verifier | None
    buckets: Buckets | None
    replays: Replays | None

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer *request*; refusals are raised as ServiceError."""
        now = self.clock()
        who = await self._admit(request, now)
        if self.buckets is not None:
            request[LIMIT_HEADERS] = self.buckets.take(who.id or client_address(request), monotonic())
        raw = await self._body(request)
        inputs = self._inputs(request, raw)
        call = Call(request=request, who=who, now=now)
        if self.replays is None:
            return await self._run(call, inputs)
        return await self.replays.once(
            call, raw, lambda keyed: self._run_to_the_end(keyed, inputs), secret_reply=self.route.secret_reply
        )

    async def _admit(self, request: web.Request, now: datetime) -> Principal:
        if self.verifier is None:
            return ANYBODY
        return await self.verifier.admit(request, self.route.access, now)

    async def _body(self, request: web.Request) -> bytes:
        if self.route.inputs.keys() & {"body", "form"}:
            return await read_body(request, limit=self.route.body_limit)
        return b""

    def _inputs(self, request: web.Request, raw: bytes) -> dict[str, BaseModel]:
        found: dict[str, BaseModel] = {}
        for name, model in self.route.inputs.items():
            if name == "body":
                found[name] = parse_json(model, request, raw)
            elif name == "form":
                found[name] = parse_form(model, request, raw)
            else:
                found[name] = parse_pairs(model, request.query.items())
        return found

    async def _run(self, call: Call, inputs: dict[str, Any]) -> web.StreamResponse:
        answer = await self.route.handler(call, **inputs)
        return answer if isinstance(answer, web.StreamResponse) else rendered(answer, self.route.status)

    async def _run_to_the_end(self, call: Call, inputs: dict[str, Any]) -> web.Response:
        """A refusal is an answer, too: it is kept and repeated like any other."""
        try:
            reply = await self._run(call, inputs)
        except ServiceError as fault:
            return self.problems.render(fault, call.request)
        assert isinstance(reply, web.Response), f"{self.route.name} streams its reply, so it cannot be idempotent"
        return reply


def rendered(view: BaseModel | None, status: int = 200) -> web.Response:
    """Return *view* as JSON; for a handler that must set a cookie or a header besides."""
    if view is None:
        return web.Response(status=status)
    return web.Response(status=status, body=view.model_dump_json().encode(), content_type="application/json")
