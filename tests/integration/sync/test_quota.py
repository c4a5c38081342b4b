"""Room is reserved before bytes come, and settled when they are stored: no one gets more, nothing is counted twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.integration.sync.harness import MIB, DavClient, SyncHarness, serving


@pytest.fixture(scope="module")
async def small(harness: SyncHarness) -> AsyncIterator[SyncHarness]:
    """The same harness where everybody has room for 4 MiB."""
    async with serving(
        harness.chassis, harness.settings.model_copy(update={"quota_bytes": 4 * MIB}), harness.folder
    ) as opened:
        yield opened


@pytest.fixture
def bob(small: SyncHarness) -> DavClient:
    """A device with room for 4 MiB."""
    return small.device()


async def test_what_does_not_fit_is_507_and_leaves_the_old_file(bob: DavClient, small: SyncHarness) -> None:
    await bob.put("a.bin", b"a" * MIB)
    refused = await bob.put("a.bin", b"b" * (5 * MIB))
    assert refused.status == 507
    assert b"<D:quota-not-exceeded>" in refused.body
    assert (await bob.get("a.bin")).body == b"a" * MIB
    assert await small.has_no_room_reserved(bob)


async def test_without_a_length_the_end_of_the_room_is_still_found(bob: DavClient, small: SyncHarness) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"e" * 100_000

    assert (await bob.ask("PUT", "endless.bin", {}, endless())).status == 507
    assert await bob.names() == set()
    assert await small.has_no_room_reserved(bob)


async def test_overwriting_needs_only_the_difference(bob: DavClient, small: SyncHarness) -> None:
    await bob.put("a.bin", b"a" * (3 * MIB))
    assert (await bob.put("a.bin", b"b" * (4 * MIB))).status == 204
    assert await small.usage(bob) == (1, 4 * MIB)
    assert (await bob.put("more.txt", b"x")).status == 507


async def test_a_copy_counts(bob: DavClient, small: SyncHarness) -> None:
    await bob.put("a.bin", b"a" * (3 * MIB))
    assert (await bob.copy("a.bin", "b.bin")).status == 507
    await bob.put("c.bin", b"c" * MIB)
    assert (await bob.copy("c.bin", "a.bin")).status == 204
    assert await small.usage(bob) == (2, 2 * MIB)


async def test_uploads_at_once_do_not_share_the_last_room(bob: DavClient, small: SyncHarness) -> None:
    replies = await asyncio.gather(*(bob.put(f"{number}.bin", b"x" * (MIB + MIB // 2)) for number in range(6)))
    assert sorted(reply.status for reply in replies) == [201] * 2 + [507] * 4
    assert await small.usage(bob) == (2, 3 * MIB)
    assert await small.has_no_room_reserved(bob)
