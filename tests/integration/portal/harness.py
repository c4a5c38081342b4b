"""The portal behind the real edge proxy, as the local stack wires them: two urls, and one of them for the portal."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from services.portal.app import compose
from services.portal.ports.api_client import ApiClient
from services.portal.settings import Settings
from shared.chassis import serve
from shared.clock import Clock
from shared.stack.parts import edge as proxy
from tests.integration.portal.conftest import some_ports
from tests.integration.portal.edge import SERVICES

LIMITS = proxy.EdgeLimits()


@dataclass(frozen=True, slots=True)
class EdgeUrls:
    """Where the proxy listens."""

    public: str
    frontend: str


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[int]:
    """Serve *app* as all six services at once; yield its port."""
    app.router.add_get("/readyz", _ok)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


@asynccontextmanager
async def behind_the_edge(
    apis_port: int,
    keyring: Path,
    http: aiohttp.ClientSession,
    clock: Clock,
    folder: Path,
    *,
    limits: proxy.EdgeLimits = LIMITS,
) -> AsyncIterator[EdgeUrls]:
    """Run the proxy and the portal behind it; the pages reach the APIs by the listener for frontends."""
    edge_port, frontend_port, admin_port, portal_port = some_ports(4)
    urls = EdgeUrls(f"http://127.0.0.1:{edge_port}", f"http://127.0.0.1:{frontend_port}")
    values = {"CANDOR_MODE": "local", "CANDOR_PUBLIC_URL": urls.public, "CANDOR_KEYRING": str(keyring)}
    portal = compose(Settings.from_env(values), ApiClient(http, urls.frontend), clock=clock)
    upstreams: Mapping[str, int] = {**dict.fromkeys((*SERVICES, "mailbox"), apis_port), "portal": portal_port}
    door = proxy.EdgeConfig(
        port=edge_port,
        frontend_port=frontend_port,
        admin_port=admin_port,
        public_url=urls.public,
        upstreams=upstreams,
        limits=limits,
    )
    async with (
        serve(portal, "127.0.0.1", portal_port),
        proxy.start(door, data=folder, log=folder / "edge.log"),
    ):
        yield urls


async def _ok(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})
