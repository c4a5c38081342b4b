"""Who has seen my data: told by every service, shown to its owner alone, gone with the account (C06, C21, C31)."""

import json
from datetime import timedelta

from shared.clock import utc_now
from shared.contracts import common_v1, identity_v1
from shared.ids import new_id
from shared.mongo import Database
from shared.policy import Purpose
from tests.support import RawWriter
from tests.support.fake_services import FakeServices, until
from tests.support.running import Running, person

MINE = "/v1/disclosure/ledger/mine"


def shown(account_id: str, entry_id: str = "", *, ago: float = 0) -> common_v1.PersonalDataAccessed:
    fact = common_v1.PersonalDataAccessed(
        entry_id=entry_id or new_id("led"),
        account_id=account_id,
        recipient_kind="staff",
        recipient_id="acc_of_support",
        fields=["identity.accounts.email"],
        purpose="support",
        basis="request req_1",
    )
    fact.accessed_at.FromDatetime(utc_now() - timedelta(seconds=ago))
    return fact


def refused(account_id: str) -> common_v1.PurposeDenied:
    fact = common_v1.PurposeDenied(
        account_id=account_id,
        recipient_kind="service",
        recipient_id="newsletter",
        fields=["identity.accounts.email"],
        purpose="newsletter",
    )
    fact.denied_at.FromDatetime(utc_now())
    return fact


async def entries(service: Running, account_id: str, query: str = "") -> list[str]:
    mine = await service.call("GET", f"{MINE}{query}", by=person("customer", number=account_id[4:]))
    return [each["entry_id"] for each in mine.body["items"]]


async def has(service: Running, account_id: str, count: int) -> None:
    async def look() -> bool:
        return len(await entries(service, account_id)) >= count

    await until(look)


async def test_what_any_service_shows_stands_in_its_owners_ledger_newest_first(
    service: Running, fake_services: FakeServices
) -> None:
    account_id = new_id("acc")
    older, newer = shown(account_id, ago=60), shown(account_id)
    await fake_services.publish_event(newer, by="sync")
    await fake_services.publish_event(older, by="identity")
    await has(service, account_id, 2)
    assert await entries(service, account_id) == [newer.entry_id, older.entry_id]


async def test_nobody_sees_the_ledger_of_another(service: Running, fake_services: FakeServices) -> None:
    account_id = new_id("acc")
    await fake_services.publish_event(shown(account_id))
    await has(service, account_id, 1)
    assert await entries(service, new_id("acc")) == []
    assert (await service.call("GET", MINE)).status == 401
    assert (await service.call("GET", MINE, by=person("staff", "admin"))).status == 403


async def test_a_fact_that_comes_twice_is_one_entry(service: Running, fake_services: FakeServices) -> None:
    account_id, message_id = new_id("acc"), new_id("evt")
    fact = shown(account_id)
    await fake_services.publish_event(fact, message_id=message_id)
    await fake_services.publish_event(fact, message_id=message_id)
    await fake_services.publish_event(fact)  # again, as from a dead-letter queue after the inbox has expired
    await fake_services.publish_event(last := shown(account_id))
    await has(service, account_id, 2)
    assert sorted(await entries(service, account_id)) == sorted([fact.entry_id, last.entry_id])


async def test_the_ledger_is_read_page_by_page(service: Running, fake_services: FakeServices) -> None:
    account_id = new_id("acc")
    at_once = [shown(account_id, ago=30) for _ in range(5)]
    for fact in at_once:
        fact.accessed_at.CopyFrom(at_once[0].accessed_at)
        await fake_services.publish_event(fact)
    await has(service, account_id, 5)
    owner = person("customer", number=account_id[4:])
    seen: list[str] = []
    path, more = f"{MINE}?limit=2", True
    while more:
        page = (await service.call("GET", path, by=owner)).body
        seen += [each["entry_id"] for each in page["items"]]
        path, more = f"{MINE}?limit=2&cursor={page['next_cursor']}", page["next_cursor"] is not None
    assert sorted(seen) == sorted(fact.entry_id for fact in at_once)


