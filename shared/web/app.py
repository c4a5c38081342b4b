"""The aiohttp application of a service: its routes, its own pages, the edge around them."""

from collections.abc import Callable, Iterable

from aiohttp import web

from shared import observe
from shared.clock import Clock, utc_now
from shared.web.edge import edge, on_prepare
from shared.web.endpoint import Endpoint
from shared.web.health import Health
from shared.web.idempotency import Replays
from shared.web.limits import Buckets
from shared.web.openapi import openapi
from shared.web.problems import Problems
from shared.web.routes import Route
from shared.web.tokens import Verifier

PROBLEMS = web.AppKey("problems", Problems)


def build_app(
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
    _add_own_pages(app, service, health, openapi(service, found))
    for route in found:
        endpoint = Endpoint(
            route=route,
            clock=clock,
            problems=problems,
            verifier=_needed(verifier, route, not route.access.public, "a verifier"),
            buckets=Buckets(route.limit) if route.limit else None,
            replays=_needed(replays, route, True, "replays") if route.idempotent else None,
        )
        _add(app, route, endpoint)
    if raw is not None:
        raw(app)
    return app
