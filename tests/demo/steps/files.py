"""Chapter 3: a real folder goes up, is moved and comes back through a real WebDAV client."""

import asyncio
import hashlib
import os
from pathlib import Path

from tests.demo.story import DemoError, expect, step
from tests.demo.world import World

SOURCE = Path(__file__).resolve().parents[3] / "docs"


async def _rclone(world: World, *arguments: str) -> str:
    """Run rclone against the account's WebDAV; its configuration is in the environment, so nothing is written."""
    environment = {
        **os.environ,
        "RCLONE_CONFIG": str(world.folder / "no-such.conf"),
        "RCLONE_CONFIG_CANDOR_TYPE": "webdav",
        "RCLONE_CONFIG_CANDOR_VENDOR": "other",
        "RCLONE_CONFIG_CANDOR_URL": f"{world.base_url}/sync/{world.ada.username}/",
        "RCLONE_CONFIG_CANDOR_USER": world.ada.username,
        "RCLONE_CONFIG_CANDOR_PASS": world.notes["obscured"],
    }
    return await _run("rclone", *arguments, env=environment)


async def _run(*command: str, env: dict[str, str] | None = None, stdin: str | None = None) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(120):
        out, err = await process.communicate(stdin.encode() if stdin is not None else None)
    if process.returncode:
        raise DemoError(f"{' '.join(command[:2])} exited {process.returncode}: {err.decode()[-300:]}")
    return out.decode()


def _sums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _pack(folder: Path) -> None:
    """Make a folder of real documents, one with a hard name, one larger than an encryption frame."""
    folder.mkdir()
    for path in sorted(SOURCE.rglob("*.md")):
        target = folder / path.relative_to(SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (folder / "Ünïcode & 100% plus+space.txt").write_text("names are bytes too\n", encoding="utf-8")
    (folder / "large.bin").write_bytes(os.urandom(3 * 1024 * 1024 + 17))
    (folder / "empty.txt").touch()


@step("An app password for one device, so that the real password stays at home", "C22")
async def app_password(world: World) -> str:
    body = {"label": "rclone", "scope": "read_write"}
    made = await world.call("POST", "/v1/identity/app-passwords", by=world.ada, json_body=body, once=True, expected=201)
    world.ada.username, world.ada.app_password = made["username"], made["app_password"]
    world.notes["obscured"] = (await _run("rclone", "obscure", "-", stdin=made["app_password"])).strip()
    return f"{made['app_password_id']}, expires {made['expires_at'][:10]}"


@step("A folder goes up over WebDAV, is listed, moved, and read back: bytes identical", "C12", "C20")
async def folder(world: World) -> str:
    original, back = world.folder / "up", world.folder / "down"
    _pack(original)
    await _rclone(world, "copy", str(original), "candor:papers")
    listed = set((await _rclone(world, "lsf", "-R", "--files-only", "candor:papers")).splitlines())
    expect(listed == set(_sums(original)), "every file in the listing")
    await _rclone(world, "moveto", "candor:papers", "candor:archive")
    await _rclone(world, "copy", "candor:archive", str(back))
    expect(_sums(back) == _sums(original), "identical bytes")
    usage = await world.call("GET", "/v1/sync/usage", by=world.ada)
    return f"{usage['files']} files, {usage['used_bytes']:,} bytes, sealed on our disks, identical on hers"


STEPS = [app_password, folder]
