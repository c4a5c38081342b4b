"""The ledger's transparency log over the real database, and as anyone reads it from the running service."""

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.disclosure.domain import AccessEntry, build_leaf
from services.disclosure.errors import EntryNotFoundError, EntryNotLoggedError
from services.disclosure.promises import DisclosureProbes
from services.disclosure.service import LedgerLog, LedgerLogWriter
from services.disclosure.store import DOCUMENTS, AccessEntries, CaseNotices, Cases, LedgerLogStore, PartnerAgreements
from services.disclosure.store.access_entries import AccessEntryDocument
from services.disclosure.store.log import LogBatchDocument, LogHeadDocument
from shared.ids import new_id
from shared.mongo import Database
from shared.policy import PromiseState
from shared.tlog.notes import SignerKey, VerifierKey
from shared.tlog.proofs import InclusionProof
from shared.tlog.verifier import LogVerifier
from shared.tlog.writer import HeadMovedError, LogConflictError
from tests.integration.disclosure.test_ledger import MINE, has, shown
from tests.support import NOON, FixedClock
from tests.support.fake_services import FakeServices, until
from tests.support.running import Running, person

KEY = SignerKey("log.example/candor", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
LOG = "/v1/disclosure/log"


@pytest.fixture
async def store(database: Database) -> LedgerLogStore:
    await database.ensure_collections(DOCUMENTS)
    return LedgerLogStore(database)


def writer_of(store: LedgerLogStore, clock: FixedClock) -> LedgerLogWriter:
    """Return the writer of a process that has just started."""
    return LedgerLogWriter(store=store, key=KEY, checkpoint_interval=clock() - clock())


async def add_entries(database: Database, count: int, *, account_id: str = "acc_1") -> list[str]:
    entries = AccessEntries(database, lambda place, value: f"{place} {value}")
    ids = [new_id("led") for _ in range(count)]
    for entry_id in ids:
        await entries.add(
            AccessEntry(
                entry_id=entry_id,
                account_id=account_id,
                recipient_kind="staff",
                recipient_id="acc_2",
                fields=("identity.accounts.email",),
                purpose="support",
                basis="request req_1",
                accessed_at=NOON,
            )
        )
    return ids


async def verified_size(store: LedgerLogStore) -> int:
    log = LedgerLog(store=store, key=KEY.verifier_key)

    async def read(path: str) -> bytes:
        return await (log.read_checkpoint() if path == "checkpoint" else log.read_file(path))

    return (await LogVerifier(read, KEY.verifier_key).verify()).checkpoint.size


async def test_entries_are_logged_once_and_proven(database: Database, store: LedgerLogStore, clock: FixedClock) -> None:
    writer, log = writer_of(store, clock), LedgerLog(store=store, key=KEY.verifier_key)
    ids = await add_entries(database, 3)
    assert await writer.append_pending() == 3
    with pytest.raises(EntryNotLoggedError):
        await log.prove_entry("acc_1", ids[0], at=NOON)
    assert await writer.publish_due_checkpoint(at=NOON)
    for entry_id in ids:
        proof = InclusionProof.parse(bytes(await log.prove_entry("acc_1", entry_id, at=NOON)))
        salt, content = proof.extra[:16], proof.extra[16:].decode()
        assert json.loads(content)["entry_id"] == entry_id
        assert proof.verify(build_leaf(salt, content), KEY.verifier_key).size == 3
    assert await writer.append_pending() == 0
    assert await verified_size(store) == 3


async def test_a_new_process_goes_on_where_the_last_one_was_killed(
    database: Database, store: LedgerLogStore, clock: FixedClock
) -> None:
    for count in (2, 255, 1):
        await add_entries(database, count)
        writer = writer_of(store, clock)
        await writer.append_pending()
        await writer.publish_due_checkpoint(at=NOON)
    assert await verified_size(store) == 258


async def test_of_two_processes_one_appends(database: Database, store: LedgerLogStore, clock: FixedClock) -> None:
    one, other = writer_of(store, clock), writer_of(store, clock)
    await add_entries(database, 2)
    assert await one.append_pending() == 2
    await other.append_pending()
    await add_entries(database, 1)
    await one.append_pending()
    await add_entries(database, 1)
    with pytest.raises(HeadMovedError):
        await other.append_pending()
    assert await other.append_pending() == 1
    await other.publish_due_checkpoint(at=NOON)
    assert await verified_size(store) == 4


async def test_C31_an_erased_entry_leaves_a_number_that_says_nothing(
    database: Database, store: LedgerLogStore, clock: FixedClock
) -> None:
    writer, log = writer_of(store, clock), LedgerLog(store=store, key=KEY.verifier_key)
    (entry_id,) = await add_entries(database, 1)
    await writer.append_pending()
    await writer.publish_due_checkpoint(at=NOON)
    leaf_file = await log.read_file("tile/entries/000.p/1")
    assert b"acc_1" not in leaf_file
    await AccessEntries(database, lambda place, value: f"{place} {value}").erase("acc_1", at=NOON)
    with pytest.raises(EntryNotFoundError):
        await log.prove_entry("acc_1", entry_id, at=NOON)
    assert await verified_size(store) == 1
    assert await log.read_file("tile/entries/000.p/1") == leaf_file


async def test_the_proof_of_another_account_is_not_found(
    database: Database, store: LedgerLogStore, clock: FixedClock
) -> None:
    (entry_id,) = await add_entries(database, 1)
    writer = writer_of(store, clock)
    await writer.append_pending()
    await writer.publish_due_checkpoint(at=NOON)
    with pytest.raises(EntryNotFoundError):
        await LedgerLog(store=store, key=KEY.verifier_key).prove_entry("acc_2", entry_id, at=NOON)


async def test_a_database_of_yesterday_stays_down(database: Database, store: LedgerLogStore, clock: FixedClock) -> None:
    await add_entries(database, 2)
    writer = writer_of(store, clock)
    await writer.append_pending()
    await writer.publish_due_checkpoint(at=NOON)
    for document in (LogHeadDocument, LogBatchDocument):
        await database.get_collection(document).delete_many({})
    await add_entries(database, 1)
    with pytest.raises(LogConflictError, match="only 0"):
        await writer_of(store, clock).append_pending()


async def test_everyone_verifies_the_log_of_the_running_service(service: Running, fake_services: FakeServices) -> None:
    account_id, fact = new_id("acc"), shown("acc")
    fact.account_id = account_id
    await fake_services.publish_event(fact)
    await has(service, account_id, 1)
    mine = person("customer", number=account_id[4:])

    async def proven() -> bool:
        return (await service.call("GET", f"{MINE}/{fact.entry_id}/proof", by=mine)).status == 200

    await until(proven)
    said = (await service.call("GET", LOG)).body
    key = VerifierKey.parse(said["verifier_key"])
    assert said["url"].endswith(said["origin"])

    async def read(path: str) -> bytes:
        async with service.http.get(f"http://127.0.0.1:{service.port}{LOG}/{path}") as answer:
            assert answer.status == 200, path
            return await answer.read()

    verified = await LogVerifier(read, key).verify()
    assert verified.checkpoint.size >= 1


@pytest.mark.parametrize("path", ["checkpoints", "tile/0/0", "tile/0/999", "tile/0/000.p/300", "tile/%2e%2e/x"])
async def test_a_file_that_is_not_there_is_not_found(service: Running, path: str) -> None:
    assert (await service.call("GET", f"{LOG}/{path}")).status == 404


@pytest.fixture
def probes(database: Database, store: LedgerLogStore, clock: FixedClock) -> DisclosureProbes:
    return DisclosureProbes(
        cases=Cases(database),
        notices=CaseNotices(database),
        ledger=AccessEntries(database, lambda place, value: f"{place} {value}"),
        log=store,
        agreements=PartnerAgreements(database),
        clock=clock,
        deadline=timedelta(days=3),
        services=frozenset(),
    )


async def test_C16_an_entry_that_was_changed_after_it_was_logged_is_seen(
    database: Database, store: LedgerLogStore, clock: FixedClock, probes: DisclosureProbes
) -> None:
    await add_entries(database, 255)
    await writer_of(store, clock).append_pending()
    ids = await add_entries(database, 3)
    await writer_of(store, clock).append_pending()
    assert (await probes.disclosures_are_told_and_logged()).state is PromiseState.KEPT
    rows = database.get_collection(AccessEntryDocument)
    await rows.update_one({"_id": ids[0]}, {"$set": {"recipient_id": "acc_3"}})
    found = await probes.disclosures_are_told_and_logged()
    assert (found.state, ids[0] in found.evidence) == (PromiseState.BROKEN, True)


async def test_C16_an_entry_that_is_not_logged_in_time_is_seen(
    database: Database, clock: FixedClock, probes: DisclosureProbes
) -> None:
    await add_entries(database, 1)
    assert (await probes.disclosures_are_told_and_logged()).state is PromiseState.KEPT, "it may be logged any moment"
    clock.advance(timedelta(minutes=11))
    assert (await probes.disclosures_are_told_and_logged()).state is PromiseState.BROKEN
