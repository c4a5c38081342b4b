"""Asks for restores as their owners do, breaks workers off, and looks at what is there then."""

import asyncio
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from services.sync.store.restores import UnfinishedRestore
from shared.clock import utc_now
from shared.ids import new_id
from tests.integration.sync.harness import DavClient, SyncHarness, xpath
from tests.support.http import a_customer

RESTORES = "/v1/sync/restores"


async def asking(harness: SyncHarness, ada: DavClient, address: str, *, key: str = "", **body: Any) -> tuple[int, Any]:
    """Ask the API of restores as the owner of the device; return the status and what is told."""
    headers = {**harness.trust.headers(a_customer(ada.account), at=utc_now()), "Idempotency-Key": key or new_id("key")}
    method = "POST" if body else "GET"
    async with harness.http.request(method, f"{harness.url}{address}", json=body or None, headers=headers) as reply:
        return reply.status, await reply.json(content_type=None)


async def begun(harness: SyncHarness, ada: DavClient, **body: Any) -> UnfinishedRestore:
    """Ask for a restore."""
    status, asked = await asking(harness, ada, RESTORES, **body)
    assert (status, asked["state"], asked["restored_to"]) == (202, "pending", None), asked
    return UnfinishedRestore(asked["restore_id"], ada.account)


async def state_of(harness: SyncHarness, ada: DavClient, one: UnfinishedRestore) -> Any:
    """Return what is told of a restore."""
    status, told = await asking(harness, ada, f"{RESTORES}/{one.restore}")
    assert status == 200, told
    return told


async def is_running(harness: SyncHarness, ada: DavClient, one: UnfinishedRestore) -> bool:
    """Tell whether the restore has not ended."""
    return bool((await state_of(harness, ada, one))["state"] == "running")


async def restored(harness: SyncHarness, ada: DavClient, **body: Any) -> Any:
    """Ask for a restore, let a worker do it, return what is told of it then."""
    one = await begun(harness, ada, **body)
    assert await harness.sync.restore_worker.run_attempt(one)
    return await state_of(harness, ada, one)


async def broken_off(harness: SyncHarness, one: UnfinishedRestore, *, after: float) -> bool:
    """Let a worker do a restore and end it *after* so many seconds; tell whether it was quicker, and had success."""
    attempt = asyncio.create_task(harness.sync.restore_worker.run_attempt(one))
    await asyncio.wait([attempt], timeout=after)
    done = attempt.done() and attempt.result()
    attempt.cancel()
    with suppress(asyncio.CancelledError):
        await attempt
    return done


async def names_in(ada: DavClient, folder: str = "") -> set[str]:
    """Return the names of what is in *folder*; those of folders end with a slash."""
    reply = await ada.ask("PROPFIND", folder, {"Depth": "1"})
    paths = {unquote(href).split("/", 3)[3] for href in xpath(reply.body, "//d:response/d:href/text()")}
    return {path.removeprefix(f"{folder}/") for path in paths} - {"", folder}


async def contents_in(ada: DavClient, folder: str) -> dict[str, bytes]:
    """Return the files in *folder* and in the folder *below* it."""
    names = await names_in(ada, folder)
    if "below/" in names:
        names |= {f"below/{name}" for name in await names_in(ada, f"{folder}/below")}
    return {name: (await ada.get(f"{folder}/{name}")).body for name in names if not name.endswith("/")}


async def folders_back(ada: DavClient) -> str:
    """Wait until the folders are back, and their files on the way; return where."""
    place = ""
    while not place or "below/" not in await names_in(ada, place):
        place = next(iter(await names_in(ada) - {"shelf/"}), "").rstrip("/")
    return place


async def stopped_midway(harness: SyncHarness, ada: DavClient, one: UnfinishedRestore) -> str:
    """End the worker as soon as the folders are back; return where."""
    attempt = asyncio.create_task(harness.sync.restore_worker.run_attempt(one))
    place = await folders_back(ada)
    attempt.cancel()
    with suppress(asyncio.CancelledError):
        await attempt
    assert (await state_of(harness, ada, one))["state"] == "running"
    return place
