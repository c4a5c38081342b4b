"""What `make new-service` refuses: one line that says why, and nothing is written."""

from pathlib import Path

import pytest

from shared.registry import get_registry
from shared.stack.new_service.writer import NewService, NewServiceError


def service(name: str, summary: str = "points", label: str = "Loyalty") -> NewService:
    return NewService(name=name, summary=summary, label=label)


REFUSED = [
    ("Loyalty", "lower-case letters"),
    ("loyal-ty", "lower-case letters"),
    ("9x", "lower-case letters"),
    ("x" * 21, "lower-case letters"),
    ("", "lower-case letters"),
    ("../x", "lower-case letters"),
    ("class", "module of Python"),
    ("json", "module of Python"),
    ("gateway", "the platform uses this name"),
    ("rabbit", "the platform uses this name"),
    ("identity", "work in services/identity"),
    ("partners", "/v1/partners"),
]


@pytest.mark.parametrize(("name", "reason"), REFUSED)
def test_a_name_that_cannot_be_is_refused_in_one_line(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(NewServiceError) as refused:
        service(name).check(tmp_path, get_registry())
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "tests/unit/loyalty").mkdir(parents=True)
    with pytest.raises(NewServiceError, match="tests/unit/loyalty exists already"):
        service("loyalty").check(tmp_path, get_registry())


@pytest.mark.parametrize("text", ["", "two\nlines", "\x1b[1m"])
def test_a_summary_is_one_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(NewServiceError, match="one line of text"):
        service("loyalty", summary=text).check(tmp_path, get_registry())


def test_a_good_name_is_accepted(tmp_path: Path) -> None:
    service("loyalty").check(tmp_path, get_registry())
