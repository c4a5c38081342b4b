"""The aiohttp application of a service: its routes, the system routes and the middleware."""

from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from shared import observe
from shared.clock import Clock, utc_now
from shared.web.cors import CrossOrigin
from shared.web.endpoint import Endpoint
from shared.web.health import Health
from shared.web.idempotency import IdempotencyStore
from shared.web.middleware import error_middleware, set_default_headers
from shared.web.openapi import build_openapi
from shared.web.problems import PROBLEM_RENDERER, ProblemRenderer
from shared.web.rate_limits import TokenBuckets
from shared.web.routes import Route
from shared.web.single_commit import SingleCommit
from shared.web.tokens import TokenVerifier


def build_app(  # noqa: PLR0913 - each part of an application, by name, with a default
    service: str,
    routes: Iterable[Route],
    *,
    public_url: str,
    verifier: TokenVerifier | None = None,
    idempotency: IdempotencyStore | None = None,
    health: Health | None = None,
    clock: Clock = utc_now,
    cors_origins: Iterable[str] = (),
    extra_routes: Callable[[web.Application], None] | None = None,
) -> web.Application:
    """Return the application of *service*; *extra_routes* may add aiohttp handlers, behind the same middleware.

    ValueError when a route needs a credential and there is no *verifier*, or is idempotent without *idempotency*.
    """
    all_routes, health = tuple(routes), health or Health()
    problems = ProblemRenderer(public_url, {each.path: each.error_members for each in all_routes if each.error_members})
    app = web.Application(middlewares=[error_middleware(problems, health)])
    app[PROBLEM_RENDERER] = problems
    app.on_response_prepare.append(set_default_headers)
    rules = {each.path: each.origins for each in all_routes if each.origins}
    CrossOrigin(origins=frozenset(cors_origins), rules=rules).install_middleware(app)
    if extra_routes is not None:
        extra_routes(app)  # first: the portal serves the merged /openapi.json of all services
    _add_system_routes(app, service, health, build_openapi(service, all_routes))
    for route in all_routes:
        endpoint = Endpoint(
            route=route,
            clock=clock,
            problems=problems,
            verifier=_require_verifier(verifier, route),
            buckets=TokenBuckets(route.limit) if route.limit else None,
            idempotency=_choose_idempotency(route, idempotency, problems) if route.idempotent else None,
        )
        _add_route(app, route, endpoint)
    return app


def _choose_idempotency(
    route: Route, store: IdempotencyStore | None, problems: ProblemRenderer
) -> IdempotencyStore | SingleCommit:
    if store is None:
        raise ValueError(f"{route.method} {route.path} needs idempotency: pass it to build_app")
    return SingleCommit(store, problems) if route.single_commit else store


def _add_route(app: web.Application, route: Route, endpoint: Endpoint) -> None:
    if route.method == "GET":
        app.router.add_get(route.path, endpoint.handle_request)  # also HEAD
    else:
        app.router.add_route(route.method, route.path, endpoint.handle_request)


def _add_system_routes(app: web.Application, service: str, health: Health, document: dict[str, Any]) -> None:
    """Add the routes for operators on the service's own port; only the API reference is also public."""

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


def _require_verifier(verifier: TokenVerifier | None, route: Route) -> TokenVerifier | None:
    if verifier is None and not route.access.public:
        raise ValueError(f"{route.method} {route.path} needs a verifier: pass it to build_app")
    return verifier
