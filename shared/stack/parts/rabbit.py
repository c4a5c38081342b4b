"""A private RabbitMQ node and its epmd, beside and apart from any broker that the machine already runs."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from shared.stack.home import make_folder, write_private
from shared.stack.process import Command, Tell, silent, supervised
from shared.stack.ready import accepts, speaks_amqp
from shared.stack.settings import Ports

_PACKAGES = Path("/usr/lib/rabbitmq/lib")


def server() -> Path | None:
    """Return the start script of the newest installed RabbitMQ; None when there is none.

    Not the wrapper in /usr/sbin: it changes to the system broker's user and folders.
    """
    found = sorted(_PACKAGES.glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    return found[-1] if found else None


@asynccontextmanager
async def start(
    *, ports: Ports, data: Path, log: Path, password: str, tell: Tell = silent, stop_within: float = 30.0
) -> AsyncIterator[str]:
    """Run the node with its user ``candor`` (made at the first start; there is no guest) and *password*.

    It is killed *stop_within* seconds after it was told to end: a node whose data nobody wants needs none.
    """
    make_folder(data)
    write_private(data / "rabbitmq.conf", _configuration(ports, password))
    write_private(data / "enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n")
    node = replace(_node(ports, data, log), stop_within=stop_within)
    async with supervised(_epmd(ports, data, log), tell), supervised(node, tell):
        yield f"amqp://candor:{password}@127.0.0.1:{ports['rabbit']}/"


def _epmd(ports: Ports, data: Path, log: Path) -> Command:
    """Erlang's name server: started here, since the one that a node starts by itself stays behind for ever."""
    return Command(
        name="epmd",
        argv=("/usr/bin/epmd", "-address", "127.0.0.1", "-port", str(ports["epmd"])),
        log=log.with_name("epmd.log"),
        cwd=data,
        env={"PATH": os.defpath},
        ready=accepts(ports["epmd"]),
        stop_within=2,
    )


def _node(ports: Ports, data: Path, log: Path) -> Command:
    return Command(
        name="rabbit",
        argv=(str(server() or _PACKAGES / "rabbitmq-server"),),
        log=log,
        cwd=data,
        env=_environment(ports, data),
        ready=speaks_amqp(ports["rabbit"]),
        start_within=120,
    )


def _environment(ports: Ports, data: Path) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": str(data),  # where Erlang keeps the cookie
        "RUNNING_UNDER_SYSTEMD": "true",  # the script then becomes the node: one process to watch and to signal
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


def _configuration(ports: Ports, password: str) -> str:
    return "\n".join(
        (
            "default_user = candor",
            f"default_pass = {password}",
            "default_user_tags.administrator = true",
            "management.tcp.ip = 127.0.0.1",
            f"management.tcp.port = {ports['rabbit-management']}",
            "prometheus.tcp.ip = 127.0.0.1",
            f"prometheus.tcp.port = {ports['rabbit-metrics']}",
            "",
        )
    )
