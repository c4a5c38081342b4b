"""What an operator sees of charges: a log line with ids, and a count of each outcome."""

import re
from collections.abc import Iterator

import pytest

from services.payments.domain import DeclineReason
from services.payments.errors import CardDeclinedError, PaymentPendingError
from services.payments.ports.simulator.behaviours import decline_test_number
from shared.observe import render_metrics
from tests.integration.payments.harness import ADA, RECONCILE_AFTER, PaymentsHarness
from tests.support.cards import DECLINED_LATER, SILENT_ONCE
from tests.support.logs import Lines, logs_of


@pytest.fixture
def logged() -> Iterator[Lines]:
    with logs_of("payments") as lines:
        yield lines


def counts(metric: str) -> dict[str, float]:
    text = render_metrics()[0].decode()
    found = re.findall(rf'^candor_payments_{metric}_total{{outcome="(\w+)"}} (\S+)$', text, flags=re.MULTILINE)
    return {outcome: float(value) for outcome, value in found}


def growth(metric: str, before: dict[str, float]) -> dict[str, float]:
    after = counts(metric)
    return {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}


def payments_in(lines: Lines) -> list[dict[str, str]]:
    names = ("event", "kind", "outcome", "charge_id")
    return [
        {name: line[name] for name in names if name in line} for line in lines() if line["event"].startswith("payment.")
    ]


async def test_a_charge_is_logged_with_its_id_and_counted(house: PaymentsHarness, logged: Lines) -> None:
    before = counts("charges")
    card_id = await house.card()
    charge = await house.charge(card_id, idempotency_key="one")
    await house.charge(card_id, idempotency_key="one")
    completed = {"event": "payment.completed", "kind": "charge", "outcome": "succeeded", "charge_id": charge.charge_id}
    assert payments_in(logged) == [completed]
    assert growth("charges", before) == {"succeeded": 1}


async def test_a_decline_is_logged_once_and_counted_once(house: PaymentsHarness, logged: Lines) -> None:
    before = counts("charges")
    card_id = await house.card(DECLINED_LATER)
    for _ in range(2):
        with pytest.raises(CardDeclinedError):
            await house.charge(card_id, idempotency_key="one")
    [charge] = await house.charge_service.list_by_account(ADA, after=None, limit=5)
    declined = {"event": "payment.completed", "kind": "charge", "outcome": "declined", "charge_id": charge.charge_id}
    assert payments_in(logged) == [declined]
    assert growth("charges", before) == {"declined": 1}


async def test_a_decline_is_counted_by_its_reason(house: PaymentsHarness) -> None:
    def count() -> float:
        text = render_metrics()[0].decode()
        found = re.search(r'^candor_payments_declines_total{reason="insufficient_funds"} (\S+)$', text, re.MULTILINE)
        assert found is not None
        return float(found[1])

    before = count()
    with pytest.raises(CardDeclinedError):
        await house.charge(await house.card(decline_test_number(DeclineReason.INSUFFICIENT_FUNDS)))
    assert count() == before + 1


async def test_a_timeout_is_counted_and_so_is_what_comes_of_it(house: PaymentsHarness, logged: Lines) -> None:
    before = counts("charges")
    card_id = await house.card(SILENT_ONCE)
    with pytest.raises(PaymentPendingError):
        await house.charge(card_id)
    await house.operator.reconcile_due(at=house.clock.advance(RECONCILE_AFTER))
    assert [line["event"] for line in payments_in(logged)] == ["payment.timeout", "payment.completed"]
    assert growth("charges", before) == {"timeout": 1, "succeeded": 1}


async def test_no_log_line_names_the_account(house: PaymentsHarness, logged: Lines) -> None:
    await house.refund(await house.charge(await house.card(), description="a licence for Ada"), 1_000)
    assert ADA not in str(lines := logged())
    assert lines
