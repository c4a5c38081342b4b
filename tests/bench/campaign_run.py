"""Sends one campaign by real processes and prints how long it took: ``python -m tests.bench.campaign_run``.

Only what older commits have, too, is used here: the same file measures an older tree, with that tree as its folder.
"""

import asyncio
import json
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from shared.clock import monotonic, utc_now
from shared.crypto import Keyring, Vault
from shared.ids import new_id
from shared.mongo import open_database
from tests.integration.newsletter.internals import add_subscribers
from tests.support.fake_services import FakeServices, open_fake_services
from tests.support.running import Running, person, running

ROOT = "/v1/newsletter"
EDITOR = person("staff", "support", number="7")
TEXT = "Dear reader,\n\n" + "This month there is a lot to tell of. " * 60 + "\n"


async def main(wanted: Namespace) -> dict[str, Any]:
    """Send a campaign; return its figures."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="candor-campaign-")))
        neighbours = await stack.enter_async_context(open_fake_services(wanted.amqp))
        parts = {"MONGO_URL": wanted.mongo, "AMQP_URL": wanted.amqp, "SMTP_URL": wanted.smtp}
        settings = dict(pair.split("=", 1) for pair in wanted.set)
        service = await stack.enter_async_context(
            running("newsletter", parts=parts, neighbours=neighbours, home=home, settings=settings)
        )
        for number in range(1, wanted.processes):
            await stack.enter_async_context(another(service, number, home))
        list_id = await make_list(service)
        async with open_database(wanted.mongo, service.database) as stored:
            vault = Vault(stored, Keyring.from_file(home / "keyring.json"), utc_now)
            portions = [wanted.count // 8] * 8
            await asyncio.gather(
                *(add_subscribers(list_id, each, db=stored, vault=vault, clock=utc_now) for each in portions)
            )
        return await send(service, list_id, neighbours)


@asynccontextmanager
async def another(first: Running, number: int, home: Path) -> AsyncIterator[None]:
    """Run one more process of the same service, on the same database."""
    port = first.port + number
    one = replace(
        first, port=port, env={**first.env, "CANDOR_SERVICE_PORT": str(port)}, log=home / f"log{number}", process=None
    )
    await one.start()
    try:
        yield
    finally:
        await one.stop()


async def make_list(service: Running) -> str:
    """Create a list."""
    body = {"name": "Bench", "description": ""}
    made = await service.call("POST", f"{ROOT}/lists", by=EDITOR, body=body, key=new_id("key"))
    return str(made.body["list_id"])


async def send(service: Running, list_id: str, _neighbours: FakeServices) -> dict[str, Any]:
    """Create and send a campaign; wait for its end."""
    body = {"list_id": list_id, "subject": "News of this month", "text": TEXT}
    made = await service.call("POST", f"{ROOT}/campaigns", by=EDITOR, body=body, key=new_id("key"))
    path = f"{ROOT}/campaigns/{made.body['campaign_id']}"
    began = monotonic()
    await service.call("POST", f"{path}/send", by=EDITOR, key=new_id("key"))
    while True:
        view = (await service.call("GET", path, by=EDITOR)).body
        if view["state"] != "sending":
            return {"seconds": monotonic() - began, "state": view["state"], "counts": view["counts"]}
        await asyncio.sleep(0.25)


def read_arguments() -> Namespace:
    """Return what the command line says."""
    parser = ArgumentParser(prog="python -m tests.bench.campaign_run", description=__doc__)
    parser.add_argument("--mongo", required=True)
    parser.add_argument("--amqp", required=True)
    parser.add_argument("--smtp", required=True)
    parser.add_argument("--count", type=int, default=8_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of newsletter")
    return parser.parse_args()


if __name__ == "__main__":
    print(json.dumps(uvloop.run(main(read_arguments()))))
    sys.exit(0)
