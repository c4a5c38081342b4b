"""Mail from the change that causes it to its end, through a real SMTP server."""

import asyncio
from datetime import timedelta
from email import message_from_bytes

import pytest

from shared.clock import utc_now
from shared.crypto import PurposeDeniedError, SubjectKeyDocument
from shared.ids import new_id
from shared.mail import DeliveryStatus, EmailAddress, MailLogDocument, MailQueue, QueuedMailDocument, SenderConfig
from shared.observe import render_metrics
from shared.policy import Purpose
from tests.integration.mail.smtp_server import MailHarness, build_email, until
from tests.support import RawWriter

ACCOUNT = Purpose.ACCOUNT


class BurstError(Exception):
    """Something that undoes a change."""


async def test_a_mail_reaches_its_one_recipient_signed(office: MailHarness) -> None:
    mail_id = await office.post.enqueue(build_email(1), purpose=ACCOUNT)
    async with office.run_senders():
        await office.empty()
    (raw,) = office.relay.mails
    message = message_from_bytes(raw)
    assert office.relay.recipients == [["person1@candor.example"]]
    assert (message["To"], message["Message-ID"]) == ("person1@candor.example", f"<{mail_id}@candor.example>")
    assert message["DKIM-Signature"]
    assert [(entry.status, entry.code, entry.mail_id) for entry in await office.logged()] == [
        (DeliveryStatus.RELAYED, 250, mail_id)
    ]


async def test_a_mail_of_a_change_that_was_undone_is_never_sent(office: MailHarness) -> None:
    async def change() -> None:
        await office.post.enqueue(build_email(), purpose=ACCOUNT)
        raise BurstError

    with pytest.raises(BurstError):
        await office.db.with_transaction(change)
    assert await office.queued() == []
    assert not office.post.has_messages.is_set()


async def test_C04_no_address_is_readable_in_the_queue_nor_in_the_log(office: MailHarness, planter: RawWriter) -> None:
    await office.post.enqueue(build_email(7, subject="Your order of a lamp"), subject="acc_1", purpose=ACCOUNT)
    stored = repr(await planter.read_raw(office.db, "mail_queue"))
    async with office.run_senders():
        await office.empty()
    stored += repr(await planter.read_raw(office.db, "mail_log"))
    for private in ("person7", "candor.example", "lamp"):
        assert private not in stored


async def test_the_log_of_mail_expires(office: MailHarness, planter: RawWriter) -> None:
    indexes = await planter.list_indexes(office.db, "mail_log")
    assert indexes["at_1"]["expireAfterSeconds"] == 90 * 86_400


async def test_a_mail_is_queued_for_no_purpose_but_those_of_mail(office: MailHarness) -> None:
    for purpose in (Purpose.STATISTICS, Purpose.SYNC, Purpose.PARTNER_SERVICE):
        with pytest.raises(PurposeDeniedError):
            await office.post.enqueue(build_email(), purpose=purpose)


async def test_C10_a_mail_that_is_no_longer_wanted_is_withheld_at_the_last_moment(office: MailHarness) -> None:
    wanted = True

    async def before_send(_: QueuedMailDocument) -> bool:
        return wanted

    settled: list[tuple[str, DeliveryStatus]] = []

    async def on_settled(mail_id: str, state: DeliveryStatus) -> None:
        settled.append((mail_id, state))

    office.post.on("newsletter.issue", before_send=before_send, on_completed=on_settled)
    bulk = build_email(1, kind="newsletter.issue", list_unsubscribe="https://candor.example/u")
    async with office.run_senders():
        await office.post.enqueue(bulk, purpose=Purpose.NEWSLETTER)
        await office.empty()
        wanted = False
        mail_id = await office.post.enqueue(bulk, purpose=Purpose.NEWSLETTER)
        await office.empty()
    assert len(office.relay.mails) == 1
    assert settled[-1] == (mail_id, DeliveryStatus.SUPPRESSED)


async def test_what_is_done_when_a_mail_is_settled_is_done_once_and_with_it(office: MailHarness) -> None:
    """The first try of the transaction is undone: what it wrote with it, and the mail is not told twice."""
    settled: list[str] = []

    async def on_settled(mail_id: str, _: DeliveryStatus) -> None:
        entry = MailLogDocument(
            id=f"seen_{mail_id}", at=utc_now(), kind="seen", mail_id=mail_id, status=DeliveryStatus.RELAYED, code=0
        )
        await office.db.get_collection(MailLogDocument).insert_one(entry)
        office.db.after_commit(lambda: settled.append(mail_id))

    office.post.on("identity.verification", on_completed=on_settled)
    mail_id = await office.post.enqueue(build_email(), purpose=ACCOUNT)
    (row,) = await office.queued()
    await asyncio.gather(*(office.post.complete(row, DeliveryStatus.RELAYED, code=250) for _ in range(4)))
    assert settled == [mail_id]
    assert len([entry for entry in await office.logged() if entry.kind != "seen"]) == 1


