"""The data of an account: exported and erased (C26, C31)."""

import json

from shared.contracts import common_v1, identity_v1
from shared.ids import new_id
from shared.mongo import Database
from shared.policy import Purpose
from shared.web import Principal
from tests.integration.newsletter.subscribers import Subscribers, address, parse_one_click
from tests.support import RawWriter
from tests.support.fake_services import FakeServices, Mailbox, until
from tests.support.running import person

COLLECTIONS = (
    "opt_in_requests",
    "subscriptions",
    "suppressions",
    "deliveries",
    "mail_queue",
    "subject_keys",
    "idempotency",
)


def new_person() -> Principal:
    return person("customer", number=new_id("n").removeprefix("n_"))


async def erased(fake_services: FakeServices, account_id: str) -> common_v1.ErasureCompleted:
    erasure_id = new_id("era")
    await fake_services.publish_event(identity_v1.ErasureRequested(erasure_id=erasure_id, account_id=account_id))

    async def look() -> common_v1.ErasureCompleted | None:
        receipts = fake_services.received_events("newsletter.erasure.completed.v1", common_v1.ErasureCompleted)
        return next((each for each in receipts if each.erasure_id == erasure_id), None)

    found = await until(look)
    assert found is not None
    return found


async def exported(fake_services: FakeServices, account_id: str) -> dict[str, str]:
    files: dict[str, str] = {}
    cursor = ""
    while True:
        request = common_v1.ExportPageRequest(export_id="exp_1", account_id=account_id, cursor=cursor)
        reply = common_v1.ExportPageReply
        page = await fake_services.call_rpc("newsletter.export.page", request, reply, purpose=Purpose.EXPORT)
        for item in page.items:
            files[item.path] = files.get(item.path, "") + item.content.decode()
        if not (cursor := page.next_cursor):
            return files


async def test_C26_the_export_has_subscriptions_evidence_and_deliveries(
    readers: Subscribers, fake_services: FakeServices
) -> None:
    ada, email = new_person(), address()
    lists = [await readers.a_list(name) for name in ("Kept", "Left", "Asked")]
    await readers.join(lists[0], email, by=ada)
    await readers.join(lists[1], email, by=ada)
    await readers.campaign(lists[1], "To leave")
    await readers.one_click(parse_one_click(await readers.mail_about(email, "To leave")))
    await readers.request_and_read_mail(lists[2], other := address(), by=ada)
    files = await exported(fake_services, ada.id)
    held = json.loads(files["data.json"])
    [subscription], [ended] = held["subscriptions"], held["unsubscribed"]
    assert (subscription["list"], subscription["email"]) == ("Kept", email)
    assert "Kept" in subscription["consent"]["text"]
    assert (ended["list"], ended["method"]) == ("Left", "one_click")
    assert other not in str(files)  # whoever typed an address need not own it
    [letter] = [json.loads(line) for line in files["deliveries.jsonl"].splitlines()]
    assert (letter["subscription_id"], letter["state"]) == (ended["subscription_id"], "accepted")


async def test_C26_an_account_without_data_gets_an_empty_export(
    fake_services: FakeServices, readers: Subscribers
) -> None:
    files = await exported(fake_services, new_id("acc"))
    assert json.loads(files["data.json"]) == {"subscriptions": [], "unsubscribed": []}


async def test_C31_an_erasure_leaves_a_keyed_hash_and_says_so(
    readers: Subscribers, fake_services: FakeServices, stored: Database, planter: RawWriter
) -> None:
    ada, email = new_person(), address()
    list_id = await readers.a_list()
    subscription_id = await readers.join(list_id, email, by=ada)
    await readers.campaign(list_id)
    [row] = [each for each in await planter.read_raw(stored, "subscriptions") if each["_id"] == subscription_id]
    receipt = await erased(fake_services, ada.id)
    assert {name: receipt.erased_counts[name] for name in ("subscriptions", "deliveries")} == {
        "subscriptions": 1,
        "deliveries": 1,
    }
    for collection in COLLECTIONS:
        held = str(await planter.read_raw(stored, collection))
        assert ada.id not in held
        assert row["subscriber_id"] not in held
    [kept] = receipt.retained_items
    assert "keyed hash" in kept.description
    assert kept.retained_until.ToDatetime() > receipt.completed_at.ToDatetime()
    assert (await readers.campaign(list_id))["accepted"] == 0


async def test_C31_an_erasure_while_a_campaign_is_under_way_stops_its_letter_and_not_the_campaign(
    readers: Subscribers, fake_services: FakeServices, mailbox: Mailbox
) -> None:
    ada, email = new_person(), address()
    list_id = await readers.a_list()
    await readers.join(list_id, email, by=ada)
    await readers.join(list_id, other := address())
    mailbox.later.add(email)
    path = await readers.create_campaign(list_id, subject := new_id("Under way"))
    await readers.start_campaign(path)
    await readers.mail_about(other, subject)
    await erased(fake_services, ada.id)
    mailbox.later.discard(email)
    assert (await readers.send_campaign(path))["accepted"] == 1
    assert subject not in [mail["Subject"] for mail in mailbox.mails_to(email)]


async def test_C31_the_address_can_subscribe_again_without_earlier_data(
    readers: Subscribers, fake_services: FakeServices
) -> None:
    ada, email, list_id = new_person(), address(), await readers.a_list()
    await readers.join(list_id, email, by=ada)
    await erased(fake_services, ada.id)
    again = new_person()
    await readers.join(list_id, email, by=again)
    held = json.loads((await exported(fake_services, again.id))["data.json"])
    assert (len(held["subscriptions"]), held["unsubscribed"]) == (1, [])
    assert (await readers.campaign(list_id))["accepted"] == 1


async def test_C31_erasing_one_account_touches_no_other(readers: Subscribers, fake_services: FakeServices) -> None:
    ada, bob, list_id = new_person(), new_person(), await readers.a_list()
    await readers.join(list_id, address(), by=ada)
    await readers.join(list_id, address(), by=bob)
    await readers.join(list_id, address())
    receipt = await erased(fake_services, ada.id)
    assert receipt.erased_counts["subscriptions"] == 1
    assert (await readers.campaign(list_id))["accepted"] == 2


async def test_C31_an_account_without_anything_gets_a_receipt_too(
    fake_services: FakeServices, readers: Subscribers
) -> None:
    receipt = await erased(fake_services, new_id("acc"))
    assert (dict(receipt.erased_counts), list(receipt.retained_items)) == ({}, [])
