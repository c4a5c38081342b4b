"""A replaced wrap key is retired: subject keys are re-wrapped, also after a kill, and a key in use is not removed."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from shared.clock import utc_now
from shared.crypto import (
    DecryptionError,
    KeyDestroyedError,
    Keyring,
    KeyUse,
    Rewrapper,
    SubjectKeyDocument,
    Vault,
    WrapKeyInUseError,
    make_keyring,
)
from shared.crypto.keyring import dump_keyring, with_new_key, with_retired_key, without_key
from shared.crypto.wrapping import KEY_PREPUBLISH_PERIOD
from shared.mongo import Database
from tests.support import NOON, FixedClock

PLACE = "accounts.email"
ROOT = Path(__file__).resolve().parents[3]
LONG_AGO = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A keyring before and after a wrap key was added, at 13:00."""

    before: Keyring
    after: Keyring
    contents: Mapping[str, object]

    @property
    def old(self) -> str:
        return self.after.list_by_use(KeyUse.WRAP)[0].id

    @property
    def new(self) -> str:
        return self.after.list_by_use(KeyUse.WRAP)[-1].id


def read_keyring(path: Path, contents: Mapping[str, object]) -> Keyring:
    path.write_text(dump_keyring(contents), encoding="utf-8")
    return Keyring.from_file(path)


@pytest.fixture
def rotation(tmp_path: Path) -> Rotation:
    first = make_keyring([KeyUse.WRAP, KeyUse.BLIND], at=NOON)
    second = with_new_key(first, KeyUse.WRAP, at=NOON.replace(hour=13))
    path = tmp_path / "keyring.json"
    return Rotation(before=read_keyring(path, first), after=read_keyring(path, second), contents=second)


@pytest.fixture
async def sealed(database: Database, rotation: Rotation, clock: FixedClock) -> dict[str, bytes]:
    """A value of each of 230 subjects, which are more than two batches."""
    await database.ensure_collections([SubjectKeyDocument])
    return await seal_all(database, Vault(database, rotation.before, clock), 230)


async def seal_all(database: Database, vault: Vault, count: int) -> dict[str, bytes]:
    """Seal a value for each of *count* subjects, in one transaction: a commit waits for the disk."""

    async def work() -> dict[str, bytes]:
        return {f"acc_{number}": await vault.seal(f"acc_{number}", PLACE, b"x") for number in range(count)}

    return await database.with_transaction(work)


@pytest.fixture
def later(clock: FixedClock) -> FixedClock:
    """A time at which every replica knows the new key."""
    clock.advance(timedelta(hours=1) + KEY_PREPUBLISH_PERIOD + timedelta(minutes=2))
    return clock


