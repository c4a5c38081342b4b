"""Templates of e-mails: strict about variables, plain text, the subject in the first line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from shared.mail import EmailTemplates

AT = datetime(2027, 3, 5, 14, 5, tzinfo=UTC)


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmailTemplates:
    folder = tmp_path / "emails_of_this_test" / "templates"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "welcome.txt").write_text("Subject: Welcome, {{ name }}\n\nOpen {{ url }} until {{ at | date }}.\n")
    (folder / "moment.txt").write_text("Subject: Now\n\n{{ at | time }}\n")
    (folder / "bare.txt").write_text("No subject\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return EmailTemplates("emails_of_this_test")


def test_the_first_line_is_the_subject(templates: EmailTemplates) -> None:
    found = templates.render("welcome", name="Ada", url="https://candor.example/?a=1&b=2", at=AT)
    assert found.subject == "Welcome, Ada"
    assert found.text == "Open https://candor.example/?a=1&b=2 until 5 March 2027.\n"


def test_a_time_is_written_with_its_zone(templates: EmailTemplates) -> None:
    assert templates.render("moment", at=AT).text == "5 March 2027 at 14:05 UTC\n"


def test_a_missing_value_fails(templates: EmailTemplates) -> None:
    with pytest.raises(UndefinedError):
        templates.render("welcome", name="Ada", url="https://candor.example")


@pytest.mark.parametrize(("name", "values"), [("bare", {}), ("welcome", {"name": "A\nda", "url": "x", "at": AT})])
def test_a_template_without_its_subject_line_fails(
    templates: EmailTemplates, name: str, values: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=r"Subject: …"):
        templates.render(name, **values)
