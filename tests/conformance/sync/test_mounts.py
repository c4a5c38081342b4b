"""The tree as a folder of the machine, mounted by davfs2 and by rclone: what people do in folders, and then reading."""

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tests.conformance.sync.programs import Rclone, run
from tests.integration.sync.harness import DavClient, SyncHarness
from tests.support.fake_services import until

MAY_MOUNT = 1 << 21
"""CAP_SYS_ADMIN."""
FILM = bytes(range(256)) * 8192
LEFT = {
    "film.bin": FILM,
    "notes/letter & more.txt": b"one\ntwo\n",
    "notes/saved – Ü.txt": b"the second version",
    "trip/day 1/lake.jpg": b"jpg" * 5000,
}


def _mounts() -> bool:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    return bool(int(mask, 16) & MAY_MOUNT) and Path("/dev/fuse").exists()


pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not _mounts(), reason="mounting needs root and /dev/fuse"),
]


def _work(place: Path) -> None:
    """Write, add, rename, replace as editors do, delete and nest."""
    (place / "notes").mkdir()
    letter = place / "notes" / "first.txt"
    letter.write_bytes(b"one\n")
    with letter.open("ab") as file:
        file.write(b"two\n")
    letter.rename(place / "notes" / "letter & more.txt")
    saved = place / "notes" / "saved – Ü.txt"
    saved.write_bytes(b"the first version")
    (place / "notes" / ".saved.tmp").write_bytes(b"the second version")
    (place / "notes" / ".saved.tmp").replace(saved)
    (place / "film.bin").write_bytes(FILM)
    (place / "gone.txt").write_bytes(b"never mind")
    (place / "gone.txt").unlink()
    (place / "holiday" / "day 1").mkdir(parents=True)
    (place / "holiday" / "day 1" / "lake.jpg").write_bytes(b"jpg" * 5000)
    (place / "holiday").rename(place / "trip")


def _read(place: Path) -> dict[str, bytes]:
    # By name: under Linux 6.18, davfs2 1.6 cannot list a folder (EINVAL).
    return {path: (place / path).read_bytes() for path in LEFT}


async def _has_arrived(ada: DavClient) -> bool:
    return {path: (await ada.get(path)).body for path in LEFT} == LEFT


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder into which davfs2 comes, too: it gives up being root."""
    with tempfile.TemporaryDirectory(prefix="candor-mount-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        (home / "cache").mkdir()
        (home / "cache").chmod(0o777)
        yield home


@asynccontextmanager
async def davfs(ada: DavClient, home: Path) -> AsyncIterator[Path]:
    """Mount with davfs2; unmounting waits until everything was sent."""
    place, url = home / "place", ada.url + ada.path("")
    place.mkdir(exist_ok=True)
    (home / "secrets").write_text(f"{url} {ada.username} {ada.password}\n", encoding="utf-8")
    (home / "secrets").chmod(0o600)
    conf = {"secrets": home / "secrets", "cache_dir": home / "cache", "ask_auth": 0, "delay_upload": 0}
    (home / "conf").write_text("".join(f"{name} {value}\n" for name, value in conf.items()), encoding="utf-8")
    await run("mount.davfs", "-o", f"conf={home / 'conf'}", url, str(place))
    try:
        yield place
    finally:
        await run("umount", str(place))


@asynccontextmanager
async def rclone_mount(ada: DavClient, home: Path) -> AsyncIterator[Path]:
    """Mount with rclone, which sends when a file is closed."""
    place, rclone = home / "place", await Rclone.of(ada)
    place.mkdir(exist_ok=True)
    options = ("--vfs-cache-mode", "minimal", "--vfs-write-back", "0s", "--cache-dir", str(home / "cache"))
    mounted = await asyncio.create_subprocess_exec("rclone", "mount", "candor:", str(place), *options, env=rclone.env)
    try:
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(place.is_mount):  # noqa: ASYNC110 - another process mounts it
                await asyncio.sleep(0.05)
        yield place
    finally:
        mounted.send_signal(signal.SIGINT)
        await mounted.wait()


Mount = Callable[[DavClient, Path], AbstractAsyncContextManager[Path]]
NEEDS: dict[Mount, tuple[str, str]] = {davfs: ("mount.davfs", "davfs2"), rclone_mount: ("fusermount3", "fuse3")}


@pytest.mark.parametrize("mount", NEEDS)
async def test_a_mounted_tree_is_a_folder_like_any_other(
    mount: Mount, ada: DavClient, public_harness: SyncHarness, home: Path
) -> None:
    program, package = NEEDS[mount]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (apt-get install {package})")
    async with mount(ada, home) as place:
        await asyncio.to_thread(_work, place)
        assert await asyncio.to_thread(_read, place) == LEFT
        if mount is rclone_mount:  # it sends beside what is done, and what is left when it ends at its next start
            await until(lambda: _has_arrived(ada), patience=30)
    assert await _has_arrived(ada)
    assert (await public_harness.usage(ada))[0] == len(LEFT), "nothing is left over, such as a locked empty file"
    async with mount(ada, home) as place:
        assert await asyncio.to_thread(_read, place) == LEFT