async def test_a_rewrap_moves_every_key_and_the_data_stays(
    database: Database, rotation: Rotation, sealed: dict[str, bytes], later: FixedClock, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    rewrapper = Rewrapper(database, rotation.after, later)
    result = await rewrapper.run(lambda done, total: seen.append((done, total)))
    assert (result.rewrapped, result.unreadable, result.stale) == (230, 0, 0)
    assert seen == [(0, 230), (100, 230), (200, 230), (230, 230)]
    assert (await rewrapper.run()).rewrapped == 0
    await rewrapper.check_removable(rotation.old)
    only_new = read_keyring(tmp_path / "new.json", without_key(rotation.contents, rotation.old))
    vault = Vault(database, only_new, later)
    assert {await vault.open(name, PLACE, one) for name, one in sealed.items()} == {b"x"}
    with pytest.raises(DecryptionError, match="no wrapping key"):
        await Vault(database, rotation.before, later).open("acc_0", PLACE, sealed["acc_0"])


async def test_until_every_replica_knows_the_new_key_the_older_one_wraps(
    database: Database, rotation: Rotation, sealed: dict[str, bytes], clock: FixedClock
) -> None:
    clock.advance(timedelta(hours=1))
    replica_of_before = Vault(database, rotation.before, clock)
    value = await Vault(database, rotation.after, clock).seal("acc_new", PLACE, b"y")
    assert await replica_of_before.open("acc_new", PLACE, value) == b"y"
    assert len(sealed) == 230


async def test_a_key_that_wraps_something_is_not_removed(
    database: Database, rotation: Rotation, sealed: dict[str, bytes], later: FixedClock
) -> None:
    rewrapper = Rewrapper(database, rotation.after, later)
    with pytest.raises(WrapKeyInUseError, match=f"still wraps {len(sealed)}"):
        await rewrapper.check_removable(rotation.old)
    with pytest.raises(WrapKeyInUseError, match="newest"):
        await rewrapper.check_removable(rotation.new)
    with pytest.raises(WrapKeyInUseError, match="no wrap key"):
        await rewrapper.check_removable("key_unknown")


async def test_a_key_that_may_still_wrap_is_not_removed(
    database: Database, rotation: Rotation, clock: FixedClock
) -> None:
    await database.ensure_collections([SubjectKeyDocument])
    clock.advance(timedelta(hours=1, minutes=5))
    with pytest.raises(WrapKeyInUseError, match="wraps new subject keys until 2027-01-04 13:15"):
        await Rewrapper(database, rotation.after, clock).check_removable(rotation.old)


async def test_a_retired_key_wraps_nothing_new_and_the_new_one_acts_at_once(
    database: Database, rotation: Rotation, sealed: dict[str, bytes], clock: FixedClock, tmp_path: Path
) -> None:
    clock.advance(timedelta(hours=1))
    keyring = read_keyring(tmp_path / "stolen.json", with_retired_key(rotation.contents, rotation.old))
    rewrapper = Rewrapper(database, keyring, clock)
    await Vault(database, keyring, clock).seal("acc_new", PLACE, b"y")
    assert (await rewrapper.run()).rewrapped == len(sealed)
    await rewrapper.check_removable(rotation.old)


async def test_a_replica_with_an_old_keyring_is_noticed(
    database: Database, rotation: Rotation, sealed: dict[str, bytes], later: FixedClock
) -> None:
    await Vault(database, rotation.before, later).seal("acc_new", PLACE, b"y")
    result = await Rewrapper(database, rotation.after, later).run()
    assert (result.rewrapped, result.stale) == (len(sealed) + 1, 1)


async def test_a_row_that_nothing_opens_is_counted_and_left_alone(
    database: Database, rotation: Rotation, sealed: dict[str, bytes], later: FixedClock
) -> None:
    rows = database.get_collection(SubjectKeyDocument)
    await rows.update_one({"_id": "acc_7"}, {"$set": {"wrapped_by": "key_lost"}})
    result = await Rewrapper(database, rotation.after, later).run()
    assert (result.rewrapped, result.unreadable) == (len(sealed) - 1, 1)
    row = await rows.get("acc_7")
    assert row is not None
    assert row.wrapped_by == "key_lost"


async def test_a_running_service_seals_opens_and_erases_meanwhile(
    database: Database, rotation: Rotation, sealed: dict[str, bytes], later: FixedClock
) -> None:
    vault = Vault(database, rotation.after, later)

    async def work() -> None:
        for number in range(0, 230, 10):
            await database.with_transaction(partial(vault.destroy_key, f"acc_{number}"))
            assert await vault.open(f"acc_{number + 1}", PLACE, sealed[f"acc_{number + 1}"]) == b"x"
            await vault.seal(f"new_{number}", PLACE, b"y")

    await asyncio.gather(work(), Rewrapper(database, rotation.after, later).run())
    await Rewrapper(database, rotation.after, later).check_removable(rotation.old)
    with pytest.raises(KeyDestroyedError):
        await vault.open("acc_0", PLACE, sealed["acc_0"])


class Command:
    """``python -m services.telemetry`` with a command: any service has it."""

    def __init__(self, mongo_url: str, database: Database, keyring: Path) -> None:
        self.env = {
            "PATH": os.environ["PATH"],
            "CANDOR_PUBLIC_URL": "http://candor.example",
            "CANDOR_KEYRING": str(keyring),
            "MONGO_URL": mongo_url,
            "MONGO_DATABASE": database.name,
            "AMQP_URL": "amqp://nobody:x@127.0.0.1:9/",
            "SMTP_URL": "smtp://127.0.0.1:9",
        }

    @asynccontextmanager
    async def started(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.telemetry", *arguments),
            cwd=ROOT,
            env=self.env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def run(self, *arguments: str) -> tuple[int | None, str]:
        async with self.started(*arguments) as process:
            told, _ = await asyncio.wait_for(process.communicate(), 60)
            return process.returncode, told.decode()


async def test_a_run_that_is_killed_is_finished_by_the_next_one(
    database: Database, mongo_url: str, tmp_path: Path
) -> None:
    await database.ensure_collections([SubjectKeyDocument])
    first = make_keyring([KeyUse.WRAP, KeyUse.BLIND, KeyUse.LINK], at=utc_now() - LONG_AGO)
    path = tmp_path / "keyring.json"
    vault = Vault(database, read_keyring(path, first), lambda: utc_now() - LONG_AGO)
    sealed = await seal_all(database, vault, 400)
    second = with_new_key(first, KeyUse.WRAP, at=utc_now() - timedelta(hours=1))
    old, new = (key.id for key in read_keyring(path, second).list_by_use(KeyUse.WRAP))
    command = Command(mongo_url, database, path)

    assert await command.run("remove-wrap-key", old) == (
        2,
        f"telemetry: {old} still wraps 400 subject key(s): run rewrap first\n",
    )
    async with command.started("rewrap") as process:
        assert process.stdout is not None
        while not (await process.stdout.readline()).startswith(b"100 of 400"):
            pass
        process.send_signal(signal.SIGKILL)
        await process.wait()
    rows = database.get_collection(SubjectKeyDocument)
    left = await rows.count_documents({"wrapped_by": old})
    assert 0 < left <= 300

    assert await vault.open("acc_399", PLACE, sealed["acc_399"]) == b"x", "beside a running service"
    code, told = await command.run("rewrap")
    assert code == 0, told
    assert f"{left} subject key(s) re-wrapped under {new}" in told
    assert f"{old} wraps no keys" in told
    code, told = await command.run("remove-wrap-key", old)
    assert code == 0, told
    assert [key["id"] for key in json.loads(path.read_text())["keys"] if key["use"] == "wrap"] == [new]
    after = Vault(database, Keyring.from_file(path), utc_now)
    assert {await after.open(name, PLACE, one) for name, one in sealed.items()} == {b"x"}


async def test_a_new_key_is_not_used_before_every_replica_knows_it(
    database: Database, mongo_url: str, tmp_path: Path
) -> None:
    await database.ensure_collections([SubjectKeyDocument])
    first = make_keyring([KeyUse.WRAP, KeyUse.BLIND, KeyUse.LINK], at=utc_now() - LONG_AGO)
    path = tmp_path / "keyring.json"
    await Vault(database, read_keyring(path, first), utc_now).seal("acc_1", PLACE, b"x")
    read_keyring(path, with_new_key(first, KeyUse.WRAP, at=utc_now()))
    command = Command(mongo_url, database, path)
    code, told = await command.run("rewrap")
    assert code == 2
    assert "every replica with the new keyring" in told
    code, told = await command.run("rewrap", "--now")
    assert code == 0, told
