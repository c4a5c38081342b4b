"""Go's packages for the checksum database verify a log of ours; they know nothing of us."""

import base64
import os
import subprocess
from pathlib import Path
from shutil import which

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.tlog.checkpoints import Checkpoint
from shared.tlog.notes import SignerKey
from shared.tlog.writer import LogEntry, LogWriter
from tests.support.log_storage import MemoryLog

KEY = SignerKey("log.example/candor", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
OLD_SIZE, SIZE = 700, 1_000
PACKAGES = Path("/usr/share/gocode")
pytestmark = pytest.mark.skipif(which("go") is None, reason="needs Debian's golang-go and golang-golang-x-mod-dev")


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program of judge.go."""
    folder = tmp_path_factory.mktemp("go")
    env = {**os.environ, "GO111MODULE": "off", "GOPATH": str(PACKAGES), "GOCACHE": str(folder / "cache")}
    source = Path(__file__).with_name("judge.go")
    subprocess.run(["go", "build", "-o", folder / "judge", source], env=env, check=True, timeout=120)
    return folder / "judge"


async def published(folder: Path) -> tuple[Checkpoint, Checkpoint]:
    """Write a log into *folder*; return its checkpoint at OLD_SIZE, and the published one."""
    log = MemoryLog()
    writer, checkpoints = LogWriter(log, KEY), []
    for start, end in ((0, OLD_SIZE), (OLD_SIZE, SIZE)):
        await writer.append_entries([LogEntry(f"ent_{number}", b"entry %d" % number) for number in range(start, end)])
        checkpoints.append(Checkpoint.parse((await writer.publish_checkpoint()).text))
    for tile, content in log.files.items():
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "checkpoint").write_bytes(log.checkpoint or b"")
    return checkpoints[0], checkpoints[1]


def run(judge: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(judge), str(folder), str(KEY.verifier_key), str(OLD_SIZE)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


async def test_every_entry_and_the_growth_are_proven(judge: Path, tmp_path: Path) -> None:
    old, new = await published(tmp_path)
    said = run(judge, tmp_path)
    roots = [base64.b64encode(each.root).decode() for each in (new, old)]
    assert said.stdout.split() == [KEY.name, str(SIZE), *roots], said.stderr


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/001", "tile/entries/003.p/232", "tile/1/000.p/3"])
async def test_one_changed_byte_is_refused(judge: Path, tmp_path: Path, path: str) -> None:
    await published(tmp_path)
    content = bytearray((tmp_path / path).read_bytes())
    content[20] ^= 1
    (tmp_path / path).write_bytes(content)
    assert run(judge, tmp_path).returncode != 0
