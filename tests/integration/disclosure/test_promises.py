"""The probes of disclosure see the breaches that are planted behind its back (C07, C16)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.disclosure.promises import DisclosureProbes
from services.disclosure.store import DOCUMENTS, AccessEntries, CaseNotices, Cases, LedgerLogStore, PartnerAgreements
from shared.mongo import Database
from shared.policy import PromiseState
from tests.support import NOON, FixedClock, RawWriter

DEADLINE = timedelta(days=3)
DAY = timedelta(days=1)


@pytest.fixture
async def probes(database: Database, clock: FixedClock) -> DisclosureProbes:
    await database.ensure_collections(DOCUMENTS)
    return DisclosureProbes(
        cases=Cases(database),
        notices=CaseNotices(database),
        ledger=AccessEntries(database, lambda place, value: f"{place} {value}"),
        log=LedgerLogStore(database),
        agreements=PartnerAgreements(database),
        clock=clock,
        deadline=DEADLINE,
        services=frozenset({"identity", "newsletter"}),
    )


def a_case(*, approved: datetime | None, state: str = "notifying", affected_count: int = 2) -> dict[str, Any]:
    return {
        "_id": "dis_1",
        "idempotency_key": "one",
        "ground": "law",
        "requester": "A court",
        "reference": "1",
        "fields": ["identity.accounts.email"],
        "state": state,
        "affected_count": affected_count,
        "opened_by": "acc_1",
        "opened_at": NOON - 30 * DAY,
        "approved_by": "acc_2" if approved else None,
        "approved_at": approved,
        "closed_at": NOON - DAY if state == "closed" else None,
    }


def a_notice(number: int, state: str = "relayed") -> dict[str, Any]:
    account_id = f"acc_{number}"
    return {"_id": f"dis_1:{account_id}", "case_id": "dis_1", "account_id": account_id, "state": state, "attempts": 0}


def an_entry(**changed: Any) -> dict[str, Any]:
    return {
        "_id": "led_1",
        "account_id": "acc_1",
        "recipient_kind": "partner",
        "recipient_id": "Parcel Works",
        "fields": ["identity.accounts.email"],
        "purpose": "partner_service",
        "basis": "agreement agr_1",
        "accessed_at": NOON,
        "salt": b"s" * 16,
        "batch_first": None,
        **changed,
    }


AN_AGREEMENT = {
    "_id": "agr_1",
    "idempotency_key": "one",
    "partner": "Parcel Works",
    "function": "shipping",
    "purposes": ["partner_service"],
    "scopes": [],
    "fields": ["identity.accounts.email"],
    "starts_at": NOON - DAY,
    "ends_at": NOON + DAY,
    "ended_at": None,
}


@pytest.mark.parametrize(
    ("case", "notices"),
    [
        (a_case(approved=NOON - 4 * DAY), [a_notice(1), a_notice(2, "pending")]),
        (a_case(approved=NOON - 4 * DAY), [a_notice(1), a_notice(2, "sending")]),
        (a_case(approved=NOON - 4 * DAY), [a_notice(1)]),
        (a_case(approved=NOON - 500 * DAY), [a_notice(1), a_notice(2, "pending")]),
        (a_case(approved=NOON - DAY, state="closed"), [a_notice(1), a_notice(2, "pending")]),
        (a_case(approved=NOON - 4 * DAY, state="closed"), [a_notice(1)]),
    ],
    ids=["never sent", "never settled", "notice removed", "long forgotten", "closed too early", "closed without one"],
)
async def test_C16_an_account_that_was_not_told_is_seen(
    probes: DisclosureProbes,
    database: Database,
    planter: RawWriter,
    case: dict[str, Any],
    notices: list[dict[str, Any]],
) -> None:
    await planter.write_raw(database, "cases", case)
    for notice in notices:
        await planter.write_raw(database, "notices", notice)
    found = await probes.every_account_notified()
    assert found.state is PromiseState.BROKEN
    assert "dis_1" in found.evidence


@pytest.mark.parametrize(
    ("case", "second"),
    [
        (a_case(approved=None, state="open"), "pending"),
        (a_case(approved=NOON - DAY), "pending"),
        (a_case(approved=NOON - 4 * DAY, state="closed"), "failed"),
    ],
    ids=["not approved", "within the deadline", "all told"],
)
async def test_C16_what_is_as_promised_is_kept(
    probes: DisclosureProbes, database: Database, planter: RawWriter, case: dict[str, Any], second: str
) -> None:
    await planter.write_raw(database, "cases", case)
    for notice in (a_notice(1), a_notice(2, second)):
        await planter.write_raw(database, "notices", notice)
    assert (await probes.every_account_notified()).state is PromiseState.KEPT


@pytest.mark.parametrize(
    "entry",
    [
        an_entry(basis="a handshake"),
        an_entry(basis="agreement agr_2"),
        an_entry(fields=["identity.accounts.email", "sync.nodes.name"]),
        an_entry(purpose="statistics"),
        an_entry(accessed_at=NOON + 2 * DAY),
        an_entry(recipient_kind="broker"),
        an_entry(recipient_kind="service", recipient_id="advertiser"),
        an_entry(recipient_kind="legal", basis="case dis_9"),
    ],
    ids=["no agreement", "unknown one", "too much", "another purpose", "too late", "a broker", "a stranger", "no case"],
)
async def test_C07_a_reader_outside_the_register_is_seen(
    probes: DisclosureProbes, database: Database, planter: RawWriter, entry: dict[str, Any]
) -> None:
    await planter.write_raw(database, "agreements", AN_AGREEMENT)
    await planter.write_raw(database, "access_entries", entry)
    found = await probes.recipients_have_a_basis()
    assert found.state is PromiseState.BROKEN
    assert "led_1" in found.evidence


@pytest.mark.parametrize(
    "entry",
    [
        an_entry(),
        an_entry(recipient_kind="service", recipient_id="newsletter"),
        an_entry(recipient_kind="staff", basis="request req_1"),
        an_entry(recipient_kind="legal", basis="case dis_1"),
    ],
    ids=["within its agreement", "a service", "staff", "a case"],
)
async def test_C07_a_reader_in_the_register_is_kept(
    probes: DisclosureProbes, database: Database, planter: RawWriter, entry: dict[str, Any]
) -> None:
    await planter.write_raw(database, "agreements", AN_AGREEMENT)
    await planter.write_raw(database, "cases", a_case(approved=NOON - DAY))
    await planter.write_raw(database, "access_entries", entry)
    assert (await probes.recipients_have_a_basis()).state is PromiseState.KEPT
