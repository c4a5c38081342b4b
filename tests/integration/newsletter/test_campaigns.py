"""Campaigns over HTTP, in a running service: each recipient once, none who has unsubscribed."""

import asyncio
from functools import partial

import pytest

from shared.contracts import newsletter_v1
from shared.ids import new_id
from tests.integration.newsletter.subscribers import EDITOR, ROOT, Subscribers, address, parse_one_click
from tests.support.fake_services import FakeServices, Mailbox, until
from tests.support.running import Running, person


async def test_a_campaign_reaches_every_reader_once(readers: Subscribers, fake_services: FakeServices) -> None:
    list_id, emails = await readers.a_list(), [address() for _ in range(5)]
    for email in emails:
        await readers.join(list_id, email)
    subject = new_id("News")
    assert (await readers.campaign(list_id, subject))["accepted"] == 5
    assert [
        len([mail for mail in readers.mailbox.mails_to(email) if mail["Subject"] == subject]) for email in emails
    ] == [1] * 5

    async def told() -> newsletter_v1.CampaignSent | None:
        facts = fake_services.received_events("newsletter.campaign.sent.v1", newsletter_v1.CampaignSent)
        return next((fact for fact in facts if fact.list_id == list_id), None)

    fact = await until(told)
    assert fact is not None
    assert fact.accepted_count == 5


