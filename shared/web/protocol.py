"""HTTP/1.1 below the application: renders aiohttp's own plain-text errors as problem+json."""

from typing import Any

from aiohttp import web

from shared import observe
from shared.errors import MalformedError, ServiceError
from shared.web.middleware import render_unparsable
from shared.web.problems import PROBLEM_RENDERER, InternalError, ProblemRenderer, error_from_aiohttp

log = observe.get_logger(__name__)


class HttpRunner(web.AppRunner):
    """Runs an application of ``build_app``. Bodies are never decompressed (decompression bombs)."""

    def __init__(self, app: web.Application, **settings: Any) -> None:
        super().__init__(app, access_log=None, auto_decompress=False, **settings)

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return _ProblemServer(server, self.app[PROBLEM_RENDERER], **self._kwargs)


class _ProblemServer(web.Server):
    def __init__(self, like: web.Server, problems: ProblemRenderer, **settings: Any) -> None:
        super().__init__(like.request_handler, request_factory=like.request_factory, **settings)
        self._problems = problems

    def __call__(self) -> web.RequestHandler:
        return _ProblemRequestHandler(self, self._problems, loop=self._loop, **self._kwargs)


class _ProblemRequestHandler(web.RequestHandler):
    __slots__ = ("_problems",)

    def __init__(self, manager: web.Server, problems: ProblemRenderer, **settings: Any) -> None:
        super().__init__(manager, **settings)
        self._problems = problems

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature; the message quotes the request
    ) -> web.StreamResponse:
        """Return the response to a request that cannot be parsed, or that failed outside the application."""
        if request.writer.output_size > 0:
            raise ConnectionResetError("the response had started")
        if status < 500:
            return render_unparsable(request, MalformedError(), self._problems)
        log.error("http.request_failed", route="unparsable", exc_info=exc)
        return render_unparsable(request, InternalError(), self._problems)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send *resp*; render errors that no middleware saw (Expect) as problem+json first."""
        if isinstance(resp, web.HTTPException) and resp.status >= 400:
            fault: ServiceError = error_from_aiohttp(resp)
            resp = render_unparsable(request, fault, self._problems)
        return await super().finish_response(request, resp, start_time)
