"""Usage reports a second, one in a request, beside a bare route that redeems the token and inserts what waits."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

from pymongo import AsyncMongoClient

from services.telemetry.domain import QUESTION, Calendar, encode_bytes
from services.telemetry.ports.voprf import derive_key
from shared.clock import monotonic, utc_now
from shared.ids import new_id, random_bytes
from tests.bench.figure import Area, Bench, Figure, ratio_at_least
from tests.bench.parts import dropped
from tests.bench.servers import process
from tests.support.fake_services import open_fake_services
from tests.support.parts import free_ports
from tests.support.running import Running, running
from tests.support.vhosts import own_vhost

AREA = Area("reports")

PATH = "/v1/telemetry/reports"
REPORTS, CONNECTIONS, ROUNDS = 3_000, 64, 5
USAGE = {
    "program": "omnifocus",
    "version": "4.8",
    "os": "macos-26",
    "locale": "en",
    "counters": {"launches": "3 to 9", "crashes": "0", "syncs": "1 to 2"},
}


def to_request(body: object) -> bytes:
    """Return a request as it goes over the wire."""
    raw = json.dumps(body).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n"
    )
    return f"{head}\r\n".encode() + raw


def reports_with_tokens(seed: bytes, count: int) -> list[bytes]:
    """Return requests with one report of last week each; the tokens come from *seed* without a blind evaluation."""
    week = Calendar().accepted_weeks(utc_now())[0].name
    key = derive_key(seed, f"candor-telemetry-token/software/{QUESTION.version}/{week}".encode())
    made = []
    for _ in range(count):
        number = random_bytes(32)
        token = {"number": encode_bytes(number), "token": encode_bytes(key.evaluate_known_input(number))}
        made.append(to_request({"reports": [{"question_version": QUESTION.version, "week": week, **token, **USAGE}]}))
    return made


async def burst(port: int, wanted: Sequence[bytes]) -> float:
    """Send the requests over connections that are kept open; return how many a second were answered, all with 202."""
    left = iter(wanted)

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for one in left:
                writer.write(one)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                body = await reader.readexactly(length)
                if not head.startswith(b"HTTP/1.1 202"):
                    raise RuntimeError((head + body).decode())
        finally:
            writer.close()

    began = monotonic()
    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return len(wanted) / (monotonic() - began)


@asynccontextmanager
async def telemetry(bench: Bench) -> AsyncIterator[Running]:
    """Telemetry in a process of its own."""
    amqp_url = await own_vhost(bench.amqp_url, new_id("bench"))
    home = bench.folder / new_id("telemetry")
    home.mkdir()
    async with open_fake_services(amqp_url) as around:
        parts = {"MONGO_URL": bench.mongo_url, "AMQP_URL": amqp_url}
        settings = {"TELEMETRY_REQUESTS_PER_HOUR": "1000000"}
        async with running("telemetry", parts=parts, neighbours=around, home=home, settings=settings) as service:
            yield service


@asynccontextmanager
async def bare(bench: Bench, seed: bytes) -> AsyncIterator[int]:
    """Run the bare route on a database of its own, with the indexes of ours; yield its port."""
    port = free_ports()["telemetry"]
    async with dropped(bench.mongo_url) as name:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(bench.mongo_url)
        async with client:
            for field in ("week", "week_closed_at"):
                await client[name]["reports"].create_index(field)
        command = (sys.executable, "-m", "tests.bench.bare_reports", str(port), bench.mongo_url, name, seed.hex())
        async with process(command, bench.folder / "bare-reports.log", port):
            yield port


def seed_of(service: Running) -> bytes:
    """Return the seed in the keyring of the running service."""
    keys = json.loads(Path(service.env["CANDOR_KEYRING"]).read_text(encoding="utf-8"))["keys"]
    secret = next(key["secret"] for key in keys if key["use"] == "token")
    return base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))


@AREA.measures
async def usage_reports(bench: Bench) -> list[Figure]:
    """Take 3,000 reports over 64 connections in each of five rounds, and as many by the bare route, in turn."""
    async with telemetry(bench) as service:
        seed = seed_of(service)
        pairs = []
        async with bare(bench, seed) as bare_port:
            for number in range(ROUNDS + 1):
                ours = await burst(service.port, reports_with_tokens(seed, REPORTS))
                theirs = await burst(bare_port, reports_with_tokens(seed, REPORTS))
                if number:  # the first round opens connections and caches
                    pairs.append((ours, theirs))
    ratio = median(ours / theirs for ours, theirs in pairs)
    ours, theirs = min(pairs, key=lambda pair: abs(pair[0] / pair[1] - ratio))
    note = "aiohttp, voprf and Motor as they come: the token is redeemed, what waits is one insert_many"
    return [
        Figure(
            name="usage reports",
            ours=ours,
            reference=theirs,
            unit="reports/s",
            goal=ratio_at_least(0.6),
            note=note,
        )
    ]
