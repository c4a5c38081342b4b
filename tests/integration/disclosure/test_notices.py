"""The notifier on its own: two of them at once, an identity that refuses, and what the letter says (C16)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from services.disclosure.domain import AccessEntry, CaseState, Ground
from services.disclosure.service import CaseService, NewCase, Notifier
from services.disclosure.store import DOCUMENTS, AccessEntries, CaseNotices, Cases
from shared.bus import Outbox, OutboxDocument, RpcError
from shared.crypto import Keyring, SubjectKeyDocument, Vault
from shared.crypto.keyring import Key, KeyUse
from shared.ids import new_id, random_bytes
from shared.mail import DeliveryStatus, EmailAddress, MailLogDocument, MailQueue, QueuedMailDocument
from shared.mongo import Database
from tests.support import NOON, FixedClock

ADA, BOB = f"acc_{'a' * 26}", f"acc_{'b' * 26}"


async def known(account_id: str, _basis: str) -> EmailAddress | None:
    return EmailAddress(f"{account_id}@customers.example")


async def unwilling(_account_id: str, _basis: str) -> EmailAddress | None:
    raise RpcError("data.purpose.denied", 403)


@dataclass
class NotifierHarness:
    """Disclosure's own objects on one database."""

    database: Database
    clock: FixedClock

    def __post_init__(self) -> None:
        keys = (
            Key(id=f"key_{use}", use=use, created_at=NOON, secret=random_bytes(32))
            for use in (KeyUse.WRAP, KeyUse.BLIND)
        )
        self.vault = Vault(self.database, Keyring(keys), self.clock)
        self.cases, self.notices = Cases(self.database), CaseNotices(self.database)
        self.outbox = Outbox(self.database, "disclosure", self.clock)
        self.mails = self.database.get_collection(QueuedMailDocument)
        self.disclosure = CaseService(
            cases=self.cases,
            notices=self.notices,
            outbox=self.outbox,
            transact=self.database.with_transaction,
            new_id=new_id,
        )

    def build_notifier(self, resolve: Callable[[str, str], Awaitable[EmailAddress | None]] = known) -> Notifier:
        return Notifier(
            cases=self.cases,
            notices=self.notices,
            entries=AccessEntries(self.database, self.vault.blind_index),
            resolve=resolve,
            mail_queue=MailQueue(self.database, self.vault, self.clock),
            outbox=self.outbox,
            transact=self.database.with_transaction,
            new_id=new_id,
            public_url="https://candor.example",
        )

    async def approved(self, *account_ids: str, ground: Ground = Ground.LAW) -> str:
        wish = NewCase(
            ground=ground,
            requester="A court",
            reference="26-1",
            fields=("identity.accounts.email",),
            account_ids=account_ids,
        )
        case = await self.disclosure.open_case(wish, by="acc_1", idempotency_key=new_id("op"), at=self.clock())
        await self.disclosure.approve(case.case_id, by="acc_2", at=self.clock())
        return case.case_id

    async def read_email(self, row: QueuedMailDocument) -> str:
        letter = await MailQueue(self.database, self.vault, self.clock).open_message(row)
        return f"{letter.to} {letter.subject} {letter.text}"


@pytest.fixture
async def harness(database: Database, clock: FixedClock) -> NotifierHarness:
    await database.ensure_collections(
        [*DOCUMENTS, OutboxDocument, QueuedMailDocument, MailLogDocument, SubjectKeyDocument]
    )
    return NotifierHarness(database, clock)


async def test_C16_two_notifiers_at_once_tell_nobody_twice(harness: NotifierHarness) -> None:
    await harness.approved(*(new_id("acc") for _ in range(20)))
    both = harness.build_notifier(), harness.build_notifier()
    await asyncio.gather(*(one.send_due(at=harness.clock()) for one in both))
    mails = await harness.mails.list({})
    assert len(mails) == len({await harness.read_email(mail) for mail in mails}) == 20


async def test_C16_a_letter_names_nobody_else_and_shows_no_data(harness: NotifierHarness) -> None:
    case_id = await harness.approved(ADA, BOB)
    await harness.build_notifier().send_due(at=harness.clock())
    letters = [await harness.read_email(mail) for mail in await harness.mails.list({})]
    to_ada = next(text for text in letters if text.startswith(ADA))
    assert case_id in to_ada
    assert "identity.accounts.email" in to_ada
    assert BOB not in to_ada
    assert to_ada.count("@") == 1


@pytest.mark.parametrize("ground", Ground)
async def test_every_ground_has_a_subject_that_says_what_happened(harness: NotifierHarness, ground: Ground) -> None:
    await harness.approved(ADA, ground=ground)
    await harness.build_notifier().send_due(at=harness.clock())
    [mail] = await harness.mails.list({})
    assert "disclosed" in await harness.read_email(mail)


