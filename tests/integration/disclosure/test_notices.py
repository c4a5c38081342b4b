"""The notifier on its own: two of them at once, an identity that refuses, and what the letter says (C16)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from services.disclosure.domain import CaseState, Ground, Shown
from services.disclosure.service import CaseWish, Disclosure, Notifier
from services.disclosure.store import DOCUMENTS, Cases, Ledger, Notices
from shared.bus import Outbox, OutboxRow, QuestionRefusedError
from shared.crypto import Keyring, Vault
from shared.crypto.keyring import Key, Use
from shared.crypto.vault import SubjectKey
from shared.ids import new_id, random_bytes
from shared.mail import Address, MailLog, MailRow, Post, State
from shared.mongo import Database
from tests.support import NOON, FixedClock

ADA, BOB = f"acc_{'a' * 26}", f"acc_{'b' * 26}"


async def known(account_id: str, _basis: str) -> Address | None:
    return Address(f"{account_id}@customers.example")


async def unwilling(_account_id: str, _basis: str) -> Address | None:
    raise QuestionRefusedError("purpose.refused", 403)


@dataclass
class House:
    """Disclosure's own objects on one database."""

    database: Database
    clock: FixedClock

    def __post_init__(self) -> None:
        keys = (Key(id=f"key_{use}", use=use, created=NOON, secret=random_bytes(32)) for use in (Use.WRAP, Use.BLIND))
        self.vault = Vault(self.database, Keyring(keys), self.clock)
        self.cases, self.notices = Cases(self.database), Notices(self.database)
        self.outbox = Outbox(self.database, "disclosure", self.clock)
        self.mails = self.database.collection(MailRow)
        self.disclosure = Disclosure(
            cases=self.cases,
            notices=self.notices,
            outbox=self.outbox,
            transact=self.database.transact,
            new_id=new_id,
        )

    def notifier(self, resolve: Callable[[str, str], Awaitable[Address | None]] = known) -> Notifier:
        return Notifier(
            cases=self.cases,
            notices=self.notices,
            ledger=Ledger(self.database, self.vault.blind),
            resolve=resolve,
            post=Post(self.database, self.vault, self.clock),
            outbox=self.outbox,
            transact=self.database.transact,
            new_id=new_id,
            public_url="https://candor.example",
        )

    async def approved(self, *account_ids: str, ground: Ground = Ground.LAW) -> str:
        wish = CaseWish(
            ground=ground,
            requester="A court",
            reference="26-1",
            fields=("identity.accounts.email",),
            account_ids=account_ids,
        )
        case = await self.disclosure.open_case(wish, by="acc_1", operation=new_id("op"), at=self.clock())
        await self.disclosure.approve(case.case_id, by="acc_2", at=self.clock())
        return case.case_id

    async def letter(self, row: MailRow) -> str:
        letter = await Post(self.database, self.vault, self.clock).read(row)
        return f"{letter.to} {letter.subject} {letter.text}"


@pytest.fixture
async def house(database: Database, clock: FixedClock) -> House:
    await database.prepare([*DOCUMENTS, OutboxRow, MailRow, MailLog, SubjectKey])
    return House(database, clock)


async def test_C16_two_notifiers_at_once_tell_nobody_twice(house: House) -> None:
    await house.approved(*(new_id("acc") for _ in range(20)))
    both = house.notifier(), house.notifier()
    await asyncio.gather(*(one.send_due(at=house.clock()) for one in both))
    mails = await house.mails.list({})
    assert len(mails) == len({await house.letter(mail) for mail in mails}) == 20


async def test_C16_a_letter_names_nobody_else_and_shows_no_data(house: House) -> None:
    case_id = await house.approved(ADA, BOB)
    await house.notifier().send_due(at=house.clock())
    letters = [await house.letter(mail) for mail in await house.mails.list({})]
    to_ada = next(text for text in letters if text.startswith(ADA))
    assert case_id in to_ada
    assert "identity.accounts.email" in to_ada
    assert BOB not in to_ada
    assert to_ada.count("@") == 1


@pytest.mark.parametrize("ground", Ground)
async def test_every_ground_has_a_subject_that_says_what_happened(house: House, ground: Ground) -> None:
    await house.approved(ADA, ground=ground)
    await house.notifier().send_due(at=house.clock())
    [mail] = await house.mails.list({})
    assert "disclosed" in await house.letter(mail)


