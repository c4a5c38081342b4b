"""Imports: a file subscribes no one; staff invite or suppress, and what is refused has a line number (N-19)."""

import json
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any

import pytest

from services.newsletter.domain.imports.imports import (
    ContactImport,
    ContactOutcome,
    ImportAction,
    ImportDecision,
    ImportState,
)
from services.newsletter.domain.subscriptions.consent import ConsentSource
from services.newsletter.errors import ListNotFoundError
from services.newsletter.errors.imports import ContactFileError, ImportStartedError
from services.newsletter.errors.segments import SegmentNotFoundError
from services.newsletter.service.campaigns.editor import CampaignContent
from services.newsletter.store.imports.documents import ImportBatchDocument, ImportDocument
from shared.crypto import SubjectKeyDocument
from shared.mail import DeliveryStatus
from tests.integration.newsletter.internals import NewsletterInternals, parse_token
from tests.support import FixedClock, RawWriter


class BrokenOffError(Exception):
    """The upload broke off."""


async def chunks(content: bytes, *, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def upload(inside: NewsletterInternals, list_id: str, rows: Iterable[str], *, name: str = "") -> ContactImport:
    content = "\n".join(rows).encode()
    return await inside.modules.imports.reader.read_file(
        list_id, chunks(content), file_name=name, staff_id="stf_1", at=inside.chassis.clock()
    )


async def carry_out(inside: NewsletterInternals, found: ContactImport, action: ImportAction) -> ContactImport:
    importer, at = inside.modules.imports.importer, inside.chassis.clock()
    decision = ImportDecision(
        action=action, reason="You bought our lamp", origin="orders of the shop", staff_id="stf_1", decided_at=at
    )
    await importer.start(found.import_id, decision)
    while await importer.advance(at=at):
        pass
    return await importer.get(found.import_id)


async def clear_queue(inside: NewsletterInternals) -> None:
    for row in await inside.queued_mails():
        await inside.chassis.mail_queue.complete(row, DeliveryStatus.RELAYED)


def outcomes(found: ContactImport) -> dict[str, int]:
    return {outcome.value: count for outcome, count in found.counts.items() if count}


async def test_n19_an_upload_alone_does_nothing(inside: NewsletterInternals, planter: RawWriter) -> None:
    news = await inside.a_list()
    found = await upload(inside, news.list_id, ["email", "ada@a.example", "not an address", "bob@a.example"])
    assert (found.state, found.contact_count, found.refused_count) == (ImportState.READY, 2, 1)
    assert [(row.line, row.code) for row in found.refused_rows] == [(3, "email_invalid")]
    assert await inside.queued_mails() == []
    assert await inside.modules.imports.importer.advance(at=inside.chassis.clock()) == 0
    stored = repr(await planter.read_raw(inside.chassis.db, "import_batches"))
    assert "a.example" not in stored, "the addresses are sealed"


async def test_n19_an_invitation_is_a_double_opt_in_that_says_where_the_address_comes_from(
    inside: NewsletterInternals,
) -> None:
    news = await inside.a_list()
    done = await carry_out(inside, await upload(inside, news.list_id, ["email", "ada@a.example"]), ImportAction.INVITE)
    assert (done.state, outcomes(done)) == (ImportState.FINISHED, {"invited": 1})
    assert await inside.modules.stores.subscriptions.list_by_email("ada@a.example") == []
    email = await inside.read_email()
    assert "orders of the shop" in email.text
    assert "You bought our lamp" in email.text
    made = await inside.confirm(parse_token(email))
    assert (made.consent.source, made.consent.import_id) == (ConsentSource.IMPORT, done.import_id)


async def test_n19_nobody_who_left_bounced_or_complained_is_invited_again_by_any_file(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news = await inside.a_list()
    left = await inside.join(news.list_id, "Ada@a.example")
    clock.advance(timedelta(hours=1))
    await inside.unsubscribe(left.subscription_id)
    first = await upload(
        inside, news.list_id, ["email,status", "bob@a.example,blocklisted", "eve@a.example,complained"]
    )
    assert outcomes(await carry_out(inside, first, ImportAction.INVITE)) == {"suppressed": 2}
    everyone = ["email", "ada@A.example", "BOB@a.example", "Eve@a.example", "new@a.example"]
    again = await carry_out(inside, await upload(inside, news.list_id, everyone), ImportAction.INVITE)
    assert outcomes(again) == {"suppressed_before": 3, "invited": 1}


async def test_n19_one_address_gets_one_invitation_whichever_file_names_it(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news = await inside.a_list()
    rows = ["email", "ada@a.example", "Ada@A.example", "ada@a.example"]
    first = await carry_out(inside, await upload(inside, news.list_id, rows), ImportAction.INVITE)
    assert outcomes(first) == {"invited": 1, "invited_before": 2}
    assert len(await inside.queued_mails()) == 1
    clock.advance(timedelta(days=3))
    await inside.modules.subscriptions.subscribe_service.delete_expired(at=clock())
    later = await carry_out(inside, await upload(inside, news.list_id, ["email", "ADA@a.example"]), ImportAction.INVITE)
    assert outcomes(later) == {"invited_before": 1}, "the link has expired; the invitation is not repeated"


async def test_n19_a_subscriber_stays_as_he_is_and_no_second_mail_is_sent(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    made = await inside.join(news.list_id, "ada@a.example")
    before = await inside.queued_mails()
    done = await carry_out(inside, await upload(inside, news.list_id, ["email", "ada@a.example"]), ImportAction.INVITE)
    assert outcomes(done) == {"subscribed_before": 1}
    assert await inside.modules.stores.subscriptions.get(made.subscription_id) == made
    assert await inside.queued_mails() == before


async def test_who_left_in_the_same_file_is_suppressed_wherever_the_row_stands(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    rows = ["email,status", *(f"r{number}@a.example,active" for number in range(250)), "R7@a.example,unsubscribed"]
    done = await carry_out(inside, await upload(inside, news.list_id, rows), ImportAction.INVITE)
    assert outcomes(done) == {"invited": 249, "suppressed": 1, "suppressed_before": 1}


async def test_suppressing_a_file_ends_nothing_that_was_confirmed_later(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    rows = ["email,UNSUB_TIME", "ada@a.example,2020-01-02 03:04:05", "bob@a.example,"]
    ada = await inside.join(news.list_id, "ada@a.example")
    done = await carry_out(inside, await upload(inside, news.list_id, rows), ImportAction.SUPPRESS)
    assert outcomes(done) == {"suppressed": 2}
    assert await inside.modules.stores.subscriptions.get(ada.subscription_id) is not None
    assert await inside.modules.subscriptions.suppression_service.is_suppressed(news.list_id, "BOB@a.example")


async def test_an_address_of_our_own_inbound_domain_is_refused_with_its_line(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    rows = ["email", "leave+abc@in.candor.example", '"a@b.example\r\nBcc: x@y.example"', "ada@a.example"]
    found = await upload(inside, news.list_id, rows)
    assert [(row.line, row.code) for row in found.refused_rows] == [(2, "email_is_ours"), (3, "email_invalid")]


async def test_a_file_that_cannot_be_read_leaves_nothing(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    before = await inside.chassis.db.get_collection(SubjectKeyDocument).list({})
    rows = ["email", *(f"r{number}@a.example" for number in range(300)), 'x@a.example,"unclosed']
    with pytest.raises(ContactFileError) as refused:
        await upload(inside, news.list_id, rows)
    assert refused.value.fields[0].field == "line.302"
    with pytest.raises(ContactFileError, match="No row"):
        await upload(inside, news.list_id, ["email", "nobody", "nothing"])
    with pytest.raises(ContactFileError):
        await upload(inside, news.list_id, ["email"])
    with pytest.raises(ListNotFoundError):
        await upload(inside, "lst_" + "0" * 26, ["email", "ada@a.example"])
    for document in (ImportDocument, ImportBatchDocument):
        assert await inside.chassis.db.get_collection(document).list({}) == []
    assert await inside.chassis.db.get_collection(SubjectKeyDocument).list({}) == before


async def test_an_upload_that_breaks_off_leaves_nothing(inside: NewsletterInternals) -> None:
    news = await inside.a_list()

    async def broken() -> AsyncIterator[bytes]:
        yield b"email\n" + b"\n".join(b"r%d@a.example" % number for number in range(500))
        raise BrokenOffError

    with pytest.raises(BrokenOffError):
        await inside.modules.imports.reader.read_file(
            news.list_id, broken(), file_name="", staff_id="stf_1", at=inside.chassis.clock()
        )
    assert await inside.chassis.db.get_collection(ImportBatchDocument).list({}) == []


async def test_a_process_that_dies_in_a_batch_leaves_it_to_the_next_one(inside: NewsletterInternals) -> None:
    """The effects of a batch and its deletion commit together: two workers on one batch count it once."""
    news = await inside.a_list()
    rows = ["email", *(f"r{number}@a.example" for number in range(150))]
    found = await upload(inside, news.list_id, rows)
    importer, at = inside.modules.imports.importer, inside.chassis.clock()
    decision = ImportDecision(
        action=ImportAction.INVITE, reason="reason", origin="origin", staff_id="stf_1", decided_at=at
    )
    await importer.start(found.import_id, decision)
    assert await importer.advance(at=at) == 100
    assert (await importer.get(found.import_id)).processed_count == 100
    with pytest.raises(ImportStartedError):
        await importer.start(found.import_id, decision)
    while await importer.advance(at=at):
        pass
    assert outcomes(await importer.get(found.import_id)) == {"invited": 150}


async def test_a_cancelled_or_forgotten_import_keeps_no_address(inside: NewsletterInternals, clock: FixedClock) -> None:
    news = await inside.a_list()
    importer = inside.modules.imports.importer
    cancelled = await upload(inside, news.list_id, ["email", "ada@a.example"])
    assert (await importer.cancel(cancelled.import_id, at=clock())).state is ImportState.CANCELLED
    forgotten = await upload(inside, news.list_id, ["email", "ada@a.example"])
    clock.advance(timedelta(days=8))
    assert await importer.delete_stale(at=clock()) == 1
    assert (await importer.get(forgotten.import_id)).state is ImportState.CANCELLED
    assert await inside.chassis.db.get_collection(ImportBatchDocument).list({}) == []


async def test_n13_an_export_runs_nothing_in_a_spreadsheet_and_is_read_back(inside: NewsletterInternals) -> None:
    news = await inside.a_list()
    for email in ("=cmd@a.example", "+ada@a.example", "bob@a.example"):
        await inside.join(news.list_id, email)
        await clear_queue(inside)
    export = inside.modules.imports.subscriber_export
    pieces = [
        piece async for piece in export.stream_csv(news.list_id, "audit", staff_id="stf_1", at=inside.chassis.clock())
    ]
    lines = b"".join(pieces).decode().splitlines()
    assert lines[0].startswith("email,subscribed_at,consent_version")
    assert sorted(line.split(",")[0] for line in lines[1:]) == ["'+ada@a.example", "'=cmd@a.example", "bob@a.example"]
    again = await upload(inside, news.list_id, lines)
    done = await carry_out(inside, again, ImportAction.INVITE)
    assert outcomes(done) == {ContactOutcome.SUBSCRIBED_BEFORE.value: 3}


async def test_n20_a_segment_counts_the_subscribers_that_match(inside: NewsletterInternals, clock: FixedClock) -> None:
    news = await inside.a_list()
    await inside.join(news.list_id, "ada@a.example")
    clock.advance(timedelta(days=10))
    await clear_queue(inside)
    await inside.join(news.list_id, "bob@a.example", account_id="acc_1")
    segments, since = inside.modules.imports.segment_service, (clock() - timedelta(days=1)).isoformat()
    filters: dict[str, tuple[dict[str, Any], int]] = {
        "new": ({"field": "subscribed_at", "is": "after", "value": since}, 1),
        "old": ({"not": {"field": "subscribed_at", "is": "after", "value": since}}, 1),
        "with account": ({"field": "has_account", "is": "equal", "value": True}, 1),
        "page": ({"field": "source", "is": "one_of", "value": ["page"]}, 2),
        "none": ({"all": [{"field": "consent_version", "is": "equal", "value": "1"}]}, 0),
    }
    for name, (raw, expected) in filters.items():
        made = await segments.create(news.list_id, name, raw, idempotency_key=name, at=clock())
        assert json.loads(made.filter_text) == raw
        assert await segments.count_subscribers(await segments.get(made.segment_id)) == expected, name


async def test_a_campaign_to_a_segment_reaches_its_subscribers_and_no_others(
    inside: NewsletterInternals, clock: FixedClock
) -> None:
    news = await inside.a_list()
    await inside.join(news.list_id, "ada@a.example", account_id="acc_1")
    await clear_queue(inside)
    await inside.join(news.list_id, "bob@a.example")
    await clear_queue(inside)
    segments, editor = inside.modules.imports.segment_service, inside.modules.campaigns.campaign_editor
    raw = {"field": "has_account", "is": "equal", "value": True}
    segment = await segments.create(news.list_id, "With account", raw, idempotency_key="seg", at=clock())

    async def send(key: str) -> int:
        content = CampaignContent(list_id=news.list_id, segment_id=segment.segment_id, subject="News", text="Hello")
        made = await editor.create(content, idempotency_key=key, at=clock())
        if key == "deleted":
            await segments.delete(segment.segment_id)
        await editor.start(made.campaign_id, at=clock())
        await inside.advance()
        return (await editor.get(made.campaign_id)).progress.recipient_count

    assert await send("first") == 1
    assert await send("deleted") == 0, "no one is in a segment that was deleted; it is not the whole list"
    with pytest.raises(SegmentNotFoundError):
        await send("third")
