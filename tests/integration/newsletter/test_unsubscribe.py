"""Unsubscribing: by every method, effective for the next email (C10)."""

import asyncio
from datetime import timedelta

import pytest

from services.newsletter.domain.subscriptions.subscriptions import UnsubscribeMethod
from shared.contracts import common_v1, newsletter_v1
from shared.mongo import Database
from tests.integration.newsletter.internals import NewsletterInternals
from tests.integration.newsletter.subscribers import (
    EDITOR,
    FORM,
    ONE_CLICK,
    ROOT,
    Subscribers,
    address,
    parse_one_click,
)
from tests.support import FixedClock, RawWriter
from tests.support.fake_services import PUBLIC_URL, FakeServices, until
from tests.support.running import Running, person

ADA, EVE = person("customer", number="11"), person("customer", number="12")
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
    {"Content-Type": "multipart/form-data; boundary=b"},
)


async def an_email(readers: Subscribers) -> tuple[str, str, str]:
    """Return a list, its one reader, and the path of the one-click link."""
    list_id, email = await readers.join_new_address()
    assert (await readers.campaign(list_id, "The first"))["accepted"] == 1
    return list_id, email, parse_one_click(await readers.mail_about(email, "The first"))


async def ended(fake_services: FakeServices, list_id: str) -> newsletter_v1.SubscriptionCancelled:
    async def look() -> newsletter_v1.SubscriptionCancelled | None:
        told = fake_services.received_events(
            "newsletter.subscription.cancelled.v1", newsletter_v1.SubscriptionCancelled
        )
        return next((each for each in told if each.list_id == list_id), None)

    found = await until(look)
    assert found is not None
    return found


async def test_C10_one_click_is_effective_for_the_next_email(readers: Subscribers, fake_services: FakeServices) -> None:
    list_id, email, path = await an_email(readers)
    answer = await readers.one_click(path)
    assert (answer.status, answer.body) == (200, {"unsubscribed": True})
    assert "Set-Cookie" not in answer.headers
    assert (await readers.campaign(list_id, "The second"))["accepted"] == 0
    assert [str(mail["Subject"]) for mail in readers.mailbox.mails_to(email)][1:] == ["The first"]
    assert (await ended(fake_services, list_id)).method == "one_click"


async def test_C10_one_click_works_as_multipart_and_as_often_as_one_likes(
    readers: Subscribers, service: Running
) -> None:
    list_id, _, path = await an_email(readers)
    raw, headers = MULTIPART
    for _ in range(3):
        assert (await service.call("POST", path, raw=raw, headers=headers)).status == 200
    assert (await readers.campaign(list_id))["accepted"] == 0


async def test_N01_a_mail_scanner_that_looks_at_every_link_changes_nothing(
    readers: Subscribers, service: Running
) -> None:
    list_id, _, path = await an_email(readers)
    for method in ("GET", "HEAD"):
        url = f"http://127.0.0.1:{service.port}{path}"
        async with service.http.request(method, url, allow_redirects=False) as looked:
            assert looked.status == 303
            assert looked.headers["Location"] == f"{PUBLIC_URL}/newsletter/unsubscribe?token={path.rpartition('/')[2]}"
    assert (await readers.campaign(list_id))["accepted"] == 1


@pytest.mark.parametrize(
    "token", ["x%0d%0aSet-Cookie:%20a=b", "%22%3E%3Cscript%3E", "..%2f..%2fevil", "%3ftoken=1%26a"]
)
async def test_whatever_stands_in_the_link_it_leads_to_our_own_page(service: Running, token: str) -> None:
    url = f"http://127.0.0.1:{service.port}{ROOT}/unsubscribe/{token}"
    async with service.http.get(url, allow_redirects=False) as looked:
        location = looked.headers.get("Location", "")
        assert "Set-Cookie" not in looked.headers
        if looked.status == 303:
            assert location.startswith(f"{PUBLIC_URL}/newsletter/unsubscribe?token=")
            assert not set("<>\"' &\r\n") & set(location)


async def test_C18_a_card_number_in_place_of_a_token_is_not_told_back(service: Running) -> None:
    url = f"http://127.0.0.1:{service.port}{ROOT}/unsubscribe/4242424242424242"
    async with service.http.get(url, allow_redirects=False) as looked:
        assert looked.headers["Location"] == f"{PUBLIC_URL}/newsletter/unsubscribe?token="


