"""Real clients: the conformance suite of WebDAV, and a folder that goes up, changes, moves and comes back identical."""

import re
import shutil
from pathlib import Path

import pytest

from tests.conformance.sync.programs import Rclone, run
from tests.integration.sync.house import MIB, Device, House

pytestmark = pytest.mark.timeout(300)


@pytest.mark.skipif(shutil.which("litmus") is None, reason="litmus is not installed (apt-get install litmus)")
async def test_litmus_passes_in_full(ada: Device, tmp_path: Path) -> None:
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
    ada: Device, public_house: House, tmp_path: Path
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
    await public_house.collect()
    assert await public_house.usage(ada) == (0, 0)
    assert (up / "large.bin").stat().st_size > MIB