async def test_C16_a_refusal_is_no_proof_and_is_asked_again_later_and_later(house: House) -> None:
    case_id = await house.approved(ADA)
    notifier = house.notifier(unwilling)
    assert [await notifier.send_due(at=house.clock()) for _ in range(2)] == [1, 0]
    assert await notifier.send_due(at=house.clock.advance(timedelta(seconds=5))) == 1
    assert await notifier.send_due(at=house.clock.advance(timedelta(seconds=9))) == 0
    assert await notifier.send_due(at=house.clock.advance(timedelta(seconds=1))) == 1
    assert await house.notices.is_unsettled(case_id)
    assert not await house.mails.count({})


async def test_C16_a_letter_that_expires_settles_as_never_accepted(house: House) -> None:
    case_id = await house.approved(ADA)
    notifier = house.notifier()
    await notifier.send_due(at=house.clock())
    [mail] = await house.mails.list({})
    await notifier.on_settled(mail.id, State.EXPIRED, at=house.clock())
    await notifier.on_settled(mail.id, State.DELIVERED, at=house.clock())
    [notice] = await house.notices.of_case(case_id, after=None, most=2)
    assert notice.proof == "never_accepted"
    await notifier.close_told(after="", at=house.clock())
    assert (await house.disclosure.read(case_id)).state is CaseState.CLOSED


async def test_C16_a_case_with_a_missing_notice_is_never_closed(house: House) -> None:
    case_id = await house.approved(ADA, BOB)
    await house.database.collection(DOCUMENTS[2]).delete({"account_id": BOB})
    notifier = house.notifier()
    await notifier.send_due(at=house.clock())
    [mail] = await house.mails.list({})
    await notifier.on_settled(mail.id, State.DELIVERED, at=house.clock())
    await notifier.close_told(after="", at=house.clock())
    assert (await house.disclosure.read(case_id)).state is CaseState.NOTIFYING


async def test_C16_an_erasure_on_the_way_does_not_take_the_letter_along(house: House) -> None:
    await house.approved(ADA)
    await house.notifier().send_due(at=house.clock())
    await house.vault.forget(ADA)
    [mail] = await house.mails.list({})
    assert mail.owner != ADA
    assert "disclosed" in await house.letter(mail)


async def test_an_open_case_sends_nothing(house: House) -> None:
    wish = CaseWish(ground=Ground.LAW, requester="A court", reference="1", fields=("a.b.c",), account_ids=(ADA,))
    await house.disclosure.open_case(wish, by="acc_1", operation="one", at=house.clock())
    again = await house.disclosure.open_case(wish, by="acc_1", operation="one", at=house.clock())
    assert await house.notifier().send_due(at=house.clock.advance(timedelta(days=1))) == 0
    assert [case.case_id for case in await house.disclosure.newest(after=None, most=5)] == [again.case_id]


async def test_cases_beyond_one_look_are_closed_in_turn(house: House) -> None:
    ids = {await house.approved(new_id("acc")) for _ in range(5)}
    notifier = house.notifier()
    await notifier.send_due(at=house.clock())
    for mail in await house.mails.list({}):
        await notifier.on_settled(mail.id, State.DELIVERED, at=house.clock())
    after = ""
    for _ in range(3):
        after = await notifier.close_told(after=after, at=house.clock(), most=2)
    assert after == ""
    assert {(await house.disclosure.read(case_id)).state for case_id in ids} == {CaseState.CLOSED}


async def test_C31_entries_that_race_with_an_erasure_never_outlive_it(house: House) -> None:
    ledger = Ledger(house.database, house.vault.blind)

    def entry(account_id: str) -> Shown:
        return Shown(
            entry_id=new_id("led"),
            account_id=account_id,
            reader_kind="service",
            reader_id="newsletter",
            fields=("identity.accounts.email",),
            purpose="newsletter",
            basis="list",
            shown_at=house.clock(),
        )

    for _ in range(10):
        account_id = new_id("acc")
        await ledger.add(entry(account_id))
        racing = [ledger.add(entry(account_id)) for _ in range(3)]

        async def erase(account_id: str = account_id) -> None:
            await ledger.erase(account_id, at=house.clock())

        await asyncio.gather(*racing, house.database.transact(erase), return_exceptions=True)
        assert await ledger.of(account_id, after=None, most=5) == []
