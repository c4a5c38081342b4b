"""The vault: each subject's data under a key of its own, read for its purposes, gone with the key."""

import asyncio
from contextvars import Context
from typing import Annotated, ClassVar

import pytest

from shared.crypto import (
    DecryptionError,
    KeyDestroyedError,
    Keyring,
    PurposeDeniedError,
    SubjectKeyDocument,
    Vault,
    build_associated_data,
)
from shared.crypto import key_cache as caching
from shared.crypto.key_cache import KeyCache
from shared.mongo import Database, Document
from shared.personal import UNTIL_ERASED, Category, Personal
from shared.policy import Purpose
from tests.support import FixedClock, RawWriter

PLACE = "accounts.email"


class Account(Document):
    collection: ClassVar[str] = "accounts"
    subject: ClassVar[str | None] = "id"

    email: Annotated[bytes, Personal(Category.CONTACT, {Purpose.ACCOUNT, Purpose.SECURITY}, UNTIL_ERASED)]
    shoe_size: int = 44


class BurstError(Exception):
    """Something that undoes a transaction."""


async def account(vault: Vault, name: str = "acc_1") -> Account:
    return Account(
        id=name, email=await vault.seal(name, build_associated_data(Account, "email"), b"ada@candor.example")
    )


async def test_each_subject_has_a_key_of_its_own(vault: Vault, database: Database) -> None:
    await vault.seal("acc_1", PLACE, b"x")
    await vault.seal("acc_1", "accounts.name", b"y")
    sealed = await vault.seal("acc_2", PLACE, b"x")
    assert await database.get_collection(SubjectKeyDocument).count_documents({}) == 2
    with pytest.raises(DecryptionError):
        await vault.open("acc_1", PLACE, sealed)


async def test_a_sealed_value_does_not_open_in_another_place(vault: Vault) -> None:
    sealed = await vault.seal("acc_1", PLACE, b"x")
    assert await vault.open("acc_1", PLACE, sealed) == b"x"
    with pytest.raises(DecryptionError):
        await vault.open("acc_1", "accounts.name", sealed)


async def test_two_processes_that_seal_first_at_once_agree_on_one_key(
    vault: Vault, database: Database, keyrings: tuple[Keyring, Keyring], clock: FixedClock
) -> None:
    vaults = [vault, *(Vault(database, keyrings[0], clock) for _ in range(5))]
    sealed = await asyncio.gather(*(one.seal("acc_1", PLACE, b"x") for one in vaults))
    assert [await vaults[-1].open("acc_1", PLACE, one) for one in sealed] == [b"x"] * 6


async def test_the_stored_key_is_wrapped(vault: Vault, database: Database, planter: RawWriter) -> None:
    await vault.seal("acc_1", PLACE, b"x")
    (row,) = await planter.read_raw(database, "subject_keys")
    assert vault._cache.get("acc_1") not in (None, row["wrapped"])


async def test_a_wrapped_key_does_not_serve_another_subject(
    vault: Vault, database: Database, planter: RawWriter
) -> None:
    """A person with a shell copies the key of an erased account's neighbour over."""
    await vault.seal("acc_1", PLACE, b"x")
    (row,) = await planter.read_raw(database, "subject_keys")
    await planter.write_raw(database, "subject_keys", {**row, "_id": "acc_2"})
    with pytest.raises(DecryptionError):
        await vault.seal("acc_2", PLACE, b"x")


async def test_C31_what_was_forgotten_can_never_be_read_again(vault: Vault) -> None:
    sealed = await vault.seal("acc_1", PLACE, b"x")
    assert await vault.destroy_key("acc_1")
    with pytest.raises(KeyDestroyedError):
        await vault.open("acc_1", PLACE, sealed)
    assert not await vault.destroy_key("acc_1")


async def test_C31_a_later_key_of_the_same_subject_does_not_open_what_was_forgotten(vault: Vault) -> None:
    sealed = await vault.seal("acc_1", PLACE, b"old")
    await vault.destroy_key("acc_1")
    await vault.seal("acc_1", PLACE, b"new")
    with pytest.raises(DecryptionError):
        await vault.open("acc_1", PLACE, sealed)


