"""Who has seen my data: told by every service, shown to its owner alone, gone with the account (C06, C21, C31)."""

import json
from datetime import timedelta

from shared.clock import utc_now
from shared.contracts import common_v1, identity_v1
from shared.ids import new_id
from shared.mongo import Database
from shared.policy import Purpose
from tests.support import Planter
from tests.support.neighbours import Neighbours, until
from tests.support.running import Running, person

MINE = "/v1/disclosure/ledger/mine"


def shown(account_id: str, entry_id: str = "", *, ago: float = 0) -> common_v1.DataShown:
    fact = common_v1.DataShown(
        entry_id=entry_id or new_id("led"),
        account_id=account_id,
        reader_kind="staff",
        reader_id="acc_of_support",
        fields=["identity.accounts.email"],
        purpose="support",
        basis="request req_1",
    )
    fact.shown_at.FromDatetime(utc_now() - timedelta(seconds=ago))
    return fact


def refused(account_id: str) -> common_v1.PurposeRefused:
    fact = common_v1.PurposeRefused(
        account_id=account_id,
        reader_kind="service",
        reader_id="newsletter",
        fields=["identity.accounts.email"],
        purpose="newsletter",
    )
    fact.refused_at.FromDatetime(utc_now())
    return fact


async def entries(service: Running, account_id: str, query: str = "") -> list[str]:
    mine = await service.call("GET", f"{MINE}{query}", by=person("customer", number=account_id[4:]))
    return [each["entry_id"] for each in mine.body["items"]]


async def has(service: Running, account_id: str, count: int) -> None:
    async def look() -> bool:
        return len(await entries(service, account_id)) >= count

    await until(look)


async def test_what_any_service_shows_stands_in_its_owners_ledger_newest_first(
    service: Running, around: Neighbours
) -> None:
    account_id = new_id("acc")
    older, newer = shown(account_id, ago=60), shown(account_id)
    await around.tell(newer, by="sync")
    await around.tell(older, by="identity")
    await has(service, account_id, 2)
    assert await entries(service, account_id) == [newer.entry_id, older.entry_id]


async def test_nobody_sees_the_ledger_of_another(service: Running, around: Neighbours) -> None:
    account_id = new_id("acc")
    await around.tell(shown(account_id))
    await has(service, account_id, 1)
    assert await entries(service, new_id("acc")) == []
    assert (await service.call("GET", MINE)).status == 401
    assert (await service.call("GET", MINE, by=person("staff", "admin"))).status == 403


async def test_a_fact_that_comes_twice_is_one_entry(service: Running, around: Neighbours) -> None:
    account_id, message_id = new_id("acc"), new_id("evt")
    fact = shown(account_id)
    await around.tell(fact, message_id=message_id)
    await around.tell(fact, message_id=message_id)
    await around.tell(fact)  # told anew, as from a dead-letter queue after the inbox has forgotten
    await around.tell(last := shown(account_id))
    await has(service, account_id, 2)
    assert sorted(await entries(service, account_id)) == sorted([fact.entry_id, last.entry_id])


async def test_the_ledger_is_read_page_by_page(service: Running, around: Neighbours) -> None:
    account_id = new_id("acc")
    at_once = [shown(account_id, ago=30) for _ in range(5)]
    for fact in at_once:
        fact.shown_at.CopyFrom(at_once[0].shown_at)
        await around.tell(fact)
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
    service: Running, around: Neighbours, stored: Database, planter: Planter
) -> None:
    account_id = new_id("acc")
    await around.tell(refused(account_id))

    async def recorded() -> bool:
        return any(row["account_id"] == account_id for row in await planter.raw(stored, "refusals"))

    await until(recorded)
    assert await entries(service, account_id) == []


async def test_C31_an_erasure_empties_the_ledger_and_late_news_is_dropped(
    service: Running, around: Neighbours, stored: Database, planter: Planter
) -> None:
    account_id, other = new_id("acc"), new_id("acc")
    await around.tell(shown(account_id))
    await around.tell(refused(account_id))
    await has(service, account_id, 1)
    receipt = await erased(around, account_id)
    assert receipt.erased["ledger"] == 1
    assert not receipt.kept
    await around.tell(shown(account_id))
    await around.tell(shown(other))
    await has(service, other, 1)
    for collection in ("ledger", "refusals", "idempotency", "subject_keys", "books"):
        assert account_id not in str(await planter.raw(stored, collection))


async def test_C31_notices_stay_as_proof_and_the_receipt_says_so(
    service: Running, around: Neighbours, stored: Database, planter: Planter
) -> None:
    account_id = new_id("acc")
    notice = {"case_id": "dis_x", "account_id": account_id, "state": "delivered", "attempts": 0}
    await planter.plant(stored, "notices", {"_id": f"dis_x:{account_id}", **notice, "settled_at": utc_now()})
    [kept] = (await erased(around, account_id)).kept
    assert "1 notices" in kept.what
    assert "proof" in kept.why
    assert kept.until.ToDatetime().year >= utc_now().year + 6
    assert any(row["account_id"] == account_id for row in await planter.raw(stored, "notices"))


async def erased(around: Neighbours, account_id: str) -> common_v1.ErasureCompleted:
    fact = identity_v1.ErasureRequested(erasure_id=new_id("era"), account_id=account_id)
    await around.tell(fact)

    async def receipt() -> common_v1.ErasureCompleted | None:
        told = around.told("disclosure.erasure.completed.v1", common_v1.ErasureCompleted)
        return next((each for each in told if each.erasure_id == fact.erasure_id), None)

    found = await until(receipt)
    assert found is not None
    return found


async def test_C26_an_export_hands_over_every_entry_in_pages_below_a_mebibyte(
    service: Running, around: Neighbours, stored: Database, planter: Planter
) -> None:
    account_id = new_id("acc")
    row = {
        "account_id": account_id,
        "reader_kind": "staff",
        "reader_id": "acc_x",
        "fields": ["identity.accounts.email"],
        "purpose": "support",
        "basis": "b" * 200,
        "shown_at": utc_now(),
    }
    for number in range(201):
        await planter.plant(stored, "ledger", {"_id": f"led_{account_id}_{number:04}", **row})
    await around.tell(refused(account_id))
    files = await exported(around, account_id)
    assert all(len(content) < 1_048_576 for content in files.values())
    assert list(files) == ["ledger.json", "ledger-2.json", "ledger-3.json", "refusals.json", "notices.json"]
    ids = {
        each["entry_id"]
        for path, content in files.items()
        if path.startswith("ledger")
        for each in json.loads(content)["ledger"]
    }
    assert len(ids) == 201


async def exported(around: Neighbours, account_id: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    cursor, more = "", True
    while more:
        page = await around.ask(
            "disclosure.export.page",
            common_v1.ExportPageRequest(export_id="exp_1", account_id=account_id, cursor=cursor),
            common_v1.ExportPageReply,
            purpose=Purpose.EXPORT,
        )
        for item in page.items:
            files[item.path] = files.get(item.path, b"") + item.content
        cursor, more = page.next_cursor, bool(page.next_cursor)
    return files
