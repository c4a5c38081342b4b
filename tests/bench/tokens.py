"""Tokens: partners' tokens a second against bare signing, how soon a revocation is in force; few accounts and many."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from statistics import quantiles
from time import process_time

import aiohttp

from shared.clock import monotonic
from shared.ids import new_id, sha256_digest
from shared.web import Principal
from tests.bench.figure import Area, Bench, Figure, Goal, ours_below, ratio_at_least
from tests.bench.parts import MANY, dropped, each, store_accounts
from tests.integration.identity.fake_services import open_fake_peers
from tests.integration.identity.harness import IdentityHarness, Person, build_settings, open_harness
from tests.integration.identity.process import Replicas
from tests.support import FixedClock
from tests.support.fake_services import mailbox
from tests.support.http import KnownTrust

AREA = Area("tokens")
REVOCATION = Area("revocation", former_name="tokens")

TOKENS = 1_500
FEW = 1_000
REVOCATIONS = 60
ADMIN, WORD = "admin@staff.example", "quiet lantern beyond nine harbours"
Form = dict[str, str]


@asynccontextmanager
async def a_partner(bench: Bench) -> AsyncIterator[tuple[IdentityHarness, Form]]:
    """Yield identity in this process, and what a partner's client sends for a token."""
    home = bench.folder / new_id("tokens")
    home.mkdir()
    staff = f'[{{"email": "{ADMIN}", "password": "{WORD}", "roles": ["admin"]}}]'
    async with dropped(bench.mongo_url) as name, open_fake_peers(bench.amqp_url) as around:
        settings = build_settings(
            home, mongo_url=bench.mongo_url, amqp_url=bench.amqp_url, database=name, IDENTITY_STAFF=staff
        )
        async with open_harness(settings, FixedClock()) as identity:
            admin = await identity.log_in(Person(email=ADMIN, password=WORD))
            around.agreements["agr_1"] = (True, ["contact.read"], identity.clock() + timedelta(days=9))
            body = {"name": "Post", "agreement_id": "agr_1", "scopes": ["contact.read"]}
            made = await identity.call("POST", "/v1/identity/partner-clients", body, by=admin, once=True)
            credentials = {key: made.body[key] for key in ("client_id", "client_secret")}
            yield identity, {"grant_type": "client_credentials", **credentials}


async def tokens_per_second(identity: IdentityHarness, form: Form) -> float:
    """Return how many tokens a client gets in a second of one core, eight at a time, over HTTP."""

    async def ask(_: int) -> None:
        reply = await identity.call("POST", "/oauth/token", form=form)
        assert reply.status == 200, reply

    began = process_time()
    await each(range(TOKENS), ask, at_once=8)
    return TOKENS / (process_time() - began)


def signatures_per_second() -> float:
    """Return how many tokens are signed in a second of one core once a secret was compared, and nothing else."""
    trust, secret = KnownTrust(), sha256_digest("a secret")
    who = Principal(kind="partner", id="cli_1", session="grt_1", scopes=frozenset({"contact.read"}))
    began = process_time()
    for _ in range(TOKENS):
        assert hmac.compare_digest(sha256_digest("a secret"), secret)
        trust.token(who)
    return TOKENS / (process_time() - began)


@AREA.measures
async def client_credentials(bench: Bench) -> list[Figure]:
    """1,500 tokens of a partner over HTTP with 1,000 accounts stored, then with 100,000."""
    async with a_partner(bench) as (identity, form):
        await store_accounts(bench.mongo_url, identity.chassis.db.name, FEW)
        few = max([await tokens_per_second(identity, form) for _ in range(2)])
        bare = signatures_per_second()
        await store_accounts(bench.mongo_url, identity.chassis.db.name, MANY - FEW)
        many = max([await tokens_per_second(identity, form) for _ in range(2)])
    goal = Goal("ours >= 300 tokens/core s", lambda figure: figure.ours >= 300)
    note = "signing and one comparison; ours with HTTP and its client, all on one core, by processor time"
    return [
        Figure(name="client credentials", ours=few, reference=bare, unit="tokens/core s", goal=goal, note=note),
        Figure(
            name="client credentials, 100,000 accounts",
            ours=many,
            reference=few,
            unit="tokens/core s",
            goal=ratio_at_least(0.9),
            note="the same with 1,000 accounts",
        ),
    ]


@REVOCATION.measures
async def revocations(bench: Bench) -> list[Figure]:
    """How long until another process refuses the token of a session that was ended, 60 times; with 100,000 accounts."""
    home = bench.folder / new_id("replicas")
    home.mkdir()
    parts = {"MONGO_URL": bench.mongo_url, "AMQP_URL": bench.amqp_url}
    async with mailbox() as box, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        replicas = Replicas(parts=parts, home=home, box=box, http=http)
        async with dropped(bench.mongo_url) as replicas.database:
            try:
                one, other = await replicas.start(), await replicas.start()
                ada = await replicas.member(one)
                few = await slowest(replicas, one, other, ada)
                await store_accounts(bench.mongo_url, replicas.database, MANY)
                many = await slowest(replicas, one, other, ada)
            finally:
                await replicas.end_all()
    note = f"p99 of {REVOCATIONS}, from the request on; asked every 5 ms"
    goal = ours_below(2, "s")
    return [
        Figure(name="revocation to refusal", ours=few, reference=None, unit="s", goal=goal, note=note),
        Figure(
            name="revocation to refusal, 100,000 accounts", ours=many, reference=few, unit="s", goal=goal, note=note
        ),
    ]


async def slowest(replicas: Replicas, one: int, other: int, ada: Person) -> float:
    """Return the seconds within which 99 of 100 revocations are in force."""
    seconds = [await refused_after(replicas, one, other, ada) for _ in range(REVOCATIONS)]
    return quantiles(seconds, n=100, method="inclusive")[98]


async def refused_after(replicas: Replicas, one: int, other: int, ada: Person) -> float:
    """Log in and out at *one*; return how long *other* still lets the token in."""
    body = {"email": ada.email, "password": ada.password}
    granted = await replicas.call(one, "POST", "/v1/identity/sessions", body)
    ada.access = granted.body["access_token"]
    let_in = await replicas.call(other, "GET", "/v1/identity/me", by=ada)
    assert let_in.status == 200, let_in
    began = monotonic()
    ended = await replicas.call(one, "DELETE", "/v1/identity/sessions/current", by=ada)
    assert ended.status == 204, ended
    while (await replicas.call(other, "GET", "/v1/identity/me", by=ada)).status == 200:  # noqa: ASYNC110 - only asking tells
        await asyncio.sleep(0.005)
    return monotonic() - began
