"""The aiohttp application of a service: its routes, its own pages, the edge around them."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from aiohttp import web

from shared import observe
from shared.clock import Clock, utc_now
from shared.web.edge import edge, on_prepare
from shared.web.endpoint import Endpoint
from shared.web.health import Health
from shared.web.idempotency import Replays
from shared.web.limits import Buckets
from shared.web.openapi import openapi
from shared.web.problems import PROBLEMS, Problems
from shared.web.routes import Route
from shared.web.tokens import Verifier

T = TypeVar("T")


def build_app(  # noqa: PLR0913 - each part of an application, by name, with a default
    service: str,
    routes: Iterable[Route],
    *,
    public_url: str,
    verifier: Verifier | None = None,
    replays: Replays | None = None,
    health: Health | None = None,
    clock: Clock = utc_now,
    raw: Callable[[web.Application], None] | None = None,
) -> web.Application:
    """Return the application of *service*; *raw* may add handlers of its own, which the edge surrounds as well.

    A route that needs a credential without a *verifier*, or a key without *replays*, is a ValueError.
    """
    found, problems, health = tuple(routes), Problems(public_url), health or Health()
    app = web.Application(middlewares=[edge(problems, health)])
    app[PROBLEMS] = problems
    app.on_response_prepare.append(on_prepare)
    if raw is not None:
        raw(app)  # first: the portal's /openapi.json is that of the whole platform, not of its own routes
    _add_own_pages(app, service, health, openapi(service, found))
    for route in found:
        endpoint = Endpoint(
            route=route,
            clock=clock,
            problems=problems,
            verifier=_needed(verifier, route, wanted=not route.access.public, name="a verifier"),
            buckets=Buckets(route.limit) if route.limit else None,
            replays=_needed(replays, route, wanted=True, name="replays") if route.idempotent else None,
        )
        _add(app, route, endpoint)
    return app


def _add(app: web.Application, route: Route, endpoint: Endpoint) -> None:
    if route.method == "GET":
        app.router.add_get(route.path, endpoint.serve)  # HEAD, too
    else:
        app.router.add_route(route.method, route.path, endpoint.serve)


def _add_own_pages(app: web.Application, service: str, health: Health, document: dict[str, Any]) -> None:
    """Add what operators ask on the service's own port; only the API reference is also public."""

    async def alive(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "service": service})

    async def ready(_: web.Request) -> web.Response:
        health.check_ready()
        return web.json_response({"status": "ok", "service": service})

    async def metrics(_: web.Request) -> web.Response:
        body, content_type = observe.render_metrics()
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def reference(_: web.Request) -> web.Response:
        return web.json_response(document)

    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", metrics)
    for address in ("/openapi.json", f"/v1/{service}/openapi.json"):
        app.router.add_get(address, reference)


def _needed(part: T | None, route: Route, *, wanted: bool, name: str) -> T | None:
    if wanted and part is None:
        raise ValueError(f"{route.method} {route.path} needs {name}: pass it to build_app")
    return part
