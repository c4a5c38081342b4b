"""An event that no service consumes is counted and not stored."""

import re

import pytest

from shared import observe
from shared.bus import Outbox
from shared.clock import utc_now
from shared.contracts import common_v1, identity_v1
from shared.registry import UndeclaredEventError, get_registry
from tests.integration.bus.harness import BurstError, BusHarness

CONSUMED = identity_v1.ErasureRequested(erasure_id="era_1")
UNCONSUMED = identity_v1.AccountVerified(account_id="acc_1")


def outbox(home: BusHarness) -> Outbox:
    """Return the outbox of identity, as the chassis makes it, over the database of *home*."""
    return Outbox(home.db, "identity", utc_now, has_consumer=get_registry().has_consumer)


def unconsumed(event_type: str) -> float:
    """Return how many events of *event_type* were dropped."""
    text = observe.render_metrics()[0].decode()
    found = re.search(rf'candor_outbox_unconsumed_events_total{{type="{re.escape(event_type)}"}} (\S+)', text)
    return float(found[1]) if found else 0


async def test_an_event_with_a_consumer_is_stored(home: BusHarness) -> None:
    event_id = await outbox(home).put(CONSUMED)
    assert [row.id for row in await home.pending_messages()] == [event_id]


async def test_an_event_without_a_consumer_is_counted_and_not_stored(home: BusHarness) -> None:
    before, puts = unconsumed("identity.account.verified.v1"), outbox(home)
    assert (await puts.put(UNCONSUMED)).startswith("evt_")
    assert await home.pending_messages() == []
    assert not puts.has_messages.is_set(), "the relay is not woken for nothing"
    assert unconsumed("identity.account.verified.v1") == before + 1


async def test_an_event_of_a_change_that_was_rolled_back_is_not_counted(home: BusHarness) -> None:
    before = unconsumed("identity.account.verified.v1")

    async def change() -> None:
        await outbox(home).put(UNCONSUMED)
        raise BurstError

    with pytest.raises(BurstError):
        await home.db.with_transaction(change)
    assert unconsumed("identity.account.verified.v1") == before


async def test_an_event_that_the_registry_does_not_declare_is_refused(home: BusHarness) -> None:
    undeclared = Outbox(home.db, "portal", utc_now, has_consumer=get_registry().has_consumer)
    with pytest.raises(UndeclaredEventError, match="add it to its `publishes`"):
        await undeclared.put(common_v1.PromiseChecked(promise_id="C01"))
    assert await home.pending_messages() == []
