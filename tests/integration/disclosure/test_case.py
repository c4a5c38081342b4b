"""A case from its opening to its close, over HTTP, the real broker and SMTP (C16, C21)."""

from typing import Any

from shared.clock import utc_now
from shared.contracts import disclosure_v1
from shared.ids import new_id
from shared.mongo import Database
from shared.policy import Purpose
from tests.support import RawWriter
from tests.support.fake_services import FakeServices, Mailbox, until
from tests.support.running import Running, person

CASES = "/v1/disclosure/cases"
OPENER, APPROVER = person("staff", "disclosure", number="1"), person("staff", "admin", number="2")


def new_account(fake_services: FakeServices) -> tuple[str, str]:
    account_id = new_id("acc")
    fake_services.addresses[account_id] = address = f"{account_id.removeprefix('acc_')}@customers.example"
    return account_id, address


def a_case(*account_ids: str) -> dict[str, object]:
    return {
        "ground": "law",
        "requester": "Superior Court, King County",
        "reference": "26-2-01234-5",
        "fields": ["identity.accounts.email"],
        "account_ids": account_ids,
    }


async def opened(service: Running, *account_ids: str) -> str:
    made = await service.call("POST", CASES, by=OPENER, body=a_case(*account_ids), key=new_id("key"))
    assert made.status == 201, made.body
    return f"{CASES}/{made.body['case_id']}"


async def approved(service: Running, path: str) -> None:
    said = await service.call("POST", f"{path}/approvals", by=APPROVER, key=new_id("key"))
    assert said.status == 200, said.body


