"""The aiohttp handler of one route: authorize, rate limit, parse, handle, render."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from shared.clock import Clock, monotonic
from shared.errors import ServiceError
from shared.web.access import PUBLIC_PRINCIPAL, Principal
from shared.web.body import parse_form, parse_json, parse_pairs, read_body
from shared.web.context import RequestContext, client_address
from shared.web.idempotency import IdempotencyStore
from shared.web.problems import ProblemRenderer
from shared.web.rate_limits import TokenBuckets
from shared.web.routes import Route
from shared.web.single_commit import SingleCommit
from shared.web.tokens import TokenVerifier

RATE_LIMIT_HEADERS = web.RequestKey("limit_headers", dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Serves one route."""

    route: Route
    clock: Clock
    problems: ProblemRenderer
    verifier: TokenVerifier | None
    buckets: TokenBuckets | None
    idempotency: IdempotencyStore | SingleCommit | None

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """Return the response to *request*; errors are raised as ServiceError."""
        now = self.clock()
        principal = await self._authorize(request, now)
        if self.buckets is not None:
            request[RATE_LIMIT_HEADERS] = self.buckets.hit(principal.id or client_address(request), monotonic())
        raw = await self._read_body(request)
        inputs = self._parse_inputs(request, raw)
        call = RequestContext(request=request, principal=principal, now=now)
        if self.idempotency is None:
            return await self._run_handler(call, inputs)
        return await self.idempotency.run_once(
            call, inputs, lambda keyed: self._run_to_response(keyed, inputs), store_reply=self.route.store_reply
        )

    async def _authorize(self, request: web.Request, now: datetime) -> Principal:
        if self.verifier is None:
            return PUBLIC_PRINCIPAL
        return await self.verifier.authorize(request, self.route.access, now)

    async def _read_body(self, request: web.Request) -> bytes:
        if self.route.inputs.keys() & {"body", "form"}:
            return await read_body(request, limit=self.route.body_limit)
        return b""

    def _parse_inputs(self, request: web.Request, raw: bytes) -> dict[str, BaseModel]:
        inputs: dict[str, BaseModel] = {}
        for name, model in self.route.inputs.items():
            if name == "body":
                inputs[name] = parse_json(model, request, raw)
            elif name == "form":
                inputs[name] = parse_form(model, request, raw)
            else:
                inputs[name] = parse_pairs(model, request.query.items())
        return inputs

    async def _run_handler(self, call: RequestContext, inputs: dict[str, Any]) -> web.StreamResponse:
        result = await self.route.handler(call, **inputs)
        return result if isinstance(result, web.StreamResponse) else json_response(result, self.route.status)

    async def _run_to_response(self, call: RequestContext, inputs: dict[str, Any]) -> web.Response:
        """Return errors as responses, too, so that a retry gets the same error."""
        try:
            reply = await self._run_handler(call, inputs)
        except ServiceError as fault:
            return self.problems.render(fault, call.request)
        assert isinstance(reply, web.Response), f"{self.route.name} streams its reply, so it cannot be idempotent"
        return reply


def json_response(view: BaseModel | None, status: int = 200) -> web.Response:
    """Return *view* as JSON; for handlers that also set a cookie or a header."""
    if view is None:
        return web.Response(status=status)
    return web.Response(status=status, body=view.model_dump_json().encode(), content_type="application/json")
