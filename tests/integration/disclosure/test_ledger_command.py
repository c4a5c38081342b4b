"""The command that checks the log: what it says and its exit code, against a log served over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from services.disclosure.cli.ledger import app
from services.disclosure.domain import build_leaf
from shared.tlog.notes import SignerKey
from shared.tlog.tiles import Tile
from shared.tlog.writer import LogEntry, LogWriter, build_proof
from tests.support.log_storage import MemoryLog
from tests.support.parts import free_ports

KEY = SignerKey("log.example/candor", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
SALT, CONTENT = b"s" * 16, '{"entry_id":"led_1"}'


@pytest.fixture
async def log() -> MemoryLog:
    found = MemoryLog()
    await LogWriter(found, KEY).append_entries([LogEntry(f"led_{n}", build_leaf(SALT, CONTENT)) for n in range(300)])
    await LogWriter(found, KEY).publish_checkpoint()
    return found


@pytest.fixture
async def url(log: MemoryLog) -> AsyncIterator[str]:
    async def serve(request: web.Request) -> web.Response:
        if request.path == "/log":
            return web.json_response({"verifier_key": str(KEY.verifier_key)})
        try:
            return web.Response(body=await log.read_path(request.path.removeprefix("/log/")))
        except KeyError:
            raise web.HTTPNotFound from None

    served, port = web.Application(), free_ports()["mongo"]
    served.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(served)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}/log"
    await runner.cleanup()


async def run(*arguments: str) -> tuple[int, str]:
    result = await asyncio.to_thread(CliRunner().invoke, app, list(arguments))
    return result.exit_code, result.output


async def test_a_whole_log_is_verified_and_remembered(url: str, log: MemoryLog, tmp_path: Path) -> None:
    known = tmp_path / "checkpoint"
    code, said = await run("verify", url, "--known", str(known))
    assert (code, "300 leaves" in said) == (0, True), said
    assert known.read_bytes() == log.checkpoint
    assert (await run("verify", url, "--known", str(known), "--key", str(KEY.verifier_key)))[0] == 0


@pytest.mark.parametrize("tile", [Tile(None, 0), Tile(0, 1, 44), Tile(1, 0, 1)])
@pytest.mark.parametrize("fault", ["changed", "missing"])
async def test_a_changed_or_missing_file_is_named(url: str, log: MemoryLog, tile: Tile, fault: str) -> None:
    content = log.files.pop(tile)
    if fault == "changed":
        log.files[tile] = content[:20] + bytes([content[20] ^ 1]) + content[21:]
    code, said = await run("verify", url)
    assert (code, "BROKEN" in said) == (1, True), said


async def test_another_key_a_missing_witness_and_an_unreachable_log(url: str, tmp_path: Path) -> None:
    other = SignerKey(KEY.name, Ed25519PrivateKey.from_private_bytes(b"o" * 32)).verifier_key
    assert (await run("verify", url, "--key", str(other)))[0] == 1
    (tmp_path / "policy").write_text("quorum nobody\n")
    assert (await run("verify", url, "--policy", str(tmp_path / "policy")))[0] == 2
    assert (await run("verify", f"http://127.0.0.1:{free_ports()['mongo']}/log"))[0] == 2


async def test_a_proof_is_checked_offline(log: MemoryLog, tmp_path: Path) -> None:
    note = await LogWriter(log, KEY).publish_checkpoint()
    proof = await build_proof(log, note, 7, extra=SALT + CONTENT.encode())
    file = tmp_path / "led_7.tlog-proof"
    file.write_bytes(bytes(proof))
    code, said = await run("proof", str(file), "--key", str(KEY.verifier_key))
    assert (code, CONTENT in said) == (0, True), said
    file.write_bytes(bytes(await build_proof(log, note, 7, extra=SALT + b"{}")))
    assert (await run("proof", str(file), "--key", str(KEY.verifier_key)))[0] == 1
