"""With an Idempotency-Key a request has its effect once, over the real database, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from shared.clock import utc_now
from shared.crypto import Keyring, SubjectKeyDocument, Vault, make_keyring
from shared.crypto.keyring import dump_keyring
from shared.errors import (
    ConflictError,
    InvalidInputError,
    MalformedError,
    NotFoundError,
    ServiceError,
    TooManyRequestsError,
    UnavailableError,
)
from shared.mongo import Database
from shared.web import (
    PUBLIC,
    IdempotencyDocument,
    IdempotencyStore,
    JsonBody,
    Principal,
    RequestContext,
    View,
    customer,
    post,
)
from shared.web.idempotency import CLAIM_TTL, IDEMPOTENCY_TTL
from tests.support import FixedClock, RawWriter
from tests.support.http import Reply, Site, a_customer, serving

ADA, GRACE = a_customer("acc_ada"), a_customer("acc_grace")


class Wanted(JsonBody):
    name: str = "x"
    count: int = 1


class Made(View):
    name: str
    number: int


class TakenError(ConflictError):
    """That name is taken."""

    code = "demo.taken"


@dataclass(slots=True)
class Maker:
    """Counts its effects; fails, waits or is erased as a test says."""

    made: list[str] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    wait: float = 0.0

    async def make(self, call: RequestContext, body: Wanted) -> Made:
        """Make a thing."""
        self.operations.append(call.idempotency_key)
        await asyncio.sleep(self.wait)
        if self.faults:
            raise self.faults.pop()
        self.made.append(body.name)
        return Made(name=body.name, number=len(self.made))

    async def reveal(self, call: RequestContext, body: Wanted) -> Made:
        """Make a secret and show it once."""
        return await self.make(call, body)

    async def give(self, call: RequestContext) -> None:
        """Do it, with nothing to say."""
        self.made.append("given")


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
    await database.ensure_collections([IdempotencyDocument, SubjectKeyDocument])
    routes = (
        post("/things", maker.make, access=customer(), status=201, idempotent=True),
        post("/others", maker.make, access=customer(), status=201, idempotent=True),
        post("/open", maker.make, access=PUBLIC, status=201, idempotent=True),
        post("/secrets", maker.reveal, access=customer(), status=201, idempotent=True, store_reply=False),
        post("/gifts", maker.give, access=customer(), idempotent=True),
    )
    async with serving(*routes, clock=clock, idempotency=IdempotencyStore(database, vault)) as site:
        yield site


async def sent(
    demo: Site, key: str = "key 1", name: str = "x", *, path: str = "/things", who: Principal | None = ADA
) -> Reply:
    headers = {"Idempotency-Key": key}
    if who is not None:
        headers |= demo.trust.headers(who)
    return await demo.post(path, json={"name": name}, headers=headers)


async def test_a_repetition_has_no_effect_and_the_same_answer(demo: Site, maker: Maker) -> None:
    first, again = await sent(demo), await sent(demo)
    assert (first.status, first.json) == (201, {"name": "x", "number": 1})
    assert (again.status, again.body, again.headers["Content-Type"]) == (201, first.body, first.headers["Content-Type"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert maker.made == ["x"]


async def test_a_hundred_at_once_have_one_effect(demo: Site, maker: Maker) -> None:
    maker.wait = 0.05
    replies = await asyncio.gather(*(sent(demo) for _ in range(100)))
    assert maker.made == ["x"]
    assert {reply.status for reply in replies} <= {201, 409}
    assert {reply.body for reply in replies if reply.status == 201} == {b'{"name":"x","number":1}'}
    assert {reply.code for reply in replies if reply.status == 409} <= {"idempotency.request.in_progress"}
    assert (await sent(demo)).json["number"] == 1


async def test_one_that_is_in_flight_says_when_to_come_back(demo: Site, maker: Maker) -> None:
    maker.wait = 0.3
    first = asyncio.create_task(sent(demo))
    await asyncio.sleep(0.1)
    reply = await sent(demo)
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (409, "idempotency.request.in_progress", "2")
    assert (await first).status == 201


async def test_a_key_is_good_for_one_request(demo: Site, maker: Maker) -> None:
    await sent(demo)
    for reply in (await sent(demo, name="y"), await sent(demo, path="/others")):
        assert (reply.status, reply.code) == (422, "idempotency.key.reused")
    assert maker.made == ["x"]


async def test_a_key_belongs_to_its_caller(demo: Site, maker: Maker) -> None:
    replies = [await sent(demo), await sent(demo, who=GRACE), await sent(demo, path="/open", who=None)]
    assert [reply.json["number"] for reply in replies] == [1, 2, 3]
    assert (await sent(demo, who=GRACE)).json["number"] == 2


async def test_without_a_key_nothing_is_done(demo: Site, maker: Maker) -> None:
    reply = await demo.post("/things", json={"name": "x"}, headers=demo.trust.headers(ADA))
    assert (reply.status, reply.code, maker.made) == (400, "idempotency.key.missing", [])


@pytest.mark.parametrize("key", ["k" * 256, "clé", "a\tb"])
async def test_a_key_that_is_none_is_refused(demo: Site, maker: Maker, key: str) -> None:
    assert (await sent(demo, key)).code == "http.request.malformed"
    assert maker.made == []


async def test_a_quoted_key_is_the_same_as_a_bare_one(demo: Site, maker: Maker) -> None:
    assert [(await sent(demo, key)).json["number"] for key in ("abc", '"abc"')] == [1, 1]


async def test_a_refusal_is_an_answer_and_is_kept(demo: Site, maker: Maker) -> None:
    maker.faults = [TakenError("Choose another.")]
    first, again = await sent(demo), await sent(demo)
    assert [(reply.status, reply.code, reply.json["detail"]) for reply in (first, again)] == [
        (409, "demo.taken", "Choose another.")
    ] * 2
    assert again.json["instance"] != first.json["instance"], "each occurrence is found in the logs by its own id"
    assert maker.made == []


@pytest.mark.parametrize(
    "raw",
    [
        b'{"count": 1, "name": "x"}',
        b'{ "name":"x",\n "count":1 }',
        b'{"name": "x"}',
        b'{"name": "\\u0078", "count": 1}',
    ],
    ids=["another order", "other blanks", "a default left out", "an escape"],
)
async def test_b4_12_the_same_request_in_other_bytes_is_the_same_request(demo: Site, maker: Maker, raw: bytes) -> None:
    headers = demo.trust.headers(ADA) | {"Idempotency-Key": "key 1", "Content-Type": "application/json"}
    first = await demo.post("/things", data=b'{"name":"x","count":1}', headers=headers)
    again = await demo.post("/things", data=raw, headers=headers)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert maker.made == ["x"]


@pytest.mark.parametrize(
    "fault", [NotFoundError(), InvalidInputError(), MalformedError()], ids=lambda fault: fault.code
)
async def test_a_request_without_an_effect_leaves_its_key_to_the_corrected_one(
    demo: Site, maker: Maker, fault: ServiceError
) -> None:
    maker.faults = [fault]
    assert (await sent(demo, name="wrong")).status == fault.status
    assert (await sent(demo, name="right")).status == 201


async def test_a_bad_body_does_not_use_up_the_key(demo: Site, maker: Maker) -> None:
    headers = demo.trust.headers(ADA) | {"Idempotency-Key": "key 1"}
    assert (await demo.post("/things", json={"name": 1}, headers=headers)).status == 422
    assert (await sent(demo)).status == 201


@pytest.mark.parametrize(
    ("fault", "status"), [(UnavailableError(), 503), (RuntimeError("broken"), 500), (TooManyRequestsError(), 429)]
)
async def test_a_failure_is_not_kept(demo: Site, maker: Maker, fault: Exception, status: int) -> None:
    maker.faults = [fault]
    assert [(await sent(demo)).status, (await sent(demo)).status] == [status, 201]
    assert maker.operations[0] == maker.operations[1] != ""


async def test_an_answer_of_nothing_is_repeated_too(demo: Site, maker: Maker) -> None:
    replies = [await sent(demo, path="/gifts"), await sent(demo, path="/gifts")]
    assert [(reply.status, reply.body) for reply in replies] == [(204, b"")] * 2
    assert maker.made == ["given"]


async def test_a_secret_is_shown_once_and_kept_nowhere(
    demo: Site, maker: Maker, database: Database, planter: RawWriter
) -> None:
    first, again = await sent(demo, path="/secrets"), await sent(demo, path="/secrets")
    assert (first.status, again.status, again.code) == (201, 409, "idempotency.reply.not_stored")
    [row] = await planter.read_raw(database, "idempotency")
    assert (row["status"], row["reply"]) == (201, b"")


async def test_the_refusal_of_a_secret_is_no_secret(demo: Site, maker: Maker) -> None:
    maker.faults = [TakenError()]
    assert [(await sent(demo, path="/secrets")).code for _ in range(2)] == ["demo.taken"] * 2


async def test_a_process_that_died_in_between_is_succeeded_after_its_claim(
    demo: Site, maker: Maker, database: Database, planter: RawWriter, clock: FixedClock
) -> None:
    await sent(demo)
    await database.get_collection(IdempotencyDocument).update_one(
        {}, {"$set": {"status": 0, "reply": b""}}
    )  # as it left it
    assert (await sent(demo)).code == "idempotency.request.in_progress"
    clock.advance(CLAIM_TTL)
    assert (await sent(demo)).status == 201
    assert len(maker.operations) == 2
    assert maker.operations[0] == maker.operations[1], "the handler sees that it is the same operation"


async def test_a_process_that_comes_back_from_the_dead_does_not_overwrite_its_successor(
    demo: Site, maker: Maker, database: Database, clock: FixedClock
) -> None:
    maker.wait = 0.4
    first = asyncio.create_task(sent(demo))
    await asyncio.sleep(0.1)
    clock.advance(CLAIM_TTL)
    maker.wait = 0.0
    second = await sent(demo)
    late = await first
    assert (await sent(demo)).body == second.body != late.body


async def test_a_key_is_forgotten_after_a_day(demo: Site, maker: Maker, clock: FixedClock) -> None:
    async def by_anybody(name: str) -> Any:
        return (await sent(demo, name=name, path="/open", who=None)).json.get("number")

    assert await by_anybody("x") == 1
    clock.advance(IDEMPOTENCY_TTL - timedelta(seconds=1))
    assert await by_anybody("x") == 1
    clock.advance(timedelta(seconds=1))
    assert await by_anybody("y") == 2


async def test_what_is_kept_shows_neither_key_nor_body_nor_answer(
    demo: Site, database: Database, planter: RawWriter
) -> None:
    await sent(demo, "key-ada-canary", "name-ada-canary")
    [row] = await planter.read_raw(database, "idempotency")
    assert "canary" not in str(row)
    assert b"canary" not in row["reply"]
    assert len(row["reply"]) > len(b'{"name":"name-ada-canary","number":1}')


async def test_an_answer_is_bound_to_its_row(demo: Site, database: Database) -> None:
    await sent(demo, "key 1", "one")
    await sent(demo, "key 2", "two")
    rows = database.get_collection(IdempotencyDocument)
    one, two = await rows.list({}, sort=["created_at"], limit=2)
    await rows.update_one({"_id": one.id}, {"$set": {"reply": two.reply}})
    await rows.update_one({"_id": two.id}, {"$set": {"reply": one.reply}})
    assert (await sent(demo, "key 1", "one")).status == 500, "no one gets the answer to another request"


async def test_C31_erasing_the_account_erases_its_answers_even_of_the_request_that_erases(
    demo: Site, maker: Maker, database: Database, vault: Vault, planter: RawWriter
) -> None:
    rows = database.get_collection(IdempotencyDocument)

    async def forget() -> None:
        await rows.delete_many({"owner": ADA.id})
        await vault.destroy_key(ADA.id)

    await sent(demo, "before")
    maker.wait = 0.3
    erasing = asyncio.create_task(sent(demo, "during"))
    await asyncio.sleep(0.1)
    await database.with_transaction(forget)
    assert (await erasing).status == 201
    assert await planter.read_raw(database, "idempotency") == []
    assert await planter.read_raw(database, "subject_keys") == []


async def test_the_answers_of_a_day_go_by_themselves(demo: Site, database: Database, planter: RawWriter) -> None:
    indexes = await planter.list_indexes(database, "idempotency")
    assert [each["expireAfterSeconds"] for each in indexes.values() if "expireAfterSeconds" in each] == [86_400]
