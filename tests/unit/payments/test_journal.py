"""The journal's entries total zero, and what a charge says is what they must say."""

import pytest

from services.payments.domain.journal import (
    BookedCharge,
    EntryKind,
    JournalAccount,
    JournalEntry,
    build_entry,
    find_differences,
    total_by_account,
)
from services.payments.domain.money import Money
from tests.support import NOON


def entry(kind: EntryKind, amount: int, *, uses_hold: bool = False) -> JournalEntry:
    return build_entry(
        kind,
        charge_id="chg_1",
        source_id="att_1",
        price=Money(amount=amount, currency="USD"),
        at=NOON,
        uses_hold=uses_hold,
    )


def charge(**changed: int) -> BookedCharge:
    amounts = {"held": 0, "captured": 0, "refunded": 0, "credited": 0, "disputed": 0, "lost": 0, **changed}
    return BookedCharge(charge_id="chg_1", currency="USD", **amounts)


@pytest.mark.parametrize("kind", EntryKind)
def test_every_entry_totals_zero(kind: EntryKind) -> None:
    assert sum(line.amount for line in entry(kind, 700).lines) == 0


def test_a_hold_that_is_captured_in_part_and_released_leaves_nothing_held() -> None:
    entries = [
        entry(EntryKind.AUTHORIZATION, 1_000),
        entry(EntryKind.CAPTURE, 600, uses_hold=True),
        entry(EntryKind.RELEASE, 400),
    ]
    assert total_by_account(entries) == {JournalAccount.SALES: -600, JournalAccount.PROCESSOR: 600}
    assert list(find_differences(charge(captured=600), entries)) == []


def test_a_lost_dispute_is_a_loss_and_the_processor_owes_less() -> None:
    entries = [entry(kind, 500) for kind in (EntryKind.CAPTURE, EntryKind.DISPUTE_OPENED, EntryKind.DISPUTE_LOST)]
    assert list(find_differences(charge(captured=500, lost=500), entries)) == []
    assert JournalAccount.PROCESSOR not in total_by_account(entries)


def test_a_reversed_refund_was_never_refunded() -> None:
    entries = [entry(kind, 500) for kind in (EntryKind.CAPTURE, EntryKind.REFUND, EntryKind.REFUND_REVERSAL)]
    assert list(find_differences(charge(captured=500), entries)) == []


def test_a_difference_names_charge_account_and_both_amounts() -> None:
    found = list(find_differences(charge(captured=500), []))
    assert found == ["chg_1: processor is 0, not 500", "chg_1: sales is 0, not -500"]