async def test_mail_waits_while_the_relay_is_down_and_none_has_used_up_a_try(office: MailHarness) -> None:
    await office.relay.close()
    for number in range(5):
        await office.post.enqueue(build_email(number), purpose=ACCOUNT)
    async with office.run_senders():
        await until(lambda: shows("0.0"))
        assert [row.attempts for row in await office.queued()] == [0] * 5
        await office.relay.open()
        await office.empty()
    assert len(set(office.relay.message_ids())) == len(office.relay.mails) == 5


async def test_the_relay_counts_as_down_from_the_first_failure_and_not_before_the_first_mail(
    office: MailHarness,
) -> None:
    await office.relay.close()
    async with office.run_senders():
        assert await shows("1.0"), "an SRE would be woken although no email was due"
        await office.post.enqueue(build_email(), purpose=ACCOUNT)
        await until(lambda: shows("0.0"))
        await office.relay.open()
        await until(lambda: shows("1.0"))


@pytest.mark.parametrize("answer", ["450 greylisted, come back later", "452 no space"])
async def test_a_recipient_who_is_not_now_is_tried_again(office: MailHarness, answer: str) -> None:
    office.relay.at_rcpt = [answer, answer]
    await office.post.enqueue(build_email(), purpose=ACCOUNT)
    async with office.run_senders():
        await office.empty()
    assert len(office.relay.mails) == 1
    assert [entry.status for entry in await office.logged()] == [
        DeliveryStatus.DEFERRED,
        DeliveryStatus.DEFERRED,
        DeliveryStatus.RELAYED,
    ]


async def test_a_later_after_the_data_is_tried_again(office: MailHarness) -> None:
    office.relay.at_data = ["451 try again", "250 OK"]
    await office.post.enqueue(build_email(), purpose=ACCOUNT)
    async with office.run_senders():
        await office.empty()
    assert len(office.relay.mails) == 1


@pytest.mark.parametrize(("at", "answer"), [("at_rcpt", "550 no such user"), ("at_data", "554 looks like spam")])
async def test_a_refusal_for_good_ends_the_mail_and_not_the_others(office: MailHarness, at: str, answer: str) -> None:
    setattr(office.relay, at, [answer])
    ids = [await office.post.enqueue(build_email(number), purpose=ACCOUNT) for number in range(3)]
    async with office.run_senders(
        office.build_sender(pace=SenderConfig(connections=1, poll_interval=timedelta(seconds=0.1)))
    ):
        await office.empty()
    states = {entry.mail_id: (entry.status, entry.code) for entry in await office.logged()}
    assert states[ids[0]] == (DeliveryStatus.FAILED, int(answer[:3]))
    assert [states[one] for one in ids[1:]] == [(DeliveryStatus.RELAYED, 250)] * 2


@pytest.mark.parametrize("answer", ["421 closing", "hang up"])
async def test_a_connection_that_is_lost_costs_time_and_no_mail(office: MailHarness, answer: str) -> None:
    office.relay.at_data = [answer]
    for number in range(4):
        await office.post.enqueue(build_email(number), purpose=ACCOUNT)
    async with office.run_senders():
        await office.empty()
    assert len(set(office.relay.message_ids())) == 4


async def test_a_mail_whose_answer_was_lost_is_sent_again_with_the_same_message_id(office: MailHarness) -> None:
    office.relay.at_data = ["hang up"]
    mail_id = await office.post.enqueue(build_email(), purpose=ACCOUNT)
    async with office.run_senders():
        await office.empty()
    assert office.relay.message_ids() == [f"<{mail_id}@candor.example>"] * 2
    first, second = office.relay.mails
    assert first == second


