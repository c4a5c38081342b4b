"""A process with a wrong setting says so in one line on stderr and exits with 2, before it listens."""

import asyncio
import socket
import sys
from pathlib import Path

import pytest

from tests.integration.chassis.process import ROOT, settings_of

UNUSED = {"MONGO_URL": "mongodb://127.0.0.1:9", "AMQP_URL": "amqp://u:hunter2@127.0.0.1:9/"}
WRONG = {
    "a missing one": ({"CANDOR_PUBLIC_URL": ""}, "CANDOR_PUBLIC_URL is missing; for example"),
    "no keyring": ({"CANDOR_KEYRING": "/nowhere/keyring.json"}, "CANDOR_KEYRING=/nowhere/keyring.json cannot be read"),
    "no number": ({"CANDOR_SERVICE_PORT": "http"}, "CANDOR_SERVICE_PORT='http' is not a whole number"),
    "a certificate without a key": ({"CANDOR_TLS_CERT": "a"}, "CANDOR_TLS_KEY is missing"),
    "no certificate": ({"CANDOR_TLS_CERT": "a", "CANDOR_TLS_KEY": "b"}, "CANDOR_TLS_CERT=a and CANDOR_TLS_KEY"),
    "a password that is not encoded": ({"MONGO_URL": "mongodb://u:hunter2:@127.0.0.1:9"}, "MONGO_URL cannot be used"),
    "a file that is not there": ({"MONGO_URL": "mongodb://h/?tls=true&tlsCAFile=/nowhere"}, "MONGO_URL cannot be used"),
}


async def run(env: dict[str, str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.chassis.minimal_service"),
        cwd=ROOT,
        env=env,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            _, told = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, told.decode()


@pytest.mark.parametrize(("changed", "said"), WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_setting_is_one_line_and_exit_2(tmp_path: Path, changed: dict[str, str], said: str) -> None:
    code, told = await run(settings_of(tmp_path, **{**UNUSED, **changed}))
    assert (code, len(told.splitlines())) == (2, 1), told
    assert told.startswith("tiny: ")
    assert said in told
    assert "hunter2" not in told


async def test_a_taken_port_is_one_line_and_exit_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, told = await run(settings_of(tmp_path, **UNUSED, CANDOR_SERVICE_PORT=port))
    assert (code, len(told.splitlines())) == (2, 1), told
    assert f"CANDOR_SERVICE_PORT={port} " in told
