"""A small edge for the portal's tests: a real server on loopback that keeps the contract of the public JSON APIs.

Its state is in memory; every answer has the shape that the services give, so a page that reads a field which is not
there fails here, too.
"""

from typing import Any

from aiohttp import web

from tests.integration.portal.edge.answers import PASSWORD, SERVICES, RefusedError, problem
from tests.integration.portal.edge.console import Console
from tests.integration.portal.edge.disclosure import Disclosure
from tests.integration.portal.edge.fake_services import FakeServiceApis
from tests.integration.portal.edge.own import Own
from tests.integration.portal.edge.statistics import Statistics

__all__ = ["PASSWORD", "SERVICES", "FakeEdge"]


class FakeEdge(Own, FakeServiceApis, Statistics, Disclosure):
    """The APIs as far as pages need them."""

    def app(self) -> web.Application:
        """Return the server's application."""
        app = web.Application(middlewares=[self._watch], client_max_size=2**22)
        app.add_routes(
            [
                *Own.routes(self),
                *Console.routes(self),
                *FakeServiceApis.routes(self),
                *self.statistics_routes(),
                *Disclosure.routes(self),
            ]
        )
        return app

    @web.middleware
    async def _watch(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.raw_paths.append(request.raw_path)
        self.asked.append((request.method, request.path, dict(request.headers)))
        if any(request.path.startswith(path) for path in self.away):
            return problem(503, "core.service.unavailable", "The service is temporarily unavailable", retry_after=2)
        if "Authorization" in request.headers and not self._session(request):
            return problem(401, "auth.session.revoked", "The session was revoked")
        try:
            answer: web.StreamResponse = await handler(request)
        except RefusedError as refused:
            return refused.response
        return answer