async def test_a_postman_that_dies_after_the_relay_said_yes_only_delays(office: MailHarness) -> None:
    """Another one sends the mail again when the claim has ended: byte for byte the same mail."""
    mail_id = await office.post.enqueue(build_email(), purpose=ACCOUNT)
    dying = MailQueue(office.db, office.vault, utc_now)

    async def die(*_: object, **__: object) -> None:
        raise BurstError

    dying.complete = die  # type: ignore[method-assign] # it does not come to that
    with pytest.raises(ExceptionGroup):
        await office.build_sender(dying).run()
    assert len(await office.queued()) == 1
    async with office.run_senders():
        await office.empty()
    assert office.relay.message_ids() == [f"<{mail_id}@candor.example>"] * 2
    assert office.relay.mails[0] == office.relay.mails[1]


async def test_two_postmen_send_no_mail_twice(office: MailHarness) -> None:
    ids = [await office.post.enqueue(build_email(number), purpose=ACCOUNT) for number in range(30)]
    async with office.run_senders(
        office.build_sender(), office.build_sender(MailQueue(office.db, office.vault, utc_now))
    ):
        await office.empty(within=20)
    assert sorted(office.relay.message_ids()) == sorted(f"<{one}@candor.example>" for one in ids)


async def test_a_slow_relay_does_not_hold_up_a_stop(office: MailHarness) -> None:
    office.relay.pause = 30
    await office.post.enqueue(build_email(), purpose=ACCOUNT)
    async with asyncio.timeout(5):
        async with office.run_senders():
            await until(lambda: claimed(office))
    assert len(await office.queued()) == 1


async def test_single_mails_go_before_newsletters(office: MailHarness) -> None:
    bulk = build_email(1, kind="newsletter.issue", list_unsubscribe="https://candor.example/u")
    for _ in range(5):
        await office.post.enqueue(bulk, purpose=Purpose.NEWSLETTER)
    single = await office.post.enqueue(build_email(2), purpose=ACCOUNT)
    async with office.run_senders(
        office.build_sender(pace=SenderConfig(connections=1, poll_interval=timedelta(seconds=0.1)))
    ):
        await office.empty()
    assert office.relay.message_ids()[0] == f"<{single}@candor.example>"


async def test_a_mail_that_nobody_takes_in_its_time_expires(office: MailHarness) -> None:
    office.relay.at_rcpt = ["450 later"] * 1000
    await office.post.enqueue(build_email(), purpose=ACCOUNT, expires_after=timedelta(seconds=0.5))
    async with office.run_senders():
        await office.empty()
    assert (await office.logged())[-1].status is DeliveryStatus.EXPIRED
    assert office.relay.mails == []


async def test_a_mail_is_not_tried_for_ever(office: MailHarness) -> None:
    with pytest.raises(ValueError, match="at most 30 days"):
        await office.post.enqueue(build_email(), purpose=ACCOUNT, expires_after=timedelta(days=31))


async def test_C31_an_erasure_takes_the_mail_that_waits(office: MailHarness) -> None:
    await office.post.enqueue(build_email(), subject="acc_1", purpose=ACCOUNT)
    await office.vault.destroy_key("acc_1")
    async with office.run_senders():
        await office.empty()
    assert office.relay.mails == []
    assert [entry.status for entry in await office.logged()] == [DeliveryStatus.FAILED]


async def test_the_key_of_a_mail_of_nobody_goes_with_it(office: MailHarness) -> None:
    await office.post.enqueue(build_email(1), purpose=ACCOUNT)
    await office.post.enqueue(build_email(2), subject="acc_1", purpose=ACCOUNT)
    async with office.run_senders():
        await office.empty()
    assert [key.id for key in await office.db.get_collection(SubjectKeyDocument).list({})] == ["acc_1"]


async def test_many_are_queued_with_one_write_and_each_is_for_one(office: MailHarness) -> None:
    subject = new_id("acc")
    ids = await office.post.enqueue_many(
        [("", build_email(1)), (subject, build_email(2)), ("", build_email(3))], purpose=ACCOUNT
    )
    async with office.run_senders():
        await office.empty()
    assert len(ids) == 3
    assert sorted(office.relay.recipients) == [[f"person{number}@candor.example"] for number in (1, 2, 3)]


async def test_an_international_mailbox_is_reached_where_the_relay_can(office: MailHarness) -> None:
    await office.post.enqueue(build_email(to=EmailAddress("áda@bücher.example")), purpose=ACCOUNT)
    async with office.run_senders():
        await office.empty()
    assert office.relay.recipients == [["áda@xn--bcher-kva.example"]]


async def claimed(office: MailHarness) -> bool:
    return any(row.attempts for row in await office.queued())


async def shows(value: str) -> bool:
    """Tell whether the metric of the relay has this value."""
    return f"candor_smtp_up {value}\n" in render_metrics()[0].decode()
