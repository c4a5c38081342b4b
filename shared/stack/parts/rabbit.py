"""A private RabbitMQ node and its epmd, separate from any broker already running on the machine."""

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from shared.bus.permissions import OPERATOR, build_definitions
from shared.registry import get_registry
from shared.stack.directory import ensure_folder, write_private_file
from shared.stack.process import ProcessListener, ProcessSpec, ignore_event, run_supervised
from shared.stack.readiness import amqp_ready, is_listening
from shared.stack.settings import StackPorts

_PACKAGES_DIR = Path("/usr/lib/rabbitmq/lib")


def find_server() -> Path | None:
    """Return the start script of the newest installed RabbitMQ; None when none is installed.

    Not the wrapper in /usr/sbin: it switches to the system broker's user and folders.
    """
    found = sorted(_PACKAGES_DIR.glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    return found[-1] if found else None


@asynccontextmanager
async def start(
    *,
    ports: StackPorts,
    data: Path,
    log: Path,
    password: str,
    service_passwords: Mapping[str, str] = MappingProxyType({}),
    listener: ProcessListener = ignore_event,
    stop_timeout: float = 30.0,
) -> AsyncIterator[str]:
    """Run the node; yield the URL of the operator's user, ``candor`` with *password* (there is no guest).

    The services in *service_passwords* get users with the permissions of the registry. The node is killed
    *stop_timeout* seconds after SIGTERM.
    """
    ensure_folder(data)
    # Imported at each start, so that the users match the registry; users removed from it remain, but are unused.
    definitions = build_definitions(get_registry(), {**service_passwords, OPERATOR: password})
    write_private_file(data / "definitions.json", json.dumps(definitions))
    write_private_file(data / "rabbitmq.conf", _configuration(ports, data / "definitions.json"))
    write_private_file(data / "enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n")
    node = replace(_node_command(ports, data, log), stop_timeout=stop_timeout)
    async with run_supervised(_epmd_command(ports, data, log), listener), run_supervised(node, listener):
        yield f"amqp://{OPERATOR}:{password}@127.0.0.1:{ports['rabbit']}/"


def _epmd_command(ports: StackPorts, data: Path, log: Path) -> ProcessSpec:
    """Erlang's name server: started here, because one started by the node keeps running after the node stops."""
    return ProcessSpec(
        name="epmd",
        argv=("/usr/bin/epmd", "-address", "127.0.0.1", "-port", str(ports["epmd"])),
        log=log.with_name("epmd.log"),
        cwd=data,
        env={"PATH": os.defpath},
        check_ready=is_listening(ports["epmd"]),
        stop_timeout=2,
    )


def _node_command(ports: StackPorts, data: Path, log: Path) -> ProcessSpec:
    return ProcessSpec(
        name="rabbit",
        argv=(str(find_server() or _PACKAGES_DIR / "rabbitmq-server"),),
        log=log,
        cwd=data,
        env=_environment(ports, data),
        check_ready=amqp_ready(ports["rabbit"]),
        start_timeout=120,
    )


def _environment(ports: StackPorts, data: Path) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": str(data),  # where Erlang stores the cookie
        "RUNNING_UNDER_SYSTEMD": "true",  # makes the script exec the node: one process to watch and to signal
        "RABBITMQ_NODENAME": "candor@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(ports["rabbit"]),
        "RABBITMQ_DIST_PORT": str(ports["rabbit-dist"]),
        "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
        "RABBITMQ_LOG_BASE": str(data / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "enabled_plugins"),
        "RABBITMQ_CONFIG_FILE": str(data / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }


def _configuration(ports: StackPorts, definitions: Path) -> str:
    return "\n".join(
        (
            f"load_definitions = {definitions}",
            "management.tcp.ip = 127.0.0.1",
            f"management.tcp.port = {ports['rabbit-management']}",
            "prometheus.tcp.ip = 127.0.0.1",
            f"prometheus.tcp.port = {ports['rabbit-metrics']}",
            "",
        )
    )
