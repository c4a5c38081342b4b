"""Real clients: the conformance suite of WebDAV, and a folder that goes up, changes, moves and comes back identical."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from tests.conformance.sync.programs import Rclone, run
from tests.integration.sync.harness import MIB, DavClient, SyncHarness

pytestmark = pytest.mark.timeout(300)


@pytest.mark.skipif(shutil.which("litmus") is None, reason="litmus is not installed (apt-get install litmus)")
async def test_litmus_passes_in_full(ada: DavClient, tmp_path: Path) -> None:
    told = await run("litmus", "-k", ada.url + ada.path(""), ada.username, ada.password, cwd=tmp_path)
    summaries = re.findall(r"of (\d+) tests run: (\d+) passed", told)
    assert (sum(int(ran) for ran, _ in summaries), sum(int(passed) for _, passed in summaries)) == (104, 104), told
    assert "WARNING" not in told


def _pack(folder: Path) -> None:
    for number in range(60):
        path = folder / f"chapter {number % 6}" / f"{number:03} – notes & drafts.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d\n" % number * (number * 37))
    (folder / "Ünïcode & 100% plus+space.txt").write_text("names are bytes too\n", encoding="utf-8")
    (folder / "large.bin").write_bytes(bytes(range(256)) * (3 * 4096) + b"end")
    (folder / "empty.txt").touch()


def _read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed (apt-get install rclone)")
async def test_a_folder_goes_up_changes_moves_and_comes_back_identical(
    ada: DavClient, public_harness: SyncHarness, tmp_path: Path
) -> None:
    up, down, rclone = tmp_path / "up", tmp_path / "down", await Rclone.of(ada)
    _pack(up)
    await rclone("copy", str(up), "candor:papers")
    await rclone("check", str(up), "candor:papers", "--download")
    (up / "large.bin").write_bytes(b"changed" * 400_000)
    (up / "chapter 1" / "new.txt").write_bytes(b"new")
    shutil.rmtree(up / "chapter 2")
    await rclone("sync", str(up), "candor:papers")
    await rclone("moveto", "candor:papers", "candor:archive/2026")
    await rclone("copy", "candor:archive", str(down))
    assert _read(down / "2026") == _read(up)
    await rclone("purge", "candor:archive")
    await public_harness.collect()
    assert await public_harness.usage(ada) == (0, 0)
    assert (up / "large.bin").stat().st_size > MIB


FILES, PARTS = 2_000, 4
"""How many files, and how many rclones at once: each leaves 10 ms between its requests, whatever the server does."""


def _many(folder: Path, number: int) -> Path:
    return folder / f"part {number % PARTS}" / f"box {number % 40}" / f"{number:04}.txt"


def _pack_many(folder: Path) -> None:
    for number in range(FILES):
        path = _many(folder, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d " % number * (number % 50))


@pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed (apt-get install rclone)")
async def test_two_thousand_files_go_up_change_move_and_come_back_identical(ada: DavClient, tmp_path: Path) -> None:
    up, down, rclone = tmp_path / "up", tmp_path / "down", await Rclone.of(ada)
    _pack_many(up)
    parts = [f"part {part}" for part in range(PARTS)]
    await asyncio.gather(*(rclone("copy", str(up / part), f"candor:many/{part}") for part in parts))
    for number in range(0, FILES, 20):
        _many(up, number).write_bytes(b"changed %d" % number)
    (up / "part 3" / "box 7").rename(up / "renamed & moved")
    await rclone("sync", str(up), "candor:many", "--track-renames", "--track-renames-strategy", "leaf")
    await asyncio.gather(
        *(rclone("copy", f"candor:many/{part}", str(down / part)) for part in (*parts, "renamed & moved"))
    )
    assert _read(down) == _read(up)
    assert len(_read(down)) == FILES


@pytest.mark.skipif(shutil.which("cadaver") is None, reason="cadaver is not installed (apt-get install cadaver)")
async def test_a_session_with_cadaver(ada: DavClient, tmp_path: Path) -> None:
    local = tmp_path / "letter.txt"
    local.write_text("Dear Ada\n", encoding="utf-8")
    netrc = f"default login {ada.username} password {ada.password}\n"
    (tmp_path / ".netrc").write_text(netrc, encoding="utf-8")
    (tmp_path / ".netrc").chmod(0o600)
    commands = (
        "mkcol letters\ncd letters\n"
        f"put {local} letter.txt\nlock letter.txt\nunlock letter.txt\n"
        "propset letter.txt colour blue\npropget letter.txt colour\n"
        "copy letter.txt copied.txt\nmove copied.txt moved.txt\n"
        f"ls\nget moved.txt {tmp_path / 'back.txt'}\ndelete letter.txt\nquit\n"
    )
    told = await run(
        "cadaver", ada.url + ada.path(""), env={"HOME": str(tmp_path)}, cwd=tmp_path, given=commands.encode()
    )
    assert "failed" not in told, told
    assert (tmp_path / "back.txt").read_text(encoding="utf-8") == "Dear Ada\n"
    assert await ada.names("letters") == {"moved.txt"}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed (apt-get install curl)")
async def test_a_session_with_curl(ada: DavClient, tmp_path: Path) -> None:
    local, back = tmp_path / "film.bin", tmp_path / "back.bin"
    local.write_bytes(bytes(range(256)) * 8192)
    url, who = ada.url + ada.path("film.bin"), f"{ada.username}:{ada.password}"
    ask = ("curl", "--silent", "--show-error", "--fail", "--user", who)
    await run(*ask, "--upload-file", str(local), url)
    await run(*ask, "--upload-file", str(local), "--header", "Expect: 100-continue", url)
    await run(*ask, "--upload-file", "-", "--header", "Transfer-Encoding: chunked", url, given=local.read_bytes())
    await run(*ask, "--output", str(back), "--range", "0-1048575", url)
    await run(*ask, "--output", str(back), "--continue-at", "-", url)
    assert back.read_bytes() == local.read_bytes()