async def test_C06_a_refused_read_is_recorded(
    service: Running, fake_services: FakeServices, stored: Database, planter: RawWriter
) -> None:
    account_id = new_id("acc")
    await fake_services.publish_event(refused(account_id))

    async def recorded() -> bool:
        return any(row["account_id"] == account_id for row in await planter.read_raw(stored, "denied_accesses"))

    await until(recorded)
    assert await entries(service, account_id) == []


async def test_C31_an_erasure_empties_the_ledger_and_late_news_is_dropped(
    service: Running, fake_services: FakeServices, stored: Database, planter: RawWriter
) -> None:
    account_id, other = new_id("acc"), new_id("acc")
    await fake_services.publish_event(shown(account_id))
    await fake_services.publish_event(refused(account_id))
    await has(service, account_id, 1)
    receipt = await erased(fake_services, account_id)
    assert receipt.erased_counts["access_entries"] == 1
    assert not receipt.retained_items
    await fake_services.publish_event(shown(account_id))
    await fake_services.publish_event(shown(other))
    await has(service, other, 1)
    for collection in ("access_entries", "denied_accesses", "idempotency", "subject_keys", "ledger_accounts"):
        assert account_id not in str(await planter.read_raw(stored, collection))


async def test_C31_notices_stay_as_proof_and_the_receipt_says_so(
    service: Running, fake_services: FakeServices, stored: Database, planter: RawWriter
) -> None:
    account_id = new_id("acc")
    notice = {"case_id": "dis_x", "account_id": account_id, "state": "relayed", "attempts": 0}
    await planter.write_raw(stored, "notices", {"_id": f"dis_x:{account_id}", **notice, "completed_at": utc_now()})
    [kept] = (await erased(fake_services, account_id)).retained_items
    assert "1 notices" in kept.description
    assert "proof" in kept.reason
    assert kept.retained_until.ToDatetime().year >= utc_now().year + 6
    assert any(row["account_id"] == account_id for row in await planter.read_raw(stored, "notices"))


async def erased(fake_services: FakeServices, account_id: str) -> common_v1.ErasureCompleted:
    fact = identity_v1.ErasureRequested(erasure_id=new_id("era"), account_id=account_id)
    await fake_services.publish_event(fact)

    async def receipt() -> common_v1.ErasureCompleted | None:
        told = fake_services.received_events("disclosure.erasure.completed.v1", common_v1.ErasureCompleted)
        return next((each for each in told if each.erasure_id == fact.erasure_id), None)

    found = await until(receipt)
    assert found is not None
    return found


async def test_C26_an_export_hands_over_every_entry_in_pages_below_a_mebibyte(
    service: Running, fake_services: FakeServices, stored: Database, planter: RawWriter
) -> None:
    account_id = new_id("acc")
    row = {
        "account_id": account_id,
        "recipient_kind": "staff",
        "recipient_id": "acc_x",
        "fields": ["identity.accounts.email"],
        "purpose": "support",
        "basis": "b" * 200,
        "accessed_at": utc_now(),
        "salt": b"s" * 16,
    }
    for number in range(201):
        await planter.write_raw(stored, "access_entries", {"_id": f"led_{account_id}_{number:04}", **row})
    await fake_services.publish_event(refused(account_id))
    files = await exported(fake_services, account_id)
    assert all(len(content) < 1_048_576 for content in files.values())
    assert list(files) == [
        "access_entries.json",
        "access_entries-2.json",
        "access_entries-3.json",
        "denied_accesses.json",
        "notices.json",
    ]
    ids = {
        each["entry_id"]
        for path, content in files.items()
        if path.startswith("access_entries")
        for each in json.loads(content)["access_entries"]
    }
    assert len(ids) == 201


async def exported(fake_services: FakeServices, account_id: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    cursor, more = "", True
    while more:
        page = await fake_services.call_rpc(
            "disclosure.export.page",
            common_v1.ExportPageRequest(export_id="exp_1", account_id=account_id, cursor=cursor),
            common_v1.ExportPageReply,
            purpose=Purpose.EXPORT,
        )
        for item in page.items:
            files[item.path] = files.get(item.path, b"") + item.content
        cursor, more = page.next_cursor, bool(page.next_cursor)
    return files
