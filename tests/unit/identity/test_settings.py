"""The settings of identity: each wrong one is one line that names it."""

import json
from pathlib import Path

import pytest

from services.identity.settings import Settings
from shared.settings import SettingError

NEEDED = {
    "CANDOR_PUBLIC_URL": "http://candor.example",
    "CANDOR_KEYRING": "keyring.json",
    "MONGO_URL": "mongodb://127.0.0.1:27017",
    "AMQP_URL": "amqp://127.0.0.1:5672/",
    "SMTP_URL": "smtp://127.0.0.1:1025",
}
GRACE = {"email": "grace@staff.example", "password": "violet engine under seven rivers", "roles": ["support", "admin"]}


def settings(**more: str) -> Settings:
    return Settings.from_env({**NEEDED, **more})


def test_nothing_of_its_own_is_needed() -> None:
    assert (settings().common.port, settings().argon2_memory_kib, settings().staff) == (8091, 19 * 1024, None)


def test_the_staff_may_come_from_a_file_and_does_not_print(tmp_path: Path) -> None:
    file = tmp_path / "staff.json"
    file.write_text(json.dumps([GRACE]))
    found = settings(IDENTITY_STAFF_FILE=str(file))
    assert found.staff is not None
    assert found.staff[0].roles == ("support", "admin")
    assert "violet" not in repr(found)


@pytest.mark.parametrize(
    "text",
    ["no json", "{}x", "[1]", '["x"]', "[{}]", '[{"email": "a@b.example", "password": "x", "roles": []}]', "7"],
)
def test_a_wrong_list_of_staff_is_one_line(text: str) -> None:
    with pytest.raises(SettingError) as told:
        settings(IDENTITY_STAFF=text)
    assert str(told.value).startswith("IDENTITY_STAFF")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDENTITY_ARGON2_MEMORY_KIB", "4096"),
        ("IDENTITY_ARGON2_ROUNDS", "1"),
        ("IDENTITY_ARGON2_THREADS", "0"),
        ("IDENTITY_MAIL_COOLDOWN_SECONDS", "0"),
        ("IDENTITY_RATE_LIMIT_PER_MINUTE", "x"),
    ],
)
def test_a_weak_or_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        settings(**{name: value})


def test_a_list_of_breached_passwords_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="IDENTITY_BREACHED_PASSWORDS"):
        settings(IDENTITY_BREACHED_PASSWORDS=str(tmp_path / "none"))
    assert settings().breached_passwords is None
