"""A setting is read once, typed, and fails by its name in one line; a secret never prints."""

import copy
import json
import pickle
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field
from pydantic_core import PydanticSerializationError

from services.portal.settings import Settings as PortalSettings
from services.sync.settings import Settings as SyncSettings
from services.telemetry.settings import Settings as TelemetrySettings
from shared.settings import CommonSettings, Duration, EnvSettings, Secret, SettingError, describe_settings

GOOD = {
    "CANDOR_PUBLIC_URL": "https://candor.example/",
    "MONGO_URL": "mongodb://a.example:27017,b.example:27017/?replicaSet=rs",
    "AMQP_URL": "amqps://candor:hunter2@mq.example/%2F",
    "SMTP_URL": "smtp+starttls://relay.example",
    "CANDOR_KEYRING": "/etc/candor/demo.json",
}
PASSWORD = "hunter2-secret"


class OneText(EnvSettings):
    x: str = Field(validation_alias="X", examples=["y"])


class OneFlag(EnvSettings):
    x: bool = Field(default=False, validation_alias="X")


def platform(**changed: str) -> CommonSettings:
    return CommonSettings.from_env({**GOOD, **changed}, "demo", port=8099)


def test_five_settings_are_enough() -> None:
    found = platform()
    assert (found.mode, found.host, found.port) == ("production", "127.0.0.1", 8099)
    assert found.public_url == "https://candor.example"
    assert found.mongo_database == "candor_demo"
    assert found.data_dir == Path("/var/lib/candor/demo")
    assert (found.otlp_url, found.tls_cert, found.tls_key) == (None, None, None)
    assert found.probe_interval == timedelta(seconds=30)


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_one_is_named_with_an_example(name: str) -> None:
    for env in ({k: v for k, v in GOOD.items() if k != name}, {**GOOD, name: ""}):
        with pytest.raises(SettingError, match=f"^{name} is missing; for example {name}=\\S"):
            CommonSettings.from_env(env, "demo", port=8099)


