"""The edge: Envoy, with the configuration of services/gateway filled in for one machine."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from string import Template

import aiohttp
import yaml

from shared.clock import utc_now
from shared.registry import get_registry
from shared.stack.directory import write_private_file
from shared.stack.parts.access_log import AccessLog
from shared.stack.parts.edge_services import fill_services
from shared.stack.process import ProcessListener, ProcessSpec, ignore_event, run_supervised
from shared.stack.readiness import http_ok
from shared.stack.settings import ROOT

CONFIG_TEMPLATE = ROOT / "services" / "gateway" / "envoy.yaml"
_LOCAL_ONLY = "# local stack only"
_TLS_ONLY = "# with TLS only"


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeLimits:
    """What the edge lets through; the numbers suit one machine whose clients all come from one address."""

    connection_timeout: str = "9s"
    """A connection that sends nothing."""
    headers_timeout: str = "9s"
    """A request that stops inside its headers."""
    body_idle_timeout: str = "25s"
    """A request to a JSON route that stops inside its body."""
    response_timeout: str = "20s"
    """A JSON route that does not answer."""
    stream_idle_timeout: str = "300s"
    """A stream (WebDAV, archives) on which nothing moves."""
    max_body_bytes: int = 2 * 2**20
    max_connections: int = 2000
    total_requests_per_second: int = 5000
    total_burst: int = 10000
    client_requests_per_second: int = 4000
    client_burst: int = 8000


def find_binary() -> Path | None:
    """Return the proxy's binary; None when the package is not installed."""
    spec = find_spec("envoy")
    if spec is None or spec.origin is None:
        return None
    binary = Path(spec.origin).parent / "_bin" / "envoy"
    return binary if binary.exists() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeConfig:
    """One edge: where it listens, what stands behind it; *upstreams* are the loopback ports of the services."""

    port: int
    frontend_port: int
    """The door for our own frontends, whose word for the address of a visitor is believed: never open it further."""
    admin_port: int
    public_url: str
    upstreams: Mapping[str, int]
    limits: EdgeLimits = EdgeLimits()
    local: bool = True


def render_config(config: EdgeConfig, *, access_log: Path) -> str:
    """Return the proxy's configuration as JSON."""
    places: dict[str, object] = {
        **asdict(config.limits),
        "host": "127.0.0.1",
        "port": config.port,
        "frontend_host": "127.0.0.1",
        "frontend_port": config.frontend_port,
        "admin_host": "127.0.0.1",
        "admin_port": config.admin_port,
        "public_url": config.public_url,
        "access_log": access_log,
    }
    for name, upstream in config.upstreams.items():
        places |= {f"{name}_host": "127.0.0.1", f"{name}_port": upstream}
    lines = fill_services(CONFIG_TEMPLATE.read_text(encoding="utf-8"), get_registry()).splitlines()
    # On one machine the hops are loopback, and whoever exposes the edge puts TLS before it.
    dropped = (_TLS_ONLY,) if config.local else (_TLS_ONLY, _LOCAL_ONLY)
    kept = (line for line in lines if not line.endswith(dropped))
    return json.dumps(yaml.safe_load(Template("\n".join(kept)).substitute(places)), indent=1)


@asynccontextmanager
async def start(
    config: EdgeConfig, *, data: Path, log: Path, listener: ProcessListener = ignore_event
) -> AsyncIterator[str]:
    """Run the proxy; its metrics are at ``/stats/prometheus`` of the admin port."""
    configuration = data / "envoy.json"
    visits = AccessLog(file=log.with_name("access.log"), clock=utc_now, reopen=partial(_reopen_logs, config.admin_port))
    write_private_file(configuration, render_config(config, access_log=visits.file))
    command = ProcessSpec(
        name="edge",
        # Without hot restart there is no shared memory in which two stacks could meet.
        argv=(
            str(find_binary()),
            "-c",
            str(configuration),
            "--disable-hot-restart",
            "--concurrency",
            "2",
            "-l",
            "warn",
        ),
        log=log,
        cwd=data,
        env={"PATH": os.defpath},
        check_ready=http_ok(f"http://127.0.0.1:{config.admin_port}/ready"),
        stop_timeout=5,
    )
    async with run_supervised(command, listener):
        tending = asyncio.create_task(visits.run(), name="access-log")
        try:
            yield f"http://127.0.0.1:{config.port}"
        finally:
            tending.cancel()
            await asyncio.gather(tending, return_exceptions=True)


async def _reopen_logs(admin_port: int) -> None:
    """Let the proxy open its logs anew; one that cannot be asked is being started, and does so by itself."""
    limit = aiohttp.ClientTimeout(total=5)
    with suppress(aiohttp.ClientError, TimeoutError, OSError):
        async with (
            aiohttp.ClientSession(timeout=limit, raise_for_status=True) as http,
            http.post(f"http://127.0.0.1:{admin_port}/reopen_logs"),
        ):
            pass
