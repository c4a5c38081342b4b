"""The owner of an account gets a receipt by e-mail for each payment, refund and credit."""

import pytest
from google.protobuf.message import Message

from shared.contracts import payments_v1
from tests.integration.identity.harness import IdentityHarness


def captured(account_id: str, house: IdentityHarness, *, amount: int = 3_999, currency: str = "USD") -> Message:
    event = payments_v1.ChargeCaptured(charge_id="chg_1", account_id=account_id, amount=amount, currency=currency)
    event.captured_at.FromDatetime(house.clock())
    return event


def refunded(account_id: str, house: IdentityHarness, *, kind: str = "refund") -> Message:
    event = payments_v1.ChargeRefunded(
        refund_id="ref_1", charge_id="chg_1", account_id=account_id, amount=500, currency="USD", kind=kind
    )
    event.refunded_at.FromDatetime(house.clock())
    return event


@pytest.mark.parametrize(
    ("amount", "currency", "shown"), [(3_999, "USD", "39.99 USD"), (500, "JPY", "500 JPY"), (1_230, "KWD", "1.230 KWD")]
)
async def test_a_captured_charge_is_followed_by_a_receipt(
    identity: IdentityHarness, amount: int, currency: str, shown: str
) -> None:
    ada = await identity.member()
    await identity.record_events(captured(ada.account_id, identity, amount=amount, currency=currency), of="payments")
    receipt = (await identity.emails_to(ada.email))[-1]
    assert receipt.kind == "identity.payment_receipt"
    assert receipt.subject == f"Receipt for your payment of {shown}"
    assert "/account/payments/chg_1" in receipt.text


@pytest.mark.parametrize(("kind", "subject"), [("refund", "Refund of 5.00 USD"), ("credit", "Credit of 5.00 USD")])
async def test_a_refund_and_a_credit_have_a_receipt(identity: IdentityHarness, kind: str, subject: str) -> None:
    ada = await identity.member()
    await identity.record_events(refunded(ada.account_id, identity, kind=kind), of="payments")
    receipt = (await identity.emails_to(ada.email))[-1]
    assert receipt.subject == subject
    assert "ref_1" in receipt.text


async def test_a_refund_that_the_bank_returned_is_reported(identity: IdentityHarness) -> None:
    ada = await identity.member()
    event = payments_v1.RefundFailed(
        refund_id="ref_1", charge_id="chg_1", account_id=ada.account_id, amount=500, currency="USD", kind="refund"
    )
    event.failed_at.FromDatetime(identity.clock())
    await identity.record_events(event, of="payments")
    letter = (await identity.emails_to(ada.email))[-1]
    assert letter.subject == "Your refund of 5.00 USD did not arrive"
    assert "The money is still yours." in letter.text


async def test_a_rejected_request_is_answered(identity: IdentityHarness) -> None:
    ada = await identity.member()
    event = payments_v1.RefundRejected(
        refund_id="ref_1", charge_id="chg_1", account_id=ada.account_id, amount=500, currency="USD"
    )
    event.rejected_at.FromDatetime(identity.clock())
    await identity.record_events(event, of="payments")
    letter = (await identity.emails_to(ada.email))[-1]
    assert letter.kind == "identity.refund_rejected"
    assert "/account/payments/chg_1" in letter.text


async def test_an_account_that_is_gone_gets_no_receipt(identity: IdentityHarness) -> None:
    ada = await identity.member()
    before = len(await identity.emails_to(ada.email))
    await identity.record_events(captured("acc_gone", identity), of="payments")
    assert len(await identity.emails_to(ada.email)) == before