async def closed(service: Running, path: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        view = (await service.call("GET", path, by=OPENER)).body
        return view if view["state"] == "closed" else None

    return await until(look) or {}


async def test_C16_everybody_affected_gets_one_mail_and_sees_it_in_the_ledger(
    service: Running, fake_services: FakeServices, mailbox: Mailbox
) -> None:
    (ada, ada_mail), (bob, bob_mail) = new_account(fake_services), new_account(fake_services)
    path = await opened(service, ada, bob, ada)
    await approved(service, path)
    view = await closed(service, path)
    assert view["affected_count"] == view["notices"]["relayed"] == 2
    for account_id, address in ((ada, ada_mail), (bob, bob_mail)):
        [mail] = mailbox.mails_to(address)
        assert mail["To"] == address
        assert "disclos" in mail["Subject"]
        assert view["case_id"] in mail.get_content()
        seen = await service.call("GET", "/v1/disclosure/ledger/mine", by=person("customer", number=account_id[4:]))
        [entry] = [each for each in seen.body["items"] if each["recipient_kind"] == "legal"]
        assert view["case_id"] in entry["basis"]
        assert entry["fields"] == ["identity.accounts.email"]


async def test_C16_identity_is_asked_for_this_purpose_and_this_case(
    service: Running, fake_services: FakeServices
) -> None:
    account_id, _ = new_account(fake_services)
    path = await opened(service, account_id)
    await approved(service, path)
    await closed(service, path)
    [asked] = [each for each in fake_services.resolved if each.account_id == account_id]
    assert asked.basis == f"case {path.rpartition('/')[2]}"
    assert set(fake_services.purposes) == {Purpose.LEGAL_DISCLOSURE}


async def test_C21_the_opener_cannot_approve_and_nothing_leaves_before(
    service: Running, fake_services: FakeServices, mailbox: Mailbox
) -> None:
    account_id, address = new_account(fake_services)
    path = await opened(service, account_id)
    refused = await service.call("POST", f"{path}/approvals", by=OPENER, key=new_id("key"))
    assert (refused.status, refused.body["code"]) == (409, "auth.second_person.required")
    assert (await service.call("GET", path, by=OPENER)).body["notices"]["pending"] == 1
    assert not mailbox.mails_to(address)


async def test_a_third_person_cannot_approve_what_is_approved(service: Running, fake_services: FakeServices) -> None:
    path = await opened(service, new_account(fake_services)[0])
    await approved(service, path)
    await approved(service, path)
    third = person("staff", "disclosure", number="3")
    refused = await service.call("POST", f"{path}/approvals", by=third, key=new_id("key"))
    assert (refused.status, refused.body["code"]) == (409, "disclosure.case.not_open")


async def test_C16_an_account_that_is_gone_is_proven_unreachable(service: Running, fake_services: FakeServices) -> None:
    path = await opened(service, new_id("acc"), new_account(fake_services)[0])
    await approved(service, path)
    view = await closed(service, path)
    assert view["notices"] == {"pending": 0, "sending": 0, "relayed": 1, "failed": 1}
    proofs = (await service.call("GET", f"{path}/notices", by=OPENER)).body["items"]
    assert {each["proof"] for each in proofs} == {"account_not_found", "relay_accepted"}
    assert all(each["completed_at"] for each in proofs)


async def test_C16_a_mailbox_that_refuses_is_proven_undeliverable(
    service: Running, fake_services: FakeServices, mailbox: Mailbox
) -> None:
    account_id, address = new_account(fake_services)
    mailbox.refused.add(address)
    path = await opened(service, account_id)
    await approved(service, path)
    assert (await closed(service, path))["notices"]["failed"] == 1


async def test_C16_a_letter_that_is_deferred_stays_under_way(
    service: Running, fake_services: FakeServices, mailbox: Mailbox, stored: Database, planter: RawWriter
) -> None:
    account_id, address = new_account(fake_services)
    mailbox.later.add(address)
    path = await opened(service, account_id)
    await approved(service, path)

    async def sending() -> bool:
        return bool((await service.call("GET", path, by=OPENER)).body["notices"]["sending"])

    await until(sending)
    [mail] = [row for row in await planter.read_raw(stored, "mail_queue") if row["kind"] == "disclosure.notice"]
    assert (mail["expires_at"] - mail["created_at"]).days == 30
    mailbox.later.discard(address)
    assert (await closed(service, path))["notices"]["relayed"] == 1


async def test_C16_while_identity_is_away_nothing_is_lost(
    service: Running, fake_services: FakeServices, mailbox: Mailbox, stored: Database, planter: RawWriter
) -> None:
    account_id, address = new_account(fake_services)
    fake_services.unavailable.add("*")
    path = await opened(service, account_id)
    await approved(service, path)

    async def postponed() -> bool:
        rows = await planter.read_raw(stored, "notices")
        return any(row["account_id"] == account_id and row["attempts"] for row in rows)

    await until(postponed)
    assert not mailbox.mails_to(address)
    fake_services.unavailable.clear()
    await closed(service, path)
    assert len(mailbox.mails_to(address)) == 1


async def test_C16_a_kill_in_the_middle_tells_everybody_once(
    service: Running, fake_services: FakeServices, mailbox: Mailbox, stored: Database, planter: RawWriter
) -> None:
    (told, told_mail), (heard, heard_mail), (waiting, waiting_mail) = (new_account(fake_services) for _ in range(3))
    before = await opened(service, told)
    await approved(service, before)
    await closed(service, before)
    mailbox.silent.add(heard_mail)
    fake_services.unavailable.add(waiting)
    path = await opened(service, heard, waiting)
    await approved(service, path)

    async def halfway() -> bool:
        return bool(mailbox.mails_to(heard_mail)) and waiting in fake_services.asked

    await until(halfway)
    await service.kill()
    mailbox.silent.clear()
    fake_services.unavailable.clear()
    # A mail that was being handed over is tried again when its claim ends, in five minutes; the test does not wait.
    await planter.client[stored.name]["mail_queue"].update_many(
        {"kind": "disclosure.notice"}, {"$set": {"due_at": utc_now()}}
    )
    await service.start()
    assert (await closed(service, path))["notices"]["relayed"] == 2
    assert len(mailbox.mails_to(told_mail)) == len(mailbox.mails_to(waiting_mail)) == 1
    # Taken before the kill and not known to be: it comes again as the same mail, which mailboxes know by its id.
    assert len({mail["Message-ID"] for mail in mailbox.mails_to(heard_mail)}) == 1


async def test_a_repeated_request_opens_one_case(service: Running, fake_services: FakeServices) -> None:
    body, key = a_case(new_account(fake_services)[0]), new_id("key")
    first = await service.call("POST", CASES, by=OPENER, body=body, key=key)
    again = await service.call("POST", CASES, by=OPENER, body=body, key=key)
    assert first.body == again.body
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_the_facts_of_a_case_are_told(service: Running, fake_services: FakeServices) -> None:
    path = await opened(service, new_account(fake_services)[0])
    await approved(service, path)
    case_id = (await closed(service, path))["case_id"]

    async def told() -> bool:
        return any(
            fact.case_id == case_id
            for fact in fake_services.received_events("disclosure.case.closed.v1", disclosure_v1.CaseClosed)
        )

    await until(told)
    settled = fake_services.received_events("disclosure.notice.completed.v1", disclosure_v1.NoticeCompleted)
    assert [fact.state for fact in settled if fact.case_id == case_id] == ["relayed"]


async def test_cases_are_listed_newest_first_page_by_page(service: Running, fake_services: FakeServices) -> None:
    made = [(await opened(service, new_account(fake_services)[0])).rpartition("/")[2] for _ in range(3)]
    first = (await service.call("GET", f"{CASES}?limit=2", by=OPENER)).body
    second = (await service.call("GET", f"{CASES}?limit=2&cursor={first['next_cursor']}", by=OPENER)).body
    assert [each["case_id"] for each in first["items"] + second["items"]][:3] == made[::-1]


async def test_R16_the_affected_can_neither_open_nor_decide(service: Running, fake_services: FakeServices) -> None:
    judge = person("staff", "disclosure", number=new_id("acc").removeprefix("acc_"))
    fake_services.addresses[judge.id] = "judge@customers.example"
    mine = await service.call("POST", CASES, by=judge, body=a_case(judge.id), key=new_id("key"))
    assert (mine.status, mine.body["code"]) == (409, "disclosure.case.person_affected")
    path = await opened(service, judge.id)
    for decision, body in (("approvals", None), ("refusals", {"reason": "not ours"})):
        said = await service.call("POST", f"{path}/{decision}", by=judge, body=body, key=new_id("key"))
        assert (said.status, said.body["code"]) == (409, "disclosure.case.person_affected")


async def test_a_case_is_refused_by_a_second_person_with_a_reason(
    service: Running, fake_services: FakeServices
) -> None:
    account_id, _ = new_account(fake_services)
    path, reason = await opened(service, account_id), {"reason": "the order names another company"}
    own = await service.call("POST", f"{path}/refusals", by=OPENER, body=reason, key=new_id("key"))
    assert (own.status, own.body["code"]) == (409, "auth.second_person.required")
    empty = await service.call("POST", f"{path}/refusals", by=APPROVER, body={"reason": ""}, key=new_id("key"))
    assert empty.status == 422
    refused = await service.call("POST", f"{path}/refusals", by=APPROVER, body=reason, key=new_id("key"))
    assert refused.body["state"] == "refused"
    assert (refused.body["end_reason"], refused.body["ended_by"]) == (reason["reason"], APPROVER.id)
    late = await service.call("POST", f"{path}/approvals", by=APPROVER, key=new_id("key"))
    assert (late.status, late.body["code"]) == (409, "disclosure.case.not_open")
    assert (await service.call("GET", f"{path}/notices", by=OPENER)).body["items"] == []


async def test_a_case_opened_in_error_is_withdrawn_by_its_opener(service: Running, fake_services: FakeServices) -> None:
    path, reason = await opened(service, new_account(fake_services)[0]), {"reason": "a mistyped account"}
    other = await service.call("POST", f"{path}/withdrawals", by=APPROVER, body=reason, key=new_id("key"))
    assert other.status == 409
    ended = await service.call("POST", f"{path}/withdrawals", by=OPENER, body=reason, key=new_id("key"))
    assert ended.body["state"] == "withdrawn"
    again = await service.call("POST", f"{path}/withdrawals", by=OPENER, body=reason, key=new_id("key"))
    assert again.status == 409
