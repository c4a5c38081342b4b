"""The register of promises and the closed list of purposes."""

import pytest

from shared.policy import JURISDICTION, PROMISES, PromiseState, Purpose
from shared.promises import Probe, unknown_finding


def test_the_register_holds_all_thirty_one_promises_in_order() -> None:
    assert [promise.id for promise in PROMISES] == [f"C{number:02}" for number in range(1, 32)]


def test_each_promise_says_what_it_is_and_who_answers_for_it() -> None:
    for promise in PROMISES:
        assert promise.clause.endswith(".")
        assert promise.section
        assert promise.owners
        assert promise.owners_text == ", ".join(promise.owners)


def test_C29_the_jurisdiction_is_in_the_register() -> None:
    assert JURISDICTION == "United States"


def test_a_promise_is_kept_broken_or_unknown() -> None:
    assert {state.value for state in PromiseState} == {"kept", "broken", "unknown"}


def test_C07_the_purposes_are_a_closed_list() -> None:
    """No one adds one in passing: the list changes here, too, and in the policy."""
    assert {purpose.value for purpose in Purpose} == {
        "account", "security", "critical_notice", "legal_disclosure", "support", "newsletter", "sync", "billing",
        "billing_question", "refund", "credit", "statistics", "partner_service", "operations", "export", "erasure",
        "publication",
    }  # fmt: skip
    with pytest.raises(ValueError, match="advertising"):
        Purpose("advertising")


def test_a_probe_of_no_promise_is_refused() -> None:
    async def look() -> object:
        return unknown_finding("never asked")

    with pytest.raises(ValueError, match="C32 is not a promise"):
        Probe("C32", look)  # type: ignore[arg-type] # it is never run
