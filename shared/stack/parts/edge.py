"""The edge: Envoy, with the configuration template of services/gateway rendered for one machine."""

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
    """Timeouts and limits of the edge; the defaults suit one machine whose clients share one address."""

    connection_timeout: str = "9s"
    """How long a connection may send nothing."""
    headers_timeout: str = "9s"
    """How long a client may take to send the headers."""
    body_idle_timeout: str = "25s"
    """How long the body of a request to a JSON route may stall."""
    response_timeout: str = "20s"
    """How long a JSON route may take to respond."""
    stream_idle_timeout: str = "300s"
    """How long a stream (WebDAV, archives) may be idle."""
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
    """The configuration of one edge; *upstreams* maps each service to its loopback port."""

    port: int
    frontend_port: int
    """The listener for our own frontends. It trusts their X-Forwarded-For, so it must never be exposed."""
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
    # On one machine all hops are loopback; to expose the edge, a TLS proxy goes in front of it.
    dropped = (_TLS_ONLY,) if config.local else (_TLS_ONLY, _LOCAL_ONLY)
    kept = (line for line in lines if not line.endswith(dropped))
    return json.dumps(yaml.safe_load(Template("\n".join(kept)).substitute(places)), indent=1)


@asynccontextmanager
async def start(
    config: EdgeConfig, *, data: Path, log: Path, listener: ProcessListener = ignore_event
) -> AsyncIterator[str]:
    """Run the proxy; its metrics are at ``/stats/prometheus`` of the admin port."""
    configuration = data / "envoy.json"
    access_log = AccessLog(
        file=log.with_name("access.log"), clock=utc_now, reopen=partial(_reopen_logs, config.admin_port)
    )
    write_private_file(configuration, render_config(config, access_log=access_log.file))
    command = ProcessSpec(
        name="edge",
        # Hot restart uses shared memory with a fixed name, in which two stacks would collide.
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
        rotating = asyncio.create_task(access_log.run(), name="access-log")
        try:
            yield f"http://127.0.0.1:{config.port}"
        finally:
            rotating.cancel()
            await asyncio.gather(rotating, return_exceptions=True)


async def _reopen_logs(admin_port: int) -> None:
    """Make the proxy reopen its logs; one that does not answer is just starting and opens them anyway."""
    limit = aiohttp.ClientTimeout(total=5)
    with suppress(aiohttp.ClientError, TimeoutError, OSError):
        async with (
            aiohttp.ClientSession(timeout=limit, raise_for_status=True) as http,
            http.post(f"http://127.0.0.1:{admin_port}/reopen_logs"),
        ):
            pass
