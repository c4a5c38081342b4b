"""Killed before and after each step, both sagas end as ever; a step that is taken twice does nothing more."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Literal, TypeVar

import aiohttp
import pytest

from services.identity.app import compose
from services.identity.domain.requests import OTHERS, SERVICES
from services.identity.store import Account, Erasure, ExportChunk, Exports
from shared.chassis import listening
from shared.chassis.run import application
from shared.contracts import identity_v1
from shared.mongo import Database
from tests.integration.identity.house import House, Person
from tests.integration.identity.others import Others, receipt
from tests.support.neighbours import until

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

    async def transact(self, work: Callable[[], Awaitable[T]]) -> T:
        if self._transactions.session is not None:  # a part of one that has begun
            return await self._real.transact(work)
        if self.died:  # what was under way at that moment ends as well
            raise KilledError
        self._left -= 1
        is_last = self._left == 0
        if is_last and self._when == "before":
            self._die()
        result = await self._real.transact(work)
        if is_last:
            self._die()
        return result

    def _die(self) -> None:
        self.died = True
        raise KilledError


@asynccontextmanager
async def doomed(house: House, at: int, when: When) -> AsyncIterator[tuple[House, Dying]]:
    """Yield the service once more, on the same database, as a process that will die."""
    dying = Dying(house.chassis.db, at, when)
    chassis = replace(house.chassis, db=dying)
    parts = compose(chassis, house.settings)
    assert parts.trust is not None
    try:
        async with listening(application(chassis, parts, trust=parts.trust), "127.0.0.1", 0) as url:
            yield replace(house, chassis=chassis, parts=parts, url=url), dying
    finally:
        if parts.close is not None:
            parts.close()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(1, 6))
async def test_C31_an_erasure_survives_a_death_before_and_after_each_receipt(
    identity: House, step: int, when: When
) -> None:
    ada = await identity.member()
    asked = await identity.call("POST", "/v1/identity/erasures", {"password": ada.password}, by=ada, once=True)
    erasure_id = asked.body["erasure_id"]
    async with doomed(identity, step, when) as (victim, dying):
        with suppress(KilledError):
            for service in OTHERS:
                await victim.hear(receipt(erasure_id), of=service)
    assert dying.died
    # The broker delivers again whatever was not settled, and more than that.
    for service in (*OTHERS, *OTHERS):
        await identity.hear(receipt(erasure_id), of=service)
    told = (await identity.call("GET", f"/v1/identity/erasures/{erasure_id}")).body
    assert (told["state"], {one["state"] for one in told["receipts"]}) == ("done", {"done"})
    assert len(await identity.facts(identity_v1.AccountErased, about=ada.account_id)) == 1
    assert await identity.chassis.db.collection(Account).get(ada.account_id) is None


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(1, 4))
async def test_C31_a_death_while_it_begins_leaves_all_or_nothing(identity: House, step: int, when: When) -> None:
    ada = await identity.member()
    async with doomed(identity, step, when) as (victim, _):
        with suppress(aiohttp.ClientError):
            await victim.call("POST", "/v1/identity/erasures", {"password": ada.password}, by=ada, once=True)
    begun = await identity.chassis.db.collection(Erasure).count({"account_id": ada.account_id})
    asked = len(await identity.facts(identity_v1.ErasureRequested, about=ada.account_id))
    told = [one.kind for one in await identity.letters_to(ada.email)].count("identity.erasure_begun")
    body = {"email": ada.email, "password": ada.password}
    is_closed = (await identity.call("POST", "/v1/identity/sessions", body)).status == 401
    assert (begun, asked, told, is_closed) in {(0, 0, 0, False), (1, 1, 1, True)}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", [1, 2, 6, 7])
async def test_C26_an_export_survives_a_death_before_and_after_each_page(
    identity: House, around: Others, step: int, when: When
) -> None:
    around.pages["sync"] = [[("a.bin", b"a")], [("b.bin", b"b")]]
    ada = await identity.member()
    asked = await identity.call("POST", "/v1/identity/exports", by=ada, once=True)
    path = f"/v1/identity/exports/{asked.body['export_id']}"
    async with doomed(identity, step, when) as (victim, dying):

        async def died() -> bool:
            return dying.died

        async with victim.working("collect-exports"):
            await until(died)
    assert await is_ready(identity, ada, path)
    chunks = await identity.chassis.db.collection(ExportChunk).list({"export_id": asked.body["export_id"]})
    paths = [chunk.path for chunk in chunks if ".sync." in chunk.id]
    assert sorted(paths) == ["a.bin", "b.bin"]
    assert {chunk.id.split(".")[1] for chunk in chunks} == set(SERVICES)
    letters = [one.kind for one in await identity.letters_to(ada.email)]
    assert letters.count("identity.export_ready") == 1


async def is_ready(house: House, ada: Person, path: str) -> bool:
    async def ready() -> bool:
        return bool((await house.call("GET", path, by=ada)).body["state"] == "ready")

    async with house.working("collect-exports"):
        return bool(await until(ready))


async def test_C26_of_two_processes_with_the_same_page_one_keeps_it(identity: House) -> None:
    ada = await identity.member()
    asked = await identity.call("POST", "/v1/identity/exports", by=ada, once=True)
    exports = Exports(identity.chassis.db, identity.chassis.vault)
    part = next(one for one in await exports.parts(asked.body["export_id"]) if one.service == "sync")
    assert [await exports.advance(part, "1", 1) for _ in range(2)] == [True, False]
