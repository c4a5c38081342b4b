"""A broker of the test's own, that can be killed and run out of memory; its supervisor starts it again."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.ids import new_token
from shared.stack.parts import rabbit
from shared.stack.process import ProcessEvent
from shared.stack.settings import StackPorts
from tests.support.parts import free_ports


@dataclass
class Node:
    """A private RabbitMQ node."""

    ports: StackPorts
    folder: Path
    url: str = ""
    pid: int = 0
    up: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, change: ProcessEvent) -> None:
        """Hear the supervisor."""
        if change.name != "rabbit":
            return
        self.pid = change.pid
        if change.state == "ready":
            self.up.set()
        else:
            self.up.clear()

    def kill(self) -> None:
        """Kill it with -9: it closes no connection."""
        self.up.clear()
        os.kill(self.pid, signal.SIGKILL)

    async def out_of_memory(self, *, out: bool) -> None:
        """Let the node block publishers, or unblock them; returns when every connection knows."""
        await self._control("set_vm_memory_high_watermark", "0" if out else "0.4")
        async with asyncio.timeout(20):
            while out and "running" in await self._control("list_connections", "state"):
                """Those that it will block are called blocking."""

    async def _control(self, *words: str) -> str:
        program = rabbit.find_server()
        assert program is not None
        env = rabbit._environment(self.ports, self.folder / "data")
        control = await asyncio.create_subprocess_exec(
            str(program.with_name("rabbitmqctl")), "--quiet", *words, env=env, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await control.communicate()
        assert control.returncode == 0
        return told.decode()


@asynccontextmanager
async def private_node(folder: Path) -> AsyncIterator[Node]:
    """Run a node as long as the context is open."""
    node = Node(ports=free_ports(), folder=folder)
    async with rabbit.start(
        ports=node.ports,
        data=folder / "data",
        log=folder / "rabbit.log",
        password=new_token(128),
        listener=node.note,
    ) as node.url:
        yield node