async def test_C10_the_page_ends_it_without_a_login(
    readers: Subscribers, service: Running, fake_services: FakeServices
) -> None:
    list_id, _, path = await an_email(readers)
    body = {"token": path.rpartition("/")[2]}
    assert (await service.call("POST", f"{ROOT}/unsubscriptions", body=body)).body == {"unsubscribed": True}
    assert (await readers.campaign(list_id))["accepted"] == 0
    assert (await ended(fake_services, list_id)).method == "page"


async def test_C10_staff_end_all_subscriptions_of_an_address(
    readers: Subscribers, service: Running, fake_services: FakeServices
) -> None:
    email, lists = address(), [await readers.a_list(), await readers.a_list()]
    for list_id in lists:
        await readers.join(list_id, email)
    body = {"email": email, "reason": "asked by telephone"}
    path = f"{ROOT}/unsubscriptions/by-staff"
    assert (await service.call("POST", path, by=ADA, body=body)).status == 403
    counts = [(await service.call("POST", path, by=EDITOR, body=body)).body["unsubscribed_count"] for _ in range(2)]
    assert counts == [2, 0]
    for list_id in lists:
        assert (await readers.campaign(list_id))["accepted"] == 0
        assert (await ended(fake_services, list_id)).method == "staff"


async def test_C21_whose_subscription_staff_has_ended_reads_that_in_the_ledger(
    readers: Subscribers, service: Running, fake_services: FakeServices
) -> None:
    email, mary = address(), person("customer", number="21")
    await readers.join(await readers.a_list(), email, by=mary)
    body = {"email": email, "reason": "asked by telephone"}
    assert (await service.call("POST", f"{ROOT}/unsubscriptions/by-staff", by=EDITOR, body=body)).body == {
        "unsubscribed_count": 1,
        "similar_count": 0,
    }

    async def look() -> common_v1.PersonalDataAccessed | None:
        told = fake_services.received_events("newsletter.personal_data.accessed.v1", common_v1.PersonalDataAccessed)
        return next((each for each in told if each.account_id == mary.id), None)

    shown = await until(look)
    assert shown is not None
    assert (shown.recipient_kind, shown.recipient_id, shown.purpose) == ("staff", EDITOR.id, "support")
    assert shown.fields == ["newsletter.subscriptions.address_index"]


async def test_N10_C10_customers_end_their_own_and_nobody_elses(readers: Subscribers, service: Running) -> None:
    list_id, email = await readers.a_list(), address()
    path = f"{ROOT}/subscriptions/{await readers.join(list_id, email, by=ADA)}"
    refused = await service.call("DELETE", path, by=EVE)
    assert (refused.status, refused.body["code"]) == (404, "newsletter.subscription.not_found")
    assert (await readers.campaign(list_id))["accepted"] == 1
    assert (await service.call("DELETE", path, by=ADA)).status == 204
    assert (await service.call("DELETE", path, by=ADA)).status == 404
    assert (await readers.campaign(list_id))["accepted"] == 0


async def test_a_token_that_was_altered_anywhere_ends_nothing_and_one_click_does_not_tell(
    readers: Subscribers, service: Running
) -> None:
    list_id, _, path = await an_email(readers)
    token = path.rpartition("/")[2]
    altered = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token))]
    for each in [*altered, token[:-1], f"{token}A", "x"]:
        by_link = await readers.one_click(f"{ROOT}/unsubscribe/{each}")
        assert (by_link.status, by_link.body) == (200, {"unsubscribed": True})
        for method, asked in (("POST", {"body": {"token": each}}), ("GET", {})):
            by_page = await service.call(method, f"{ROOT}/unsubscriptions?token={each}", **asked)  # type: ignore[arg-type] # options
            assert (by_page.status, by_page.body["code"]) == (400, "auth.token.invalid")
    assert (await readers.campaign(list_id))["accepted"] == 1
    unknown, live = await readers.one_click(f"{ROOT}/unsubscribe/x"), await readers.one_click(path)
    assert (live.status, live.body, live.headers.keys()) == (unknown.status, unknown.body, unknown.headers.keys())


