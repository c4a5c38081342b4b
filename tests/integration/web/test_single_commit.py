"""On a route with a single commit the writes of a request and its reply are stored together, once, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from shared.clock import utc_now
from shared.crypto import Keyring, SubjectKeyDocument, Vault, make_keyring
from shared.crypto.keyring import dump_keyring
from shared.errors import ConflictError, UnavailableError
from shared.ids import new_id
from shared.mongo import Database, Document, Insert
from shared.web import IdempotencyDocument, IdempotencyStore, JsonBody, RequestContext, View, customer, post
from shared.web.idempotency import IDEMPOTENCY_TTL
from tests.support import FixedClock, RawWriter
from tests.support.http import Reply, Site, a_customer, serving

ADA = a_customer("acc_ada")


class ThingDocument(Document):
    collection: ClassVar[str] = "things"

    owner: str


class NameDocument(Document):
    collection: ClassVar[str] = "names"


class Wanted(JsonBody):
    name: str = "x"


class Made(View):
    thing_id: str


class NameTakenError(ConflictError):
    """That name is taken."""

    code = "demo.name.taken"


@dataclass(slots=True)
class Maker:
    """Prepares a thing; waits, fails or stops as a test says."""

    asked: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    wait: float = 0.0

    async def make(self, call: RequestContext, body: Wanted) -> Made:
        """Make a thing with a name of its own."""
        self.asked.append(call.idempotency_key)
        await asyncio.sleep(self.wait)
        if self.faults:
            raise self.faults.pop()
        thing = ThingDocument(id=new_id("thing"), owner=call.principal.id)
        call.defer_writes(Insert(thing), Insert(NameDocument(id=body.name), on_duplicate=NameTakenError))
        return Made(thing_id=thing.id)


@pytest.fixture
def vault(database: Database, clock: FixedClock, tmp_path: Any) -> Vault:
    file = tmp_path / "keyring.json"
    file.write_text(dump_keyring(make_keyring(("wrap", "blind"), at=utc_now())), encoding="utf-8")
    return Vault(database, Keyring.from_file(file), clock)


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
async def demo(database: Database, vault: Vault, clock: FixedClock, maker: Maker) -> AsyncIterator[Site]:
    await database.ensure_collections([IdempotencyDocument, SubjectKeyDocument, ThingDocument, NameDocument])
    route = post("/things", maker.make, access=customer(), status=201, single_commit=True)
    async with serving(route, clock=clock, idempotency=IdempotencyStore(database, vault)) as site:
        yield site


@pytest.fixture
async def other(database: Database, vault: Vault, clock: FixedClock, maker: Maker, demo: Site) -> AsyncIterator[Site]:
    """Another process, which shares nothing with the first but the database."""
    route = post("/things", maker.make, access=customer(), status=201, single_commit=True)
    async with serving(route, clock=clock, idempotency=IdempotencyStore(database, vault)) as site:
        yield site


async def sent(site: Site, key: str = "key 1", name: str = "x") -> Reply:
    headers = {"Idempotency-Key": key, **site.trust.headers(ADA)}
    return await site.post("/things", json={"name": name}, headers=headers)


async def things(database: Database) -> int:
    return await database.get_collection(ThingDocument).count_documents({})


async def test_a_repetition_has_no_effect_and_the_same_answer(demo: Site, maker: Maker, database: Database) -> None:
    first, again = await sent(demo), await sent(demo)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await things(database) == 1
    assert maker.asked[0] == maker.asked[1], "what is asked of others is the same operation"


async def test_a_repetition_that_fails_now_has_the_answer_of_then(demo: Site, maker: Maker) -> None:
    first = await sent(demo)
    maker.faults = [UnavailableError()]
    again = await sent(demo)
    assert (again.status, again.body) == (201, first.body)


async def test_the_record_is_complete_from_the_start(demo: Site, database: Database, planter: RawWriter) -> None:
    await sent(demo)
    [row] = await planter.read_raw(database, "idempotency")
    assert row["status"] == 201
    assert row["reply"]


async def test_b4_11_a_hundred_at_once_have_one_effect(
    demo: Site, other: Site, maker: Maker, database: Database
) -> None:
    maker.wait = 0.02
    replies = await asyncio.gather(*(sent(site) for _ in range(50) for site in (demo, other)))
    assert {reply.status for reply in replies} <= {201, 409}
    assert {reply.code for reply in replies if reply.status == 409} <= {"idempotency.request.in_progress"}
    assert len({reply.body for reply in replies if reply.status == 201}) == 1
    assert await things(database) == 1


async def test_two_processes_with_one_key_answer_the_same(demo: Site, other: Site, maker: Maker) -> None:
    maker.wait = 0.2
    one, two = await asyncio.gather(sent(demo), sent(other))
    assert (one.status, two.status, one.body) == (201, 201, two.body)
    assert len(maker.asked) == 2, "neither waits for the other, and one of them is stored"


async def test_a_key_is_good_for_one_request(demo: Site, database: Database) -> None:
    await sent(demo)
    reply = await sent(demo, name="y")
    assert (reply.status, reply.code, await things(database)) == (422, "idempotency.key.reused", 1)


async def test_a_refused_write_undoes_all_and_is_the_answer_to_its_key(demo: Site, database: Database) -> None:
    await sent(demo)
    refused, again = await sent(demo, "key 2"), await sent(demo, "key 2")
    assert [(each.status, each.code) for each in (refused, again)] == [(409, "demo.name.taken")] * 2
    assert await things(database) == 1


async def test_a_failure_stores_nothing_and_a_retry_runs_again(demo: Site, maker: Maker, database: Database) -> None:
    maker.faults = [UnavailableError()]
    assert (await sent(demo)).status == 503
    assert await database.get_collection(IdempotencyDocument).count_documents({}) == 0
    assert ((await sent(demo)).status, await things(database)) == (201, 1)
    assert maker.asked[0] == maker.asked[1], "what is asked of others is the same operation"


async def test_a_key_is_forgotten_after_a_day(demo: Site, database: Database, clock: FixedClock) -> None:
    assert (await sent(demo)).status == 201
    clock.advance(IDEMPOTENCY_TTL)
    headers = {"Idempotency-Key": "key 1", **demo.trust.headers(ADA, at=clock())}
    assert (await demo.post("/things", json={"name": "y"}, headers=headers)).status == 201
    assert await things(database) == 2


async def test_C31_an_account_that_is_erased_meanwhile_leaves_nothing(
    demo: Site, maker: Maker, database: Database, vault: Vault, planter: RawWriter
) -> None:
    await sent(demo)
    maker.wait = 0.3
    storing = asyncio.create_task(sent(demo, "key 2", "y"))
    await asyncio.sleep(0.1)
    for document in (IdempotencyDocument, ThingDocument, NameDocument):
        await database.get_collection(document).delete_many({})
    await vault.destroy_key(ADA.id)
    assert (await storing).status == 401
    for collection in ("idempotency", "things", "names", "subject_keys"):
        assert await planter.read_raw(database, collection) == [], collection
