"""Argon2id in its pool: bounded, off the loop, the same time for an unknown account."""

import asyncio
from collections.abc import Iterator
from time import perf_counter, process_time

import pytest
from argon2 import PasswordHasher, extract_parameters

from services.identity.errors import PasswordHashingBusyError, PasswordNotAcceptableError
from services.identity.service.authentication.password_hasher import Argon2Parameters, Argon2PasswordHasher

RIGHT = "green tower in the morning"
ADDRESS = "ada@engines.example"


@pytest.fixture
def passwords() -> Iterator[Argon2PasswordHasher]:
    made = Argon2PasswordHasher(threads=1, max_waiting=2, parameters=Argon2Parameters())
    yield made
    made.close()


async def test_C24_a_password_is_stored_as_argon2id_with_its_parameters(passwords: Argon2PasswordHasher) -> None:
    stored = await passwords.hash_new(RIGHT, address=ADDRESS)
    found = extract_parameters(stored)
    assert stored.startswith("$argon2id$")
    assert (found.memory_cost, found.time_cost, found.parallelism) == (19 * 1024, 2, 1)
    assert (await passwords.verify(RIGHT, stored)).is_correct
    assert not (await passwords.verify(RIGHT + " ", stored)).is_correct


async def test_I21_the_only_way_in_asks_the_rules(passwords: Argon2PasswordHasher) -> None:
    with pytest.raises(PasswordNotAcceptableError) as refused:
        await passwords.hash_new("short", address=ADDRESS)
    assert [(field.field, field.code) for field in refused.value.fields] == [("password", "too_short")]


async def test_a_hash_with_older_parameters_is_right_and_outdated(passwords: Argon2PasswordHasher) -> None:
    verdict = await passwords.verify(RIGHT, PasswordHasher(1, 8 * 1024, 1).hash(RIGHT))
    assert (verdict.is_correct, verdict.needs_rehash) == (True, True)
    assert not (await passwords.verify(RIGHT, await passwords.rehash(RIGHT))).needs_rehash


@pytest.mark.parametrize("stored", ["", "plain text", "$2b$12$abcdefghijklmnopqrstuv"])
async def test_what_is_no_hash_matches_nothing(passwords: Argon2PasswordHasher, stored: str) -> None:
    assert not (await passwords.verify(RIGHT, stored)).is_correct


async def test_I14_nobodys_password_takes_as_long_and_is_never_right(passwords: Argon2PasswordHasher) -> None:
    stored = await passwords.hash_new(RIGHT, address=ADDRESS)

    async def best_of(hashed: str | None) -> float:
        # Of the processor, not of the clock: other processes have a share in that.
        seconds = []
        for _ in range(8):
            began = process_time()
            await passwords.verify("wrong", hashed)
            seconds.append(process_time() - began)
        return min(seconds)

    known, unknown = await best_of(stored), await best_of(None)
    assert 0.6 < known / unknown < 1.7
    assert not (await passwords.verify("", None)).is_correct


async def test_I17_beyond_the_bound_callers_are_told_to_wait(passwords: Argon2PasswordHasher) -> None:
    calls = [passwords.verify("wrong", None) for _ in range(20)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    busy = [outcome for outcome in outcomes if isinstance(outcome, PasswordHashingBusyError)]
    assert len(busy) == 17
    assert busy[0].retry_after == 1
    assert not (await passwords.verify("wrong", None)).is_correct


async def test_I17_hashing_does_not_hold_the_loop_up(passwords: Argon2PasswordHasher) -> None:
    working = asyncio.gather(*(passwords.verify("wrong", None) for _ in range(3)))
    gaps, last = [], perf_counter()
    while not working.done():
        await asyncio.sleep(0.001)
        gaps.append(perf_counter() - last)
        last = perf_counter()
    await working
    assert sorted(gaps)[len(gaps) // 2] < 0.02