BOUNDARY = {"Content-Type": "multipart/form-data; boundary=b"}
SHAPES: list[tuple[bytes | None, dict[str, str]]] = [
    (None, {}),
    (b"", FORM),
    (b"", {"Content-Type": "text/plain"}),
    (ONE_CLICK + b"\r\n", FORM),
    (b"List-Unsubscribe=one-click", FORM),
    (b"List-Unsubscribe=One-Click&utm_source=x", FORM),
    (b"List-Unsubscribe=One-Click&List-Unsubscribe=One-Click", FORM),
    (b"List-Unsubscribe=Two-Clicks", FORM),
    (b"--b\r\nContent-Disposition: form-data; name=List-Unsubscribe\r\n\r\nOne-Click\r\n--b--", BOUNDARY),
    (b"--b\nContent-Disposition: form-data; name=List-Unsubscribe\n\nOne-Click\n--b--\n", BOUNDARY),
    (ONE_CLICK, {"Content-Type": "text/plain"}),
    (ONE_CLICK, {"Content-Type": "application/octet-stream"}),
    (b"{}", {"Content-Type": "application/json"}),
    (b'{"List-Unsubscribe": "One-Click"}', {"Content-Type": "application/json"}),
    (b"\xff" * 1024, {"Content-Type": "x"}),
]


async def test_any_post_with_a_live_token_ends_it(
    readers: Subscribers, service: Running, stored: Database, planter: RawWriter
) -> None:
    list_id, emails = await readers.a_list(), [address() for _ in SHAPES]
    await asyncio.gather(*(readers.join(list_id, email) for email in emails))
    await readers.campaign(list_id, "Shapes")
    for left, (email, (raw, headers)) in enumerate(zip(emails, SHAPES, strict=True), start=1):
        path = parse_one_click(await readers.mail_about(email, "Shapes"))
        answer = await service.call("POST", path, raw=raw, headers=headers)
        assert (answer.status, answer.body) == (200, {"unsubscribed": True}), (raw, headers)
        still = [row for row in await planter.read_raw(stored, "subscriptions") if row["list_id"] == list_id]
        assert len(still) == len(SHAPES) - left, (raw, headers)


async def test_a_body_above_1_KiB_is_no_one_click(readers: Subscribers, service: Running) -> None:
    list_id, _, path = await an_email(readers)
    assert (await service.call("POST", path, raw=b"x" * 1025, headers=FORM)).status == 413
    assert (await readers.campaign(list_id))["accepted"] == 1


async def test_C10_the_link_of_an_old_letter_still_works_after_joining_again(readers: Subscribers) -> None:
    list_id, email, old = await an_email(readers)
    assert (await readers.one_click(old)).status == 200
    await readers.join(list_id, email)
    assert (await readers.campaign(list_id))["accepted"] == 1
    assert (await readers.one_click(old)).status == 200
    assert (await readers.campaign(list_id))["accepted"] == 0


async def test_C10_only_a_keyed_hash_is_left_after_unsubscribing(
    readers: Subscribers, stored: Database, planter: RawWriter
) -> None:
    list_id, _, path = await an_email(readers)
    [before] = [row for row in await planter.read_raw(stored, "subscriptions") if row["list_id"] == list_id]
    await readers.one_click(path)
    assert [row for row in await planter.read_raw(stored, "subscriptions") if row["list_id"] == list_id] == []
    assert before["subscriber_id"] not in [row["_id"] for row in await planter.read_raw(stored, "subject_keys")]
    [proof] = [row for row in await planter.read_raw(stored, "suppressions") if row["list_id"] == list_id]
    assert (proof["address_index"], proof["method"]) == (before["address_index"], "one_click")
    assert proof["consent"] == before["consent"]
    assert not [value for value in proof.values() if isinstance(value, bytes)]


async def test_two_clicks_at_once_leave_one_proof(readers: Subscribers, stored: Database, planter: RawWriter) -> None:
    list_id, _, path = await an_email(readers)
    answers = await asyncio.gather(*(readers.one_click(path) for _ in range(5)))
    assert {answer.status for answer in answers} == {200}
    assert len([row for row in await planter.read_raw(stored, "suppressions") if row["list_id"] == list_id]) == 1


async def test_C10_an_unsubscribe_link_never_expires(inside: NewsletterInternals, clock: FixedClock) -> None:
    news = await inside.a_list()
    made = await inside.join(news.list_id, "ada@customers.example")
    token = inside.modules.stores.links.unsubscribe_token(made.subscription_id)
    clock.advance(timedelta(days=20 * 365))
    await inside.modules.subscriptions.unsubscribe_service.unsubscribe_by_token(
        token, method=UnsubscribeMethod.PAGE, at=clock()
    )
    assert await inside.modules.subscriptions.unsubscribe_service.subscriptions.get(made.subscription_id) is None