WRONG = [
    ("CANDOR_MODE", "prod", "give one of local, production"),
    ("CANDOR_SERVICE_PORT", "http", "is not a whole number"),
    ("CANDOR_SERVICE_PORT", "80.5", "is not a whole number"),
    ("CANDOR_SERVICE_PORT", "0", "give a number from 1 to 65535"),
    ("CANDOR_SERVICE_PORT", "65536", "give a number from 1 to 65535"),
    ("CANDOR_SERVICE_PORT", "-1", "give a number from 1 to 65535"),
    ("CANDOR_PUBLIC_URL", "candor.example", "must start with http:// or https://"),
    ("CANDOR_PUBLIC_URL", "ftp://candor.example", "must start with http:// or https://"),
    ("CANDOR_PUBLIC_URL", "https://", "names no host"),
    ("CANDOR_PUBLIC_URL", "https://a b.example", "a space"),
    ("CANDOR_PUBLIC_URL", "https://a.example\nX: y", "line break"),
    ("CANDOR_PUBLIC_URL", "https://[::1", "cannot be read"),
    ("CANDOR_PUBLIC_URL", "https://a.example:port", "cannot be read"),
    ("MONGO_URL", f"http://u:{PASSWORD}@a.example", "must start with mongodb:// or mongodb+srv://"),
    ("MONGO_URL", f"mongodb://u:{PASSWORD}@", "names no host"),
    ("MONGO_URL", f"mongodb://u:{PASSWORD}@a.example,:27017", "names no host"),
    ("MONGO_URL", f"mongodb://u:{PASSWORD}@a.example:99999", "cannot be read"),
    ("MONGO_DRIVER", "mongoose", "give one of motor, pymongo"),
    ("MONGO_DATABASE", "a b", "at most 38 letters"),
    ("MONGO_DATABASE", "a" * 39, "at most 38 letters"),
    ("MONGO_DATABASE", "a.b/c", "at most 38 letters"),
    ("AMQP_URL", f"http://u:{PASSWORD}@mq.example", "must start with amqp:// or amqps://"),
    ("AMQP_URL", f"amqp://u:{PASSWORD}@mq.example:x", "cannot be read"),
    ("SMTP_URL", f"u:{PASSWORD}@relay.example", "must start with smtp://"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "must start with http:// or https://"),
    ("CANDOR_PROBE_INTERVAL_SECONDS", "often", "is not a number of seconds"),
    ("CANDOR_PROBE_INTERVAL_SECONDS", "0", "is too short"),
    ("CANDOR_PROBE_INTERVAL_SECONDS", "nan", "is too long"),
    ("CANDOR_PROBE_INTERVAL_SECONDS", "inf", "is too long"),
    ("CANDOR_PROBE_INTERVAL_SECONDS", "1e300", "is too long"),
    ("CANDOR_LOG_LEVEL", "loud", "give one of debug, info, warning, error"),
    ("CANDOR_TLS_CERT", "/etc/tls.crt", "CANDOR_TLS_KEY is missing"),
    ("CANDOR_TLS_KEY", "/etc/tls.key", "CANDOR_TLS_CERT is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "said"), WRONG)
def test_a_wrong_one_is_named_in_one_line_without_a_password(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingError) as refused:
        platform(**{name: value})
    line = str(refused.value)
    assert said in line
    assert name.removesuffix("_CERT").removesuffix("_KEY") in line
    assert PASSWORD not in line
    assert len(line.splitlines()) == 1


def test_a_flag_is_yes_or_no() -> None:
    read = {text: OneFlag.read({"X": text}).x for text in ("yes", "TRUE", "1", "no", "False", "0")}
    assert read == {"yes": True, "TRUE": True, "1": True, "no": False, "False": False, "0": False}
    assert not OneFlag.read({}).x
    assert OneFlag.read({}, defaults={"X": True}).x
    with pytest.raises(SettingError, match="X='maybe' is not yes or no"):
        OneFlag.read({"X": "maybe"})


def test_every_wrong_one_is_told_in_the_order_of_the_fields(tmp_path: Path) -> None:
    given = {**GOOD, "SMTP_URL": "x", "CANDOR_MODE": "x", "AMQP_URL": "", "AMQP_URL_FILE": str(tmp_path / "none")}
    found = CommonSettings.list_errors(
        given, defaults={"CANDOR_SERVICE_PORT": 1, "MONGO_DATABASE": "a", "CANDOR_DATA": "."}
    )
    assert [line.partition("=")[0].partition(" ")[0] for line in found] == ["CANDOR_MODE", "AMQP_URL_FILE", "SMTP_URL"]


def test_settings_read_only_what_they_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "from the process")
    with pytest.raises(SettingError, match="X is missing"):
        OneText.read({"x": "another name", "UNKNOWN": "ignored"})


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        platform().__setattr__("host", "0.0.0.0")


def test_a_duration_outside_its_limits_says_the_limit() -> None:
    class Limited(EnvSettings):
        pause: Duration = Field(
            timedelta(seconds=5), validation_alias="X", ge=timedelta(seconds=2), le=timedelta(minutes=1)
        )

    for text, said in [
        ("-1e9", "too short: give at least 2"),
        ("0", "at least 2 s"),
        ("61", "61 is too long: give at most 60"),
    ]:
        with pytest.raises(SettingError, match=said):
            Limited.read({"X": text})
    assert Limited.read({"X": "2.5"}).pause == timedelta(seconds=2.5)


def test_settings_describe_themselves() -> None:
    rows = {name: (default, description) for name, default, description in describe_settings(TelemetrySettings)}
    assert rows["CANDOR_PROBE_INTERVAL_SECONDS"][0] == "30"
    assert (rows["MONGO_URL"][0], rows["MONGO_DATABASE"][0]) == ("", "candor_<service>")
    assert rows["TELEMETRY_DEMO_WEEK_SECONDS"][0] == "follows from other settings"
    assert all(description for _, description in rows.values())
    assert describe_settings(SyncSettings)[-1].default == "7776000"
    assert [row for row in describe_settings(PortalSettings) if row.name == "PORTAL_SECURITY_REVIEWED_ON"]


# ── From files ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_any_setting_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"amqp://u:{PASSWORD}@mq.example\n", encoding="utf-8")
    env = {name: value for name, value in GOOD.items() if name != "AMQP_URL"}
    found = CommonSettings.from_env({**env, "AMQP_URL_FILE": str(file)}, "demo", port=1)
    assert found.amqp_url == Secret(f"amqp://u:{PASSWORD}@mq.example")


def test_a_setting_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="AMQP_URL and AMQP_URL_FILE are both set"):
        platform(AMQP_URL_FILE=str(tmp_path / "x"))


