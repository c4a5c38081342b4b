"""Runs real WebDAV clients."""

import asyncio
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from tests.integration.sync.harness import DavClient

LIMIT = 240.0


async def run(*command: str, env: Mapping[str, str] | None = None, cwd: Path | None = None, given: bytes = b"") -> str:
    """Run *command* with *given* as its input, and return what it printed; anything but success fails the test."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(LIMIT):
        out, _ = await process.communicate(given)
    text = out.decode(errors="replace")
    assert process.returncode == 0, f"{command[0]} exited {process.returncode}:\n{text[-3000:]}"
    return text


class Rclone:
    """rclone with the device's tree as ``candor:``; its configuration is in the environment, nothing is written."""

    def __init__(self, device: DavClient, password: str) -> None:
        self.env = {
            **os.environ,
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_CONFIG_CANDOR_TYPE": "webdav",
            "RCLONE_CONFIG_CANDOR_VENDOR": "other",
            "RCLONE_CONFIG_CANDOR_URL": device.url + device.path(""),
            "RCLONE_CONFIG_CANDOR_USER": device.username,
            "RCLONE_CONFIG_CANDOR_PASS": password,
        }

    @classmethod
    async def of(cls, device: DavClient) -> "Rclone":
        """Return rclone with the password in the form that it wants."""
        return cls(device, (await run("rclone", "obscure", device.password)).strip())

    async def __call__(self, *arguments: str) -> str:
        return await run("rclone", *arguments, "--transfers", "8", "--checkers", "8", env=self.env)


def free_port() -> int:
    """Return a port of loopback at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def listens(port: int) -> None:
    """Return once something listens at *port*."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return
