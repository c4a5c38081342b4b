"""R-11 and the log incidents of 2022 to 2026: kills between any two writes, failed writes, two writers, two roots."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.tlog.checkpoints import Checkpoint, open_checkpoint
from shared.tlog.merkle import EMPTY_ROOT
from shared.tlog.notes import SignerKey
from shared.tlog.tiles import RightEdge, Tile
from shared.tlog.verifier import LogBrokenError, LogVerifier
from shared.tlog.writer import HeadMovedError, LogConflictError, LogEntry, LogHead, LogWriter, build_proof
from tests.support.log_storage import MemoryLog, WriteLostError

KEY = SignerKey("log.example/candor", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
BATCHES = (3, 250, 1, 2, 256, 700)


def entries(start: int, count: int) -> list[LogEntry]:
    return [LogEntry(f"ent_{number}", b"entry %d" % number) for number in range(start, start + count)]


async def grown(log: MemoryLog, batches: Sequence[int] = BATCHES) -> LogWriter:
    writer = LogWriter(log, KEY)
    for count in batches:
        first = await writer.append_entries(entries(len(log.appended), count))
        assert first == len(log.appended) - count
        await writer.publish_checkpoint()
    return writer


def verifier(log: MemoryLog) -> LogVerifier:
    return LogVerifier(log.read_path, KEY.verifier_key)


async def test_what_is_appended_is_published_and_verified() -> None:
    log = MemoryLog()
    await grown(log)
    verified = await verifier(log).verify()
    assert verified.checkpoint.size == sum(BATCHES) == len(log.appended)


async def test_each_entry_has_a_proof_against_each_later_checkpoint() -> None:
    log = MemoryLog()
    writer = LogWriter(log, KEY)
    for count in (1, 4, 252, 300):
        await writer.append_entries(entries(len(log.appended), count))
        note = await writer.publish_checkpoint()
        size = len(log.appended)
        for index in {0, 1, 4, 255, 256, size - 1} & set(range(size)):
            proof = await build_proof(log, note, index)
            assert proof.verify(b"entry %d" % index, KEY.verifier_key).size == size


async def test_an_entry_newer_than_the_checkpoint_waits_for_the_next() -> None:
    log = MemoryLog()
    writer = await grown(log, (5,))
    note = await writer.publish_checkpoint()
    await writer.append_entries(entries(5, 1))
    with pytest.raises(ValueError, match="no leaf 5"):
        await build_proof(log, note, 5)


@pytest.mark.parametrize("effect", ["before", "after"])
async def test_a_kill_at_any_write_loses_nothing_and_forks_nothing(effect: str) -> None:
    """Each write of three batches fails once; the next process goes on."""
    whole = MemoryLog()
    await grown(whole, (250, 260, 600))
    for number in range(1, whole.writes + 1):
        log = MemoryLog(**{f"fails_{effect}": {number}})  # type: ignore[arg-type] # the name of the member is computed
        for count in (250, 260, 600):
            wanted = len(log.appended) + count
            while len(log.appended) < wanted:
                try:
                    writer = LogWriter(log, KEY)  # a process that was killed knows nothing
                    await writer.append_entries(entries(len(log.appended), wanted - len(log.appended)))
                    await writer.publish_checkpoint()
                except WriteLostError:
                    continue
        await LogWriter(log, KEY).publish_checkpoint()
        assert (await verifier(log).verify()).checkpoint.root == Checkpoint.parse(
            open_checkpoint(whole.checkpoint or b"", KEY.verifier_key)[1].text
        ).root, number


async def test_after_a_failed_write_the_writer_loads_and_stays_down_while_it_cannot() -> None:
    log = MemoryLog()
    writer = await grown(log, (300,))
    log.fails_after = {log.writes + 2}  # the head moves, and the answer is lost
    with pytest.raises(WriteLostError):
        await writer.append_entries(entries(300, 300))
    log.is_unreadable = True
    for _ in range(2):
        with pytest.raises(WriteLostError):
            await writer.append_entries(entries(600, 1))
    log.is_unreadable = False
    assert await writer.append_entries(entries(600, 1)) == 600
    await writer.publish_checkpoint()
    assert (await verifier(log).verify()).checkpoint.size == 601


async def test_of_two_writers_one_is_refused() -> None:
    log = MemoryLog()
    one, other = await grown(log, (3,)), LogWriter(log, KEY)
    await other.load_edge()
    await one.append_entries(entries(3, 2))
    with pytest.raises(HeadMovedError):
        await other.append_entries(entries(3, 1))
    assert await other.append_entries(entries(5, 1)) == 5, "it has loaded what the first one wrote"


async def test_a_public_checkpoint_ahead_of_the_log_keeps_it_down() -> None:
    log = MemoryLog()
    await grown(log, (300, 5))
    log.head, log.batches = None, {}  # a restore of yesterday's database
    with pytest.raises(LogConflictError, match="only 0"):
        await LogWriter(log, KEY).append_entries(entries(0, 1))


async def test_another_root_under_the_public_size_keeps_it_down() -> None:
    log = MemoryLog()
    await grown(log, (300,))
    log.checkpoint = bytes(Checkpoint(KEY.name, 299, EMPTY_ROOT).build_note(KEY))
    log.files[Tile(0, 1, 43)] = log.files[Tile(0, 1, 44)][:-32]
    with pytest.raises(LogConflictError, match="another root"):
        await LogWriter(log, KEY).append_entries(entries(300, 1))


async def test_a_damaged_batch_keeps_it_down() -> None:
    log = MemoryLog()
    await grown(log, (300,))
    assert log.head
    batch = log.batches[log.head]
    levels = ((b"x" * 32, *batch.edge.levels[0][1:]), *batch.edge.levels[1:])
    log.batches[log.head] = replace(batch, edge=replace(batch.edge, levels=levels))
    with pytest.raises(LogConflictError, match="damaged"):
        await LogWriter(log, KEY).load_edge()


async def test_no_path_is_published_twice_with_other_bytes() -> None:
    log = MemoryLog()
    writer = await grown(log, (250,))
    log.files[Tile(0, 0)] = b"x" * 8192
    with pytest.raises(LogConflictError, match="other bytes"):
        await writer.append_entries(entries(250, 10))


async def test_the_checkpoint_of_a_size_is_signed_once() -> None:
    log = MemoryLog()
    writer = await grown(log, (4,))
    writes = log.writes
    assert bytes(await writer.publish_checkpoint()) == log.checkpoint
    assert log.writes == writes


async def test_an_empty_log_has_a_checkpoint() -> None:
    log = MemoryLog()
    assert await LogWriter(log, KEY).append_entries([]) == 0
    await LogWriter(log, KEY).publish_checkpoint()
    assert (await verifier(log).verify()).checkpoint == Checkpoint(KEY.name, 0, EMPTY_ROOT)


def flip(content: bytes, place: int = 40) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


TAMPERED = {
    "an entry": Tile(None, 0),
    "an entry of the partial bundle": Tile(None, 2, 88),
    "a hash": Tile(0, 1),
    "a hash of the partial tile": Tile(0, 2, 88),
    "a hash above": Tile(1, 0, 2),
}


@pytest.mark.parametrize("tile", TAMPERED.values(), ids=list(TAMPERED))
async def test_one_flipped_bit_anywhere_is_found(tile: Tile) -> None:
    log = MemoryLog()
    await grown(log, (600,))
    log.files[tile] = flip(log.files[tile])
    with pytest.raises(LogBrokenError):
        await verifier(log).verify()


async def test_a_log_that_forgets_what_was_seen_is_found() -> None:
    log, other = MemoryLog(), MemoryLog()
    await grown(log, (300,))
    known = (await verifier(log).verify()).checkpoint
    await grown(other, (299,))
    with pytest.raises(LogBrokenError, match="shrunk"):
        await verifier(other).verify(known)
    rewritten = LogWriter(MemoryLog(), KEY)
    await rewritten.append_entries([LogEntry("ent", b"other"), *entries(0, 400)])
    await rewritten.publish_checkpoint()
    assert isinstance(rewritten.storage, MemoryLog)
    with pytest.raises(LogBrokenError, match="another root"):
        await verifier(rewritten.storage).verify(known)


async def test_a_log_that_has_grown_contains_what_was_seen() -> None:
    log = MemoryLog()
    writer = await grown(log, (300,))
    known = (await verifier(log).verify()).checkpoint
    await writer.append_entries(entries(300, 100))
    await writer.publish_checkpoint()
    assert (await verifier(log).verify(known)).checkpoint.size == 400


def test_the_edge_of_nothing_is_the_empty_tree() -> None:
    assert LogHead(0, RightEdge().root) == LogHead(0, EMPTY_ROOT)
