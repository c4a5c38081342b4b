"""Who may approve, when a case may close, what an agreement covers, where a promise stands."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.disclosure.domain import (
    AccessEntry,
    Case,
    CaseState,
    Ground,
    NoticeState,
    PartnerAgreement,
    ProbeResult,
    all_notified,
    combine_results,
)
from tests.support import NOON

CASE = Case(
    case_id="dis_1",
    ground=Ground.LAW,
    requester="A court",
    reference="1",
    fields=("identity.accounts.email",),
    state=CaseState.NOTIFYING,
    affected_count=2,
    opened_by="acc_1",
    opened_at=NOON,
)
AGREEMENT = PartnerAgreement(
    agreement_id="agr_1",
    partner="Parcel Works",
    function="shipping",
    purposes=("partner_service",),
    scopes=("partners.contact",),
    fields=("identity.accounts.email",),
    starts_at=NOON,
    ends_at=NOON + timedelta(days=30),
)
ENTRY = AccessEntry(
    entry_id="led_1",
    account_id="acc_1",
    recipient_kind="partner",
    recipient_id="Parcel Works",
    fields=("identity.accounts.email",),
    purpose="partner_service",
    basis="agreement agr_1",
    accessed_at=NOON + timedelta(days=1),
)
SILENCE = timedelta(minutes=10)


def test_C21_the_opener_is_not_the_second_person() -> None:
    assert not CASE.may_be_approved_by("acc_1")
    assert CASE.may_be_approved_by("acc_2")


# The first draw reads the constants of the product's modules, which takes over a second on a busy machine.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(counts=st.dictionaries(st.sampled_from(NoticeState), st.integers(min_value=0, max_value=3)))
def test_C16_a_case_is_told_only_when_every_notice_is_final(counts: dict[NoticeState, int]) -> None:
    final = counts.get(NoticeState.RELAYED, 0) + counts.get(NoticeState.FAILED, 0)
    assert all_notified(CASE, counts) == (final == 2 and sum(counts.values()) == 2)


@pytest.mark.parametrize(
    "entry",
    [
        replace(ENTRY, fields=("identity.accounts.email", "sync.nodes.name")),
        replace(ENTRY, purpose="statistics"),
        replace(ENTRY, accessed_at=NOON - timedelta(seconds=1)),
        replace(ENTRY, accessed_at=NOON + timedelta(days=30)),
    ],
    ids=["more fields", "another purpose", "before it began", "after it ended"],
)
def test_C07_an_agreement_covers_no_more_than_it_says(entry: AccessEntry) -> None:
    assert AGREEMENT.covers_access(ENTRY)
    assert not AGREEMENT.covers_access(entry)


def test_an_agreement_ended_by_hand_is_over_at_once() -> None:
    ended = replace(AGREEMENT, ended_at=NOON + timedelta(hours=1))
    assert ended.is_active(NOON)
    assert not ended.is_active(NOON + timedelta(hours=1))


def test_an_end_that_was_told_late_does_not_lengthen_an_agreement() -> None:
    late = replace(AGREEMENT, ended_at=AGREEMENT.ends_at + timedelta(days=1))
    assert not late.is_active(AGREEMENT.ends_at)


def look(service: str, state: str, ago: timedelta = timedelta(0)) -> ProbeResult:
    return ProbeResult(
        promise_id="C01", service=service, state=state, sample_size=1, evidence="seen", checked_at=NOON - ago
    )


@pytest.mark.parametrize(
    ("results", "state"),
    [
        ([], "unknown"),
        ([look("identity", "kept")], "unknown"),
        ([look("identity", "kept"), look("sync", "kept")], "kept"),
        ([look("identity", "kept"), look("sync", "unknown")], "unknown"),
        ([look("identity", "broken"), look("sync", "unknown")], "broken"),
        ([look("identity", "kept"), look("sync", "kept", SILENCE * 2)], "unknown"),
        ([look("identity", "kept"), look("sync", "broken", SILENCE * 2)], "unknown"),
    ],
    ids=["nobody", "one missing", "all", "one unknown", "one broken", "one silent", "broken, then silent"],
)
def test_a_promise_is_kept_only_when_all_say_so_now(results: list[ProbeResult], state: str) -> None:
    found = combine_results("C01", results, expected=("identity", "sync"), at=NOON, stale_after=SILENCE)
    assert found.state == state


def test_silence_shows_as_the_evidence() -> None:
    found = combine_results(
        "C01", [look("sync", "kept", SILENCE * 2)], expected=("sync",), at=NOON, stale_after=SILENCE
    )
    assert found.results[0].evidence != "seen"