def _nothing(file: Path) -> None: ...


def _folder(file: Path) -> None:
    file.mkdir()


def _bytes(file: Path) -> None:
    file.write_bytes(b"\xff\xfe" + PASSWORD.encode())


def _blank(file: Path) -> None:
    file.write_text(" \n", encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "said"),
    [(_nothing, "No such file"), (_folder, "Is a directory"), (_bytes, "not UTF-8"), (_blank, "X is missing")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    make(tmp_path / "x")
    with pytest.raises(SettingError, match=said) as refused:
        OneText.read({"X_FILE": str(tmp_path / "x")})
    assert PASSWORD not in str(refused.value)


def test_a_file_name_with_a_zero_byte_is_no_traceback() -> None:
    with pytest.raises(SettingError, match="X_FILE"):
        OneText.read({"X_FILE": "a\0b"})


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*GOOD, *(name for name, _, _ in WRONG)]), st.text(max_size=20), max_size=4))
def test_whatever_is_set_gives_settings_or_a_setting_error(changed: dict[str, str]) -> None:
    try:
        assert platform(**changed).port > 0
    except SettingError as fault:
        said = str(fault)
        assert said


# ── Secrets ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_secret_prints_nowhere() -> None:
    secret = Secret(PASSWORD)
    printed = [f"{secret}", f"{secret!r}", str([secret]), repr({"x": secret}), "%s" % secret]  # noqa: UP031 - one more way to print
    assert not [text for text in printed if PASSWORD in text]
    assert PASSWORD not in repr(platform(AMQP_URL=f"amqp://u:{PASSWORD}@mq.example"))


@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars])
def test_a_secret_does_not_leave_by_copy_or_pickle(leave: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError):
        leave(Secret(PASSWORD))


def test_settings_with_a_secret_do_not_become_a_dictionary_by_accident() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.deepcopy(platform())
    with pytest.raises(PydanticSerializationError):
        platform().model_dump_json()
    assert PASSWORD not in repr(platform(AMQP_URL=f"amqp://u:{PASSWORD}@mq.example").model_dump())


def test_secrets_are_compared_and_looked_up_like_values() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert {Secret("a"): 1}[Secret("a")] == 1
    assert Secret(PASSWORD).get_secret_value() == PASSWORD


def test_every_url_with_a_password_is_a_secret() -> None:
    kinds = {name: field.annotation for name, field in CommonSettings.model_fields.items()}
    assert {kinds[name] for name in ("mongo_url", "amqp_url", "smtp_url")} == {Secret}


@pytest.mark.parametrize("wrong", ["*", "https://*.candor.example", "https://app.example/", "http://app.example", "x"])
def test_a_setting_that_is_no_origin_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(SettingError, match="CANDOR_CORS_ORIGINS"):
        platform(CANDOR_CORS_ORIGINS=f"https://app.candor.example {wrong}")


def test_the_setting_is_a_list_of_origins() -> None:
    origins = ("https://app.candor.example", "http://localhost:3000")
    assert platform(CANDOR_CORS_ORIGINS="  ".join(origins)).cors_origins == origins
    assert platform().cors_origins == ()
