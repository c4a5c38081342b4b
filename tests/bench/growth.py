"""Sync as an account and the house grow: the same lines with a few thousand files, and with a million."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import islice

import aiohttp

from services.sync.domain.tree import Node, NodeKind, root_id
from services.sync.store.documents import AccountKeyDocument, AccountUsageDocument
from shared.clock import utc_now
from shared.ids import new_id, random_bytes, ulid_factory
from tests.bench.figure import Area, Bench, Figure, ratio_at_least
from tests.bench.servers import Server
from tests.bench.sync import LINES, SMALL, furnish, rate
from tests.integration.sync.harness import DavClient, SyncHarness, open_harness
from tests.support.http import PUBLIC_URL
from tests.support.vhosts import own_vhost

AREA = Area("growth")

FOLDERS, FILES = 1000, 1000
ACCOUNTS = 10_000
AT_ONCE = 10_000
ROUNDS = 8
SETTLES = 60.0
"""Seconds in which the database's checkpoint of the load is over: no one stores 10,000 files a second for long."""


@AREA.measures
async def files_and_accounts(bench: Bench) -> list[Figure]:
    """The lines of sync in an account of 2,800 files, alone; then with a million more, and 10,000 other accounts."""
    folder = bench.folder / "growth"
    folder.mkdir()
    async with AsyncExitStack() as opened:
        amqp_url = await own_vhost(bench.amqp_url, "bench-growth")
        house = await opened.enter_async_context(open_harness(folder, mongo_url=bench.mongo_url, amqp_url=amqp_url))
        ada = house.device()
        server = served(house, ada)
        await furnish(server)
        small = await rates(server, 0)
        bench.tell("  adding files and 10,000 accounts")
        await ada.put("seed.bin", SMALL)
        await grow(house, ada, bench.tell)
        await neighbours_of(house)
        bench.tell("  the same again, once the database has written down what was loaded")
        await asyncio.sleep(SETTLES)
        await renew(server)
        large = await rates(server, 1)
    return [
        Figure(
            name=f"sync with {FOLDERS * FILES:,} files: {line}",
            ours=large[line],
            reference=small[line],
            unit="/s",
            goal=ratio_at_least(1 / 1.3),
            note="the same with 2,800 files and one account",
        )
        for line in LINES
    ]


def served(house: SyncHarness, device: DavClient) -> Server:
    """Return the house as the client of the bench sees it."""
    secret = aiohttp.encode_basic_auth(device.username, device.password)
    port = int(house.url.rpartition(":")[2])
    return Server("ours", port, f"/sync/{device.username}/", f"Authorization: {secret}\r\n", PUBLIC_URL)


async def renew(server: Server) -> None:
    """Let new files go into an empty folder once more: the account has grown, the one they went into has not."""
    async with server.connected() as client:
        await client.move("new", "before")
        await client.mkcol("new")


async def rates(server: Server, stage: int) -> dict[str, float]:
    """Return the best of some rounds of each line."""
    for number in range(ROUNDS):
        for line, work in LINES.items():
            server.note(line, await rate(server, work, ROUNDS * stage + number))
    found = dict(server.best)
    server.best.clear()
    return found


async def grow(house: SyncHarness, ada: DavClient, tell: Callable[[str], None]) -> None:
    """Store the nodes of many files, all with the bytes of one, as the service itself would."""
    trees, account, at = house.sync.trees, ada.account, utc_now()
    seal = await trees.get_cipher(account)
    seed = await trees.nodes.get_child(seal, root_id(account), "seed.bin")
    space = await trees.usages.get(account)
    assert seed is not None
    assert space is not None
    rev, new_node_id = space.rev + 1, ulid_factory(utc_now)

    def folder(name: str, parent: str) -> Node:
        return Node(
            id=new_node_id("nod"),
            parent=parent,
            name=name,
            kind=NodeKind.FOLDER,
            rev=rev,
            tag=rev,
            created_at=at,
            modified_at=at,
        )

    archive = folder("archive", root_id(account))
    years = [folder(f"{number:04}", archive.id) for number in range(FOLDERS)]
    files = (
        replace(seed, id=new_node_id("nod"), parent=year.id, name=f"task-{number:04}.zip", rev=rev, tag=rev)
        for year in years
        for number in range(FILES)
    )
    await trees.nodes.add_many(seal, [archive, *years])
    stored = 0
    while some := list(islice(files, AT_ONCE)):
        await trees.nodes.add_many(seal, some)
        stored += len(some)
        if stored % 100_000 == 0:
            tell(f"    {stored:,} files")
    await trees.contents.adjust_refs({seed.content: FOLDERS * FILES}, {seed.content: seed.size}, delete_after=at)
    grown = replace(
        space, rev=rev, files=space.files + FOLDERS * FILES, used_bytes=space.used_bytes + FOLDERS * FILES * seed.size
    )
    assert await trees.usages.update(grown)


async def neighbours_of(house: SyncHarness) -> None:
    """Store the spaces and keys of other accounts."""
    db = house.chassis.db
    accounts = [new_id("acc") for _ in range(ACCOUNTS)]
    await db.get_collection(AccountUsageDocument).insert_many(_space(account) for account in accounts)
    await db.get_collection(AccountKeyDocument).insert_many(
        AccountKeyDocument(id=one, sealed=random_bytes(92)) for one in accounts
    )


def _space(account: str) -> AccountUsageDocument:
    return AccountUsageDocument(
        id=account,
        rev=0,
        used_bytes=0,
        reserved_bytes=0,
        files=0,
        locks=0,
        tracked_since_rev=None,
        created_at=utc_now(),
    )
