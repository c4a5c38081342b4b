"""The portal as its own process: it needs no other part, stops when told to, keeps secrets out of its log."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp

from tests.integration.portal.browser import Browser
from tests.integration.portal.conftest import PUBLIC_URL, some_ports
from tests.integration.portal.edge import PASSWORD


@asynccontextmanager
async def running(**settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the process with these settings and no others."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.portal"),
        env={"PATH": os.defpath, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _until_ready(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(30):
        while True:
            with suppress(aiohttp.ClientError):
                async with http.get(f"{url}/readyz") as answer:
                    assert answer.status == 200
                    return
            await asyncio.sleep(0.1)


async def test_it_runs_stops_within_seconds_and_logs_no_secret(
    http: aiohttp.ClientSession, keyring: Path, edge_url: str
) -> None:
    [port] = some_ports(1)
    url = f"http://127.0.0.1:{port}"
    settings = {"CANDOR_MODE": "local", "CANDOR_PUBLIC_URL": PUBLIC_URL, "CANDOR_KEYRING": str(keyring)}
    settings |= {"PORTAL_API_URL": edge_url, "CANDOR_SERVICE_PORT": str(port), "CANDOR_LOG_LEVEL": "debug"}
    async with running(**settings) as process:
        await _until_ready(http, url)
        browser = Browser(http, url)
        await browser.log_in("ada@customers.example", "wrong-password-typed")
        await browser.log_in("ada@customers.example", PASSWORD)
        secrets = [*browser.cookies.values(), PASSWORD, "wrong-password-typed", "ada@customers.example"]
        await browser.get("/account/verify?token=secret-token-of-a-link")
        await browser.get("/nothing/secret-path?token=secret-token-of-a-link")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            out, err = await process.communicate()
    assert process.returncode == 0
    told = (out + err).decode()
    assert "service.stopped" in told
    assert not [secret for secret in (*secrets, "secret-token-of-a-link", "secret-path") if secret in told]


async def test_a_wrong_setting_is_one_line_and_the_exit_code_of_a_mistake(tmp_path: Path) -> None:
    missing = str(tmp_path / "no-such.json")
    async with (
        running(CANDOR_MODE="local", CANDOR_PUBLIC_URL=PUBLIC_URL, CANDOR_KEYRING=missing) as process,
        asyncio.timeout(30),
    ):
        _, err = await process.communicate()
    assert process.returncode == 2
    assert err.decode().count("\n") == 1
    assert "CANDOR_KEYRING" in err.decode()
