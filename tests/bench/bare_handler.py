"""``python -m tests.bench.bare_handler PORT PATH FILE [MONGO_URL]``: aiohttp as it comes, answering FILE at PATH.

A process of its own, as the service that it is held against. Given a database, it asks that for no cards first, with
the driver as it comes.
"""

import asyncio
import sys
from pathlib import Path

import uvloop
from aiohttp import web
from motor.motor_asyncio import AsyncIOMotorClient


async def application(path: str, file: str, mongo_url: str = "") -> web.Application:
    """Return the application; also what the proxy asks for the health of what is behind it."""
    body = await asyncio.to_thread(Path(file).read_bytes)
    client: AsyncIOMotorClient[dict[str, object]] | None = AsyncIOMotorClient(mongo_url) if mongo_url else None

    async def answer(_: web.Request) -> web.Response:
        if client is not None:
            await client["bench"]["cards"].find({"account_id": "acc_1"}).limit(51).to_list(None)
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    for known in (path, "/readyz"):
        app.router.add_get(known, answer)
    return app


if __name__ == "__main__":
    web.run_app(
        application(*sys.argv[2:]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )
