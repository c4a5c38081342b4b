"""Payments: tokenizations against a bare route that writes the same documents, charges through the edge, one key."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from joserfc.jwk import ECKey
from pymongo import AsyncMongoClient

from shared.clock import monotonic, utc_now
from shared.ids import new_id
from shared.web import Principal
from tests.bench.figure import Area, Bench, Figure, ratio_at_least
from tests.bench.parts import dropped
from tests.bench.servers import process
from tests.support.cards import sealed, typed
from tests.support.fake_services import open_fake_services
from tests.support.parts import free_ports
from tests.support.running import Running, person, running
from tests.support.vhosts import own_vhost

AREA = Area("payments")

PATH = "/v1/payments/cards"
PER_ACCOUNT = 20
"""Cards of one account; a customer may store thirty an hour."""
ACCOUNTS, CONNECTIONS, ROUNDS = 20, 8, 5
TTLS = {"idempotency": "created_at", "used_card_stamps": "used_at"}


@dataclass(frozen=True, slots=True)
class Burst:
    """What a burst of requests took."""

    rate: float
    p99: float
    """Milliseconds."""


Encryption = Callable[[Principal], Awaitable[tuple[dict[str, Any], str]]]
"""Returns the key and the stamp for a card of this customer."""


async def requests(service: Running, encryption: Encryption) -> list[bytes]:
    """Return requests of new customers that each store a card, as they go over the wire."""
    people = [person("customer", number=new_id("acc")[-12:]) for _ in range(ACCOUNTS)]
    tokens = {who.id: service.token(who) for who in people}
    made = []
    for _ in range(PER_ACCOUNT):
        for who in people:
            key, stamp = await encryption(who)
            token, body = tokens[who.id], json.dumps({"jwe": sealed(key, typed(stamp, utc_now()))}).encode()
            head = (
                f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
                f"Idempotency-Key: {new_id('key')}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            made.append(head.encode() + body)
    return made


async def burst(port: int, wanted: Sequence[bytes]) -> Burst:
    """Send the requests over some connections that are kept open; each must be answered with 201."""
    left, seconds = iter(wanted), list[float]()

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for one in left:
                began = monotonic()
                writer.write(one)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                body = await reader.readexactly(length)
                seconds.append(monotonic() - began)
                if not head.startswith(b"HTTP/1.1 201"):
                    raise RuntimeError((head + body).decode())
        finally:
            writer.close()

    began = monotonic()
    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return Burst(len(seconds) / (monotonic() - began), quantiles(seconds, n=100, method="inclusive")[98] * 1000)


@asynccontextmanager
async def payments(bench: Bench) -> AsyncIterator[Running]:
    """Payments in a process of its own, beside an identity that signs tokens."""
    amqp_url = await own_vhost(bench.amqp_url, new_id("bench"))
    home = bench.folder / new_id("payments")
    home.mkdir()
    async with open_fake_services(amqp_url) as around:
        parts = {"MONGO_URL": bench.mongo_url, "AMQP_URL": amqp_url}
        settings = {"PAYMENTS_CARD_ENTRY": "direct", "PAYMENTS_PROCESSOR": "simulator"}
        async with running("payments", parts=parts, neighbours=around, home=home, settings=settings) as service:
            yield service


@asynccontextmanager
async def bare(bench: Bench, service: Running, private: ECKey) -> AsyncIterator[int]:
    """Run the bare route on a database of its own, with the indexes of ours; yield its port."""
    port, signer = free_ports()["payments"], service.neighbours.key.as_dict(private=False)
    async with dropped(bench.mongo_url) as name:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(bench.mongo_url)
        async with client:
            for collection, field in TTLS.items():
                await client[name][collection].create_index(field, expireAfterSeconds=86_400)
            await client[name]["idempotency"].create_index("owner")
            for fields in (["account_id", "created_at", "_id"], ["processor_ref"]):
                await client[name]["cards"].create_index(fields)
        words = (str(port), bench.mongo_url, name, json.dumps(signer), json.dumps(private.as_dict(private=True)))
        command = (sys.executable, "-m", "tests.bench.bare_cards", *words)
        async with process(command, bench.folder / "bare.log", port):
            yield port


@AREA.measures
async def tokenizations(bench: Bench) -> list[Figure]:
    """Store 400 cards in each of five rounds, and as many by the bare route, in turn."""
    private = ECKey.generate_key("P-256", {"kid": "bare"}, auto_kid=False)
    public = {name: str(value) for name, value in private.as_dict(private=False).items()}
    async with payments(bench) as service, bare(bench, service, private) as bare_port:

        async def issued(who: Principal) -> tuple[dict[str, Any], str]:
            answer = await service.call("GET", "/v1/payments/encryption-keys", by=who)
            return next(key for key in answer.body["keys"] if key["crv"] == "P-256"), answer.body["stamp"]

        async def made_up(who: Principal) -> tuple[dict[str, Any], str]:
            return public, (await issued(who))[1]

        pairs = []
        for number in range(ROUNDS + 1):
            ours = await burst(service.port, await requests(service, issued))
            theirs = await burst(bare_port, await requests(service, made_up))
            if number:  # the first round opens connections and caches
                pairs.append((ours, theirs))
    ours, theirs = sorted(pairs, key=lambda pair: pair[0].rate / pair[1].rate)[ROUNDS // 2]
    note = "aiohttp, joserfc and Motor as they come: token, JWE, the same documents in one transaction"
    return [
        Figure(
            name="tokenization",
            ours=ours.rate,
            reference=theirs.rate,
            unit="cards/s",
            goal=ratio_at_least(0.7),
            note=note,
        ),
        Figure(
            name=f"tokenization, p99 of {CONNECTIONS} at once",
            ours=ours.p99,
            reference=theirs.p99,
            unit="ms",
            note=note,
        ),
    ]
