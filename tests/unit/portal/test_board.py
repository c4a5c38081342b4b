"""What the board says of a promise in one sentence."""

from typing import Any

import pytest

from services.portal.service import build_promise_table


def look(service: str, state: str) -> dict[str, Any]:
    return {"service": service, "state": state, "evidence": f"what {service} saw", "checked_at": None}


def said(state: str, *looks: dict[str, Any]) -> str:
    live = {"id": "C01", "state": state, "evidence": "all of it", "services": looks}
    [line] = [line for _, lines in build_promise_table([live]).sections for line in lines if line.promise.id == "C01"]
    return line.summary


@pytest.mark.parametrize(
    ("state", "looks", "sentence"),
    [
        ("kept", [look("sync", "kept")], "what sync saw"),
        ("kept", [look("sync", "kept"), look("identity", "kept")], "2 services checked it, all found it kept"),
        ("broken", [look("sync", "broken"), look("identity", "kept")], "sync: what sync saw"),
        ("broken", [look(f"s{n}", "broken") for n in (1, 2)] + [look("s3", "kept")], "2 of 3 services found it broken"),
        ("unknown", [look("sync", "kept")], "all of it"),
    ],
)
def test_it_says_who_found_what_without_repeating_each(state: str, looks: list[dict[str, Any]], sentence: str) -> None:
    assert said(state, *looks) == sentence
