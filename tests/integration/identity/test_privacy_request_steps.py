"""Killed before and after each step, both sagas end as ever; a step that is taken twice does nothing more."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Literal, TypeVar

import aiohttp
import pytest

from services.identity.app import compose
from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES, SERVICES
from services.identity.store import AccountDocument, ErasureRequestDocument, ExportChunkDocument, Exports
from shared.chassis import serve
from shared.chassis.run import build_service_app
from shared.contracts import identity_v1
from shared.mongo import Database
from tests.integration.identity.fake_services import FakePeers, receipt
from tests.integration.identity.harness import IdentityHarness, Person
from tests.support.fake_services import until

T = TypeVar("T")
When = Literal["before", "after"]


class KilledError(BaseException):
    """The process is gone: nothing in it may catch this."""


class Dying(Database):
    """The real database, under a process that dies at its *at*-th transaction, before or after the commit."""

    def __init__(self, real: Database, at: int, when: When) -> None:
        self.__dict__.update(real.__dict__)
        self._real, self._left, self._when = real, at, when
        self.died = False

    async def with_transaction(self, work: Callable[[], Awaitable[T]]) -> T:
        if self._transactions.session is not None:  # a part of one that has begun
            return await self._real.with_transaction(work)
        if self.died:  # what was under way at that moment ends as well
            raise KilledError
        self._left -= 1
        is_last = self._left == 0
        if is_last and self._when == "before":
            self._die()
        result = await self._real.with_transaction(work)
        if is_last:
            self._die()
        return result

    def _die(self) -> None:
        self.died = True
        raise KilledError


@asynccontextmanager
async def doomed(house: IdentityHarness, at: int, when: When) -> AsyncIterator[tuple[IdentityHarness, Dying]]:
    """Yield the service once more, on the same database, as a process that will die."""
    dying = Dying(house.chassis.db, at, when)
    chassis = replace(house.chassis, db=dying)
    parts = compose(chassis, house.settings)
    assert parts.token_trust is not None
    try:
        async with serve(build_service_app(chassis, parts, token_trust=parts.token_trust), "127.0.0.1", 0) as url:
            yield replace(house, chassis=chassis, parts=parts, url=url), dying
    finally:
        if parts.on_shutdown is not None:
            parts.on_shutdown()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(1, 6))
async def test_C31_an_erasure_survives_a_death_before_and_after_each_receipt(
    identity: IdentityHarness, step: int, when: When
) -> None:
    ada = await identity.member()
    asked = await identity.call("POST", "/v1/identity/erasures", {"password": ada.password}, by=ada, once=True)
    erasure_id = asked.body["erasure_id"]
    async with doomed(identity, step, when) as (victim, dying):
        with suppress(KilledError):
            for service in OTHER_SERVICES:
                await victim.record_events(receipt(erasure_id), of=service)
    assert dying.died
    # The broker delivers again whatever was not settled, and more than that.
    for service in (*OTHER_SERVICES, *OTHER_SERVICES):
        await identity.record_events(receipt(erasure_id), of=service)
    told = (await identity.call("GET", f"/v1/identity/erasures/{erasure_id}")).body
    assert (told["state"], {one["state"] for one in told["receipts"]}) == ("completed", {"completed"})
    assert len(await identity.events(identity_v1.AccountErased, about=ada.account_id)) == 1
    assert await identity.chassis.db.get_collection(AccountDocument).get(ada.account_id) is None


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(1, 4))
async def test_C31_a_death_while_it_begins_leaves_all_or_nothing(
    identity: IdentityHarness, step: int, when: When
) -> None:
    ada = await identity.member()
    async with doomed(identity, step, when) as (victim, _):
        with suppress(aiohttp.ClientError):
            await victim.call("POST", "/v1/identity/erasures", {"password": ada.password}, by=ada, once=True)
    begun = await identity.chassis.db.get_collection(ErasureRequestDocument).count_documents(
        {"account_id": ada.account_id}
    )
    asked = len(await identity.events(identity_v1.ErasureRequested, about=ada.account_id))
    told = [one.kind for one in await identity.emails_to(ada.email)].count("identity.erasure_started")
    body = {"email": ada.email, "password": ada.password}
    is_closed = (await identity.call("POST", "/v1/identity/sessions", body)).status == 401
    assert (begun, asked, told, is_closed) in {(0, 0, 0, False), (1, 1, 1, True)}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", [1, 2, 6, 7])
async def test_C26_an_export_survives_a_death_before_and_after_each_page(
    identity: IdentityHarness, around: FakePeers, step: int, when: When
) -> None:
    around.pages["sync"] = [[("a.bin", b"a")], [("b.bin", b"b")]]
    ada = await identity.member()
    asked = await identity.call("POST", "/v1/identity/exports", by=ada, once=True)
    path = f"/v1/identity/exports/{asked.body['export_id']}"
    async with doomed(identity, step, when) as (victim, dying):

        async def died() -> bool:
            return dying.died

        async with victim.run_workers("collect-exports"):
            await until(died)
    assert await is_ready(identity, ada, path)
    chunks = await identity.chassis.db.get_collection(ExportChunkDocument).list({"export_id": asked.body["export_id"]})
    exports = Exports(identity.chassis.db, identity.chassis.vault)
    export = await exports.get(asked.body["export_id"], ada.account_id)
    assert export is not None
    assert [path async for path, _ in exports.stream_chunks(export, "sync")] == ["a.bin", "b.bin"]
    assert not [chunk for chunk in chunks if b"a.bin" in chunk.path], "the name of a file is sealed, too"
    assert {chunk.id.split(".")[1] for chunk in chunks} == set(SERVICES)
    letters = [one.kind for one in await identity.emails_to(ada.email)]
    assert letters.count("identity.export_ready") == 1


async def is_ready(house: IdentityHarness, ada: Person, path: str) -> bool:
    async def ready() -> bool:
        return bool((await house.call("GET", path, by=ada)).body["state"] == "ready")

    async with house.run_workers("collect-exports"):
        return bool(await until(ready))


async def test_C26_of_two_processes_with_the_same_page_one_keeps_it(identity: IdentityHarness) -> None:
    ada = await identity.member()
    asked = await identity.call("POST", "/v1/identity/exports", by=ada, once=True)
    exports = Exports(identity.chassis.db, identity.chassis.vault)
    part = next(one for one in await exports.list_parts(asked.body["export_id"]) if one.service == "sync")
    assert [await exports.advance(part, "1", 1) for _ in range(2)] == [True, False]