async def test_another_process_forgets_as_soon_as_its_cache_has_ended(
    vault: Vault,
    database: Database,
    keyrings: tuple[Keyring, Keyring],
    clock: FixedClock,
) -> None:
    other = Vault(database, keyrings[0], clock)
    sealed = await vault.seal("acc_1", PLACE, b"x")
    now = 1000.0
    other._cache = KeyCache(timer=lambda: now)
    assert await other.open("acc_1", PLACE, sealed) == b"x"
    await vault.destroy_key("acc_1")
    now += caching.KEY_CACHE_TTL.total_seconds() - 0.1
    assert await other.open("acc_1", PLACE, sealed) == b"x"
    now += 0.1
    with pytest.raises(KeyDestroyedError):
        await other.open("acc_1", PLACE, sealed)
    assert caching.KEY_CACHE_TTL.total_seconds() <= 30


async def test_a_key_of_an_undone_transaction_is_not_cached(vault: Vault, database: Database) -> None:
    """It would seal what no key can open again."""

    async def work() -> None:
        await vault.seal("acc_1", PLACE, b"lost")
        raise BurstError

    with pytest.raises(BurstError):
        await database.with_transaction(work)
    assert vault._cache.get("acc_1") is None
    sealed = await vault.seal("acc_1", PLACE, b"kept")
    vault._cache = KeyCache()
    assert await vault.open("acc_1", PLACE, sealed) == b"kept"


async def test_a_forgetting_that_is_undone_has_forgotten_nothing(vault: Vault, database: Database) -> None:
    sealed = await vault.seal("acc_1", PLACE, b"x")

    async def work() -> None:
        await vault.destroy_key("acc_1")
        raise BurstError

    with pytest.raises(BurstError):
        await database.with_transaction(work)
    assert await vault.open("acc_1", PLACE, sealed) == b"x"


async def test_a_key_that_was_read_before_a_forgetting_is_not_cached_after_it(vault: Vault, database: Database) -> None:
    sealed = await vault.seal("acc_1", PLACE, b"x")
    vault._cache.invalidate("acc_1")

    async def work() -> None:
        await vault.destroy_key("acc_1")
        # Another request of this process reads the key that is still there, and caches it.
        await asyncio.create_task(vault.open("acc_1", PLACE, sealed), context=Context())

    await database.with_transaction(work)
    with pytest.raises(KeyDestroyedError):
        await vault.open("acc_1", PLACE, sealed)


async def test_many_keys_are_read_at_once(vault: Vault) -> None:
    names = [f"acc_{number}" for number in range(20)]
    for name in names:
        await vault.seal(name, PLACE, b"x")
    vault._cache = KeyCache()
    await vault.prefetch_keys(names)
    assert all(vault._cache.get(name) for name in names)


async def test_C06_a_field_is_read_for_the_purposes_that_it_carries(vault: Vault) -> None:
    assert await vault.open_field(await account(vault), "email", Purpose.SECURITY) == "ada@candor.example"


async def test_C06_any_other_purpose_is_refused_and_recorded(
    database: Database, vault: Vault, keyrings: tuple[Keyring, Keyring], clock: FixedClock
) -> None:
    refused: list[tuple[str, Purpose]] = []

    async def record(place: str, purpose: Purpose) -> None:
        refused.append((place, purpose))

    recording = Vault(database, keyrings[0], clock, on_purpose_denied=record)
    row = await account(recording)
    for purpose in set(Purpose) - {Purpose.ACCOUNT, Purpose.SECURITY}:
        with pytest.raises(PurposeDeniedError) as refusal:
            await recording.open_field(row, "email", purpose)
        assert (refusal.value.code, refusal.value.status) == ("data.purpose.denied", 403)
    assert ("accounts.email", Purpose.STATISTICS) in refused
    assert len(refused) == len(Purpose) - 2


async def test_C06_a_field_that_declares_nothing_is_read_for_no_purpose(vault: Vault) -> None:
    with pytest.raises(PurposeDeniedError):
        await vault.open_field(await account(vault), "shoe_size", Purpose.ACCOUNT)


def test_a_blind_index_finds_equal_values_in_one_place_and_tells_nothing(vault: Vault) -> None:
    index = vault.blind_index(PLACE, "ada@candor.example")
    assert index == vault.blind_index(PLACE, "ada@candor.example")
    assert index != vault.blind_index("newsletter.email", "ada@candor.example")
    assert vault.blind_index("ab", "c") != vault.blind_index("a", "bc")
    assert "candor" not in index, "which no hexadecimal digits spell by chance"
