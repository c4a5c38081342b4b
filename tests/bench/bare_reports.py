"""``python -m tests.bench.bare_reports PORT MONGO_URL DATABASE SEED``: taking usage reports without a platform.

aiohttp, voprf and Motor as they come: the token is redeemed, and what waits is stored by one ``insert_many``. No lists,
no limits, no weeks, no problem documents, no metrics.
"""

import asyncio
import base64
import json
import sys
from datetime import UTC, datetime
from typing import Any

import uvloop
from aiohttp import web
from motor.motor_asyncio import AsyncIOMotorClient
from voprf.ristretto import Evaluator

CLOSED_AT = datetime(2026, 11, 30, tzinfo=UTC)


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Rows:
    """The rows that wait, and their insertion."""

    def __init__(self, mongo_url: str, database: str) -> None:
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo_url, w="majority")
        self._stored = client[database]["reports"]
        self._waiting: list[tuple[dict[str, Any], asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def insert(self, row: dict[str, Any]) -> None:
        """Insert *row* together with those that wait."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._insert_waiting())
        await done

    async def _insert_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await self._stored.insert_many([row for row, _ in batch])
            for _, done in batch:
                done.set_result(None)


async def application(mongo_url: str, database: str, seed: str) -> web.Application:
    """Return the application."""
    rows, keys = Rows(mongo_url, database), dict[str, Evaluator]()

    async def take(request: web.Request) -> web.Response:
        [report] = json.loads(await request.read())["reports"]
        week, token = report["week"], _decode(report.pop("token"))
        if week not in keys:
            info = f"candor-telemetry-token/software/{report['question_version']}/{week}"
            keys[week] = Evaluator.from_seed(bytes.fromhex(seed), info.encode())
        if keys[week].evaluate_known_input(_decode(report["number"])) != token:
            return web.Response(status=422)
        row = {**report, "_id": f"{week}:{report.pop('number')}", "token": token, "week_closed_at": CLOSED_AT}
        del row["number"]
        await rows.insert({**row, "stream": "software"})
        return web.json_response({"accepted": 1, "refused": []}, status=202)

    async def ready(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/telemetry/reports", take)
    app.router.add_get("/readyz", ready)
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