async def test_C16_a_refusal_is_no_proof_and_is_asked_again_later_and_later(harness: NotifierHarness) -> None:
    case_id = await harness.approved(ADA)
    notifier = harness.build_notifier(unwilling)
    assert [await notifier.send_due(at=harness.clock()) for _ in range(2)] == [1, 0]
    # Jitter takes up to half of a delay away: the first is 2.5 to 5 s, the second 5 to 10 s.
    assert await notifier.send_due(at=harness.clock.advance(timedelta(seconds=5))) == 1
    assert await notifier.send_due(at=harness.clock.advance(timedelta(seconds=4))) == 0
    assert await notifier.send_due(at=harness.clock.advance(timedelta(seconds=6))) == 1
    assert await harness.notices.has_pending(case_id)
    assert not await harness.mails.count_documents({})


async def test_C16_a_letter_that_expires_settles_as_never_accepted(harness: NotifierHarness) -> None:
    case_id = await harness.approved(ADA)
    notifier = harness.build_notifier()
    await notifier.send_due(at=harness.clock())
    [mail] = await harness.mails.list({})
    await notifier.on_mail_completed(mail.id, DeliveryStatus.EXPIRED, at=harness.clock())
    await notifier.on_mail_completed(mail.id, DeliveryStatus.RELAYED, at=harness.clock())
    [notice] = await harness.notices.list_by_case(case_id, after=None, limit=2)
    assert notice.proof == "never_accepted"
    await notifier.close_notified(after="", at=harness.clock())
    assert (await harness.disclosure.get(case_id)).state is CaseState.CLOSED


async def test_C16_a_case_with_a_missing_notice_is_never_closed(harness: NotifierHarness) -> None:
    case_id = await harness.approved(ADA, BOB)
    await harness.database.get_collection(DOCUMENTS[2]).delete_many({"account_id": BOB})
    notifier = harness.build_notifier()
    await notifier.send_due(at=harness.clock())
    [mail] = await harness.mails.list({})
    await notifier.on_mail_completed(mail.id, DeliveryStatus.RELAYED, at=harness.clock())
    await notifier.close_notified(after="", at=harness.clock())
    assert (await harness.disclosure.get(case_id)).state is CaseState.NOTIFYING


async def test_C16_an_erasure_on_the_way_does_not_take_the_letter_along(harness: NotifierHarness) -> None:
    await harness.approved(ADA)
    await harness.build_notifier().send_due(at=harness.clock())
    await harness.vault.destroy_key(ADA)
    [mail] = await harness.mails.list({})
    assert mail.owner != ADA
    assert "disclosed" in await harness.read_email(mail)


async def test_an_open_case_sends_nothing(harness: NotifierHarness) -> None:
    wish = NewCase(ground=Ground.LAW, requester="A court", reference="1", fields=("a.b.c",), account_ids=(ADA,))
    await harness.disclosure.open_case(wish, by="acc_1", idempotency_key="one", at=harness.clock())
    again = await harness.disclosure.open_case(wish, by="acc_1", idempotency_key="one", at=harness.clock())
    assert await harness.build_notifier().send_due(at=harness.clock.advance(timedelta(days=1))) == 0
    assert [case.case_id for case in await harness.disclosure.list_newest(after=None, limit=5)] == [again.case_id]


async def test_cases_beyond_one_look_are_closed_in_turn(harness: NotifierHarness) -> None:
    ids = {await harness.approved(new_id("acc")) for _ in range(5)}
    notifier = harness.build_notifier()
    await notifier.send_due(at=harness.clock())
    for mail in await harness.mails.list({}):
        await notifier.on_mail_completed(mail.id, DeliveryStatus.RELAYED, at=harness.clock())
    after = ""
    for _ in range(3):
        after = await notifier.close_notified(after=after, at=harness.clock(), limit=2)
    assert after == ""
    assert {(await harness.disclosure.get(case_id)).state for case_id in ids} == {CaseState.CLOSED}


async def test_C31_entries_that_race_with_an_erasure_never_outlive_it(harness: NotifierHarness) -> None:
    ledger = AccessEntries(harness.database, harness.vault.blind_index)

    def entry(account_id: str) -> AccessEntry:
        return AccessEntry(
            entry_id=new_id("led"),
            account_id=account_id,
            recipient_kind="service",
            recipient_id="newsletter",
            fields=("identity.accounts.email",),
            purpose="newsletter",
            basis="list",
            accessed_at=harness.clock(),
        )

    for _ in range(10):
        account_id = new_id("acc")
        await ledger.add(entry(account_id))
        racing = [ledger.add(entry(account_id)) for _ in range(3)]

        async def erase(account_id: str = account_id) -> None:
            await ledger.erase(account_id, at=harness.clock())

        await asyncio.gather(*racing, harness.database.with_transaction(erase), return_exceptions=True)
        assert await ledger.list_by_account(account_id, after=None, limit=5) == []