async def test_N02_what_arrives_has_the_one_click_header_on_one_line(readers: Subscribers) -> None:
    list_id, email = await readers.join_new_address()
    await readers.campaign(list_id, "The bytes")
    mail = await readers.mail_about(email, "The bytes")
    assert parse_one_click(mail).startswith(f"{ROOT}/unsubscribe/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["To"] == email


async def test_two_sends_at_once_are_one(readers: Subscribers) -> None:
    list_id, email = await readers.join_new_address()
    path = await readers.create_campaign(list_id, "Only once")
    answers = await asyncio.gather(*(readers.start_campaign(path) for _ in range(5)))
    assert {answer.status for answer in answers} == {202}
    assert (await readers.send_campaign(path))["accepted"] == 1
    assert (await readers.start_campaign(path)).body["state"] == "sent"
    assert len([mail for mail in readers.mailbox.mails_to(email) if mail["Subject"] == "Only once"]) == 1


async def test_a_mailbox_that_does_not_exist_is_counted_and_stops_nobody(
    readers: Subscribers, mailbox: Mailbox
) -> None:
    list_id, _ = await readers.join_new_address()
    await readers.join(list_id, gone := address())
    mailbox.refused.add(gone)
    counts = await readers.campaign(list_id)
    assert (counts["accepted"], counts["failed"]) == (1, 1)


async def test_N09_who_leaves_while_a_campaign_is_under_way_gets_no_letter(
    readers: Subscribers, mailbox: Mailbox
) -> None:
    list_id, email = await readers.join_new_address()
    await readers.campaign(list_id, "Before")
    one_click = parse_one_click(await readers.mail_about(email, "Before"))
    mailbox.later.add(email)  # a relay that says "not now" to the first attempt
    path = await readers.create_campaign(list_id, "Under way")
    await readers.start_campaign(path)

    async def deferred() -> bool:
        return email in mailbox.put_off

    await until(deferred)
    assert (await readers.one_click(one_click)).status == 200
    mailbox.later.discard(email)
    assert (await readers.send_campaign(path)) == {
        "waiting": 0,
        "accepted": 0,
        "suppressed": 1,
        "failed": 0,
        "expired": 0,
    }
    assert "Under way" not in [mail["Subject"] for mail in mailbox.mails_to(email)]


@pytest.mark.parametrize("subject", ["News\r\nBcc: eve@evil.example", "a\nb", "a\rb", "a\x00b", "", "x" * 201])
async def test_N14_a_subject_is_one_line(readers: Subscribers, service: Running, subject: str) -> None:
    body = {"list_id": await readers.a_list(), "subject": subject, "text": "Hello."}
    refused = await service.call("POST", f"{ROOT}/campaigns", by=EDITOR, body=body, key=new_id("key"))
    assert (refused.status, refused.body["code"]) == (422, "http.request.invalid")


async def test_only_editors_write_and_send(readers: Subscribers, service: Running) -> None:
    path = await readers.create_campaign(await readers.a_list(), "Mine")
    for by, status in ((None, 401), (person("customer"), 403), (person("staff", "disclosure"), 403)):
        for method, target, key in (("GET", path, None), ("POST", f"{path}/send", new_id("key"))):
            assert (await service.call(method, target, by=by, key=key)).status == status


@pytest.mark.parametrize("path", [f"{ROOT}/campaigns/cmp_x", f"{ROOT}/campaigns/cmp_{'0' * 26}"])
async def test_a_campaign_that_does_not_exist_is_not_found(service: Running, path: str) -> None:
    assert (await service.call("GET", path, by=EDITOR)).body["code"] == "newsletter.campaign.not_found"
    sent = await service.call("POST", f"{path}/send", by=EDITOR, key=new_id("key"))
    assert sent.body["code"] == "newsletter.campaign.not_found"


async def test_a_paused_campaign_sends_nothing_until_it_is_resumed(readers: Subscribers, mailbox: Mailbox) -> None:
    list_id, email = await readers.join_new_address()
    mailbox.later.add(email)
    path = await readers.create_campaign(list_id, subject := new_id("Paused"))
    await readers.start_campaign(path)
    await until(partial(_is_put_off, mailbox, email))
    paused = await readers.act(path, "pause")
    assert (paused.status, paused.body["state"], paused.body["stopped"]["reason"]) == (202, "paused", "staff")
    mailbox.later.discard(email)
    await asyncio.sleep(1)
    assert subject not in [mail["Subject"] for mail in mailbox.mails_to(email)]
    assert (await readers.act(path, "resume")).body["state"] == "sending"
    assert (await readers.send_campaign(path))["accepted"] == 1


async def test_a_cancelled_campaign_never_goes_on(readers: Subscribers, mailbox: Mailbox) -> None:
    list_id, email = await readers.join_new_address()
    mailbox.later.add(email)
    path = await readers.create_campaign(list_id, "Cancelled")
    await readers.start_campaign(path)
    await until(partial(_is_put_off, mailbox, email))
    assert (await readers.act(path, "cancel")).body["state"] == "cancelled"
    mailbox.later.discard(email)
    for action in ("send", "pause", "resume"):
        refused = await readers.act(path, action)
        assert (refused.status, refused.body["code"]) == (409, "newsletter.campaign.wrong_state")
    view = (await readers.service.call("GET", path, by=EDITOR)).body
    assert (view["state"], view["counts"]["waiting"], view["counts"]["accepted"]) == ("cancelled", 1, 0)


async def test_the_archive_shows_what_was_sent_and_nothing_of_its_recipients(readers: Subscribers) -> None:
    list_id, email = await readers.join_new_address()
    path = await readers.create_campaign(
        list_id, subject := new_id("Archived"), text="For {{email}}: [x](https://a.example)"
    )
    archived = f"{ROOT}/archive/{path.rpartition('/')[2]}"
    assert (await readers.service.call("GET", archived)).status == 404
    await readers.start_campaign(path)
    await readers.send_campaign(path)
    items = (await readers.service.call("GET", f"{ROOT}/lists/{list_id}/archive")).body["items"]
    assert [item["subject"] for item in items] == [subject]
    shown = (await readers.service.call("GET", archived)).body
    assert shown["html"] == '<p>For : <a href="https://a.example" rel="noopener noreferrer">x</a></p>\n'
    assert email not in str(shown)


async def test_a_test_email_goes_to_one_address_and_ends_nothing(readers: Subscribers, mailbox: Mailbox) -> None:
    path = await readers.create_campaign(await readers.a_list(), subject := new_id("Draft"))
    body = {"email": (tester := address())}
    sent = await readers.service.call("POST", f"{path}/test-emails", by=EDITOR, body=body, key=new_id("key"))
    assert (sent.status, sent.body["state"]) == (202, "draft")
    mail = await readers.mail_about(tester, f"[Test] {subject}")
    assert mail["List-Unsubscribe"] is None
    preview = (await readers.service.call("GET", f"{path}/preview", by=EDITOR)).body
    assert preview["subject"] == subject
    assert "What is new." in preview["text"]


@pytest.mark.parametrize(
    ("local_time", "time_zone"),
    [("2027-03-28T02:30", "Europe/Berlin"), ("2020-01-01T09:00", "UTC"), ("2027-01-01T09:00", "Mars/Base")],
)
async def test_a_time_that_cannot_be_kept_is_refused(readers: Subscribers, local_time: str, time_zone: str) -> None:
    path = await readers.create_campaign(await readers.a_list(), "When")
    body = {"local_time": local_time, "time_zone": time_zone}
    refused = await readers.service.call("PUT", f"{path}/schedule", by=EDITOR, body=body)
    assert (refused.status, refused.body["code"]) == (422, "newsletter.campaign.invalid_schedule")
    assert (await readers.service.call("GET", path, by=EDITOR)).body["state"] == "draft"


async def _is_put_off(mailbox: Mailbox, email: str) -> bool:
    return email in mailbox.put_off
