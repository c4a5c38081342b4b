"""Each wrong setting is one clear line that names it, with a remedy; never a traceback."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.crypto import KeyUse
from shared.stack import doctor
from shared.stack.directory import StackDirectory
from shared.stack.doctor import CheckResult, run_checks
from shared.stack.keys import KEY_USES, ensure_secrets, keyring_path
from shared.stack.settings import PORT_OFFSETS, ROOT, StackPorts, StackSettings
from tests.support.dns_server import serve_zone
from tests.support.parts import free_ports

PRODUCTION = {"CANDOR_MODE": "production", "CANDOR_PUBLIC_URL": "https://c.example", "SMTP_URL": "smtp://127.0.0.1:9"}


@pytest.fixture
def sound(tmp_path: Path) -> dict[str, str]:
    """Settings with which nothing is wrong."""
    return {"CANDOR_HOME": str(tmp_path / "home"), "CANDOR_PORT": str(free_ports().base)}


async def wrong(env: dict[str, str]) -> list[CheckResult]:
    """Return what the doctor finds to be wrong with the settings; what is installed is another matter."""
    installed = {finding.message for finding in doctor.check_programs()}
    return [finding for finding in await run_checks(env) if not finding.ok and finding.message not in installed]


async def only_fault(env: dict[str, str], field: str) -> str:
    """Return the one line about *field*."""
    [finding] = await wrong(env)
    assert field in finding.message
    assert "\n" not in finding.message + finding.remedy
    assert finding.remedy
    return finding.message


async def test_nothing_is_wrong_with_the_defaults(sound: dict[str, str]) -> None:
    assert await wrong(sound) == []


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("CANDOR_PORT", "http", "is not a whole number"),
        ("CANDOR_PORT", "80", "out of range: give a number from 1024"),
        ("CANDOR_PORT", "70000", "out of range"),
        ("CANDOR_MODE", "staging", "give one of local, production"),
        ("CANDOR_PUBLIC_URL", "candor.example", "must start with http:// or https://"),
        ("CANDOR_PUBLIC_URL", "https://", "names no host"),
        ("MONGO_URL", "http://127.0.0.1:27017", "must start with mongodb://"),
        ("MONGO_URL", "mongodb://", "names no host"),
        ("AMQP_URL", "127.0.0.1:5672", "must start with amqp://"),
        ("AMQP_URL", "amqp://127.0.0.1:many/", "port"),
        ("SMTP_URL", "mail.example", "must start with smtp://"),
        ("MONGO_DRIVER", "mongoengine", "give one of motor, pymongo"),
        ("CANDOR_LOG_LEVEL", "loud", "give one of debug"),
        ("CANDOR_PROBE_INTERVAL_SECONDS", "soon", "is not a number of seconds"),
        ("CANDOR_PROBE_INTERVAL_SECONDS", "-1", "too short"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "must start with http://"),
        ("MONGO_URL_FILE", "/no/such/file", "cannot be read"),
    ],
)
async def test_a_wrong_value_is_named(sound: dict[str, str], field: str, value: str, told: str) -> None:
    assert told in await only_fault({**sound, field: value}, field)


async def test_production_takes_https(sound: dict[str, str]) -> None:
    fault = await only_fault({**sound, **PRODUCTION, "CANDOR_PUBLIC_URL": "http://c.example"}, "CANDOR_PUBLIC_URL")
    assert "must start with https://" in fault


async def test_production_takes_a_mail_relay(sound: dict[str, str]) -> None:
    given = {name: value for name, value in PRODUCTION.items() if name != "SMTP_URL"}
    assert "is missing" in await only_fault({**sound, **given}, "SMTP_URL")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("MONGO_URL", "mongodb://user:hush-hush@127.0.0.1:9/?serverSelectionTimeoutMS=500"),
        ("AMQP_URL", "amqp://candor:hush-hush@127.0.0.1:9/"),
        ("SMTP_URL", "smtp://127.0.0.1:9"),
    ],
)
async def test_a_part_that_is_not_there_is_named_without_its_password(
    sound: dict[str, str], field: str, value: str
) -> None:
    fault = await only_fault({**sound, field: value}, field)
    assert "127.0.0.1:9" in fault
    assert "cannot be reached" in fault
    assert "hush-hush" not in fault


async def test_a_broker_that_refuses_the_password_is_named(sound: dict[str, str], amqp_url: str) -> None:
    place = amqp_url.partition("@")[2]
    assert "virtual host" in await only_fault({**sound, "AMQP_URL": f"amqp://candor:wrong@{place}"}, "AMQP_URL")


async def test_parts_that_can_be_used_are_no_fault(sound: dict[str, str], amqp_url: str, mongo_url: str) -> None:
    assert await wrong({**sound, "AMQP_URL": amqp_url, "MONGO_URL": mongo_url}) == []


@pytest.mark.parametrize("part", ["edge", "payments", "rabbit"])
async def test_a_port_that_is_taken_is_named_with_its_part(sound: dict[str, str], part: str) -> None:
    port = StackPorts(int(sound["CANDOR_PORT"]))[part]
    with socket.create_server(("127.0.0.1", port)):
        fault = await only_fault(sound, "CANDOR_PORT")
    assert f"port {port} ({part}) is used by another program" in fault


async def test_the_ports_of_a_part_that_is_replaced_do_not_matter(sound: dict[str, str], mongo_url: str) -> None:
    port = StackPorts(int(sound["CANDOR_PORT"]))["mongo"]
    with socket.create_server(("127.0.0.1", port)):
        assert await wrong({**sound, "MONGO_URL": mongo_url}) == []


async def test_a_folder_that_cannot_be_made_is_named(sound: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be written" in await only_fault({**sound, "CANDOR_HOME": str(tmp_path / "file/home")}, "CANDOR_HOME")


async def test_a_folder_that_others_can_read_is_named(sound: dict[str, str], tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # noqa: ASYNC240 - one call, in a test
    sound["CANDOR_HOME"] = str(tmp_path)
    assert "other users" in await only_fault(sound, "CANDOR_HOME")


async def test_a_folder_of_an_older_build_is_named_with_the_remedy(sound: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data" / "mongo").mkdir(parents=True)
    [finding] = await wrong({**sound, "CANDOR_HOME": str(tmp_path)})
    assert "of an older build" in finding.message
    assert finding.remedy.startswith("delete the folder")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> StackDirectory:
    home = StackDirectory(tmp_path_factory.mktemp("made"))
    home.create_folders()
    ensure_secrets(home)
    return home


@pytest.fixture
def broken(made: StackDirectory, sound: dict[str, str], request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Settings of a stack whose keyring of payments has another content, or another mode."""
    file = keyring_path(made, "payments")
    whole = file.read_text()
    if isinstance(request.param, str):
        file.write_text(request.param)
    else:
        file.chmod(request.param)
    yield {**sound, "CANDOR_HOME": str(made.root)}
    file.write_text(whole)
    file.chmod(0o600)


@pytest.mark.parametrize("broken", ["", "{}", '{"keys": [{"id": "a"}]}', "\x00\x01", '{"keys": 5}'], indirect=True)
async def test_a_bad_keyring_is_named(broken: dict[str, str]) -> None:
    assert "is not a keyring" in await only_fault(broken, "CANDOR_KEYRING")


@pytest.mark.parametrize("broken", [0o644], indirect=True)
async def test_a_keyring_that_others_can_read_is_named(broken: dict[str, str]) -> None:
    assert "other users" in await only_fault(broken, "CANDOR_KEYRING")


async def test_every_mistake_is_told_and_not_the_first_alone(sound: dict[str, str]) -> None:
    found = await wrong({**sound, "CANDOR_MODE": "x", "MONGO_URL": "x", "CANDOR_LOG_LEVEL": "x"})
    assert [finding.message.partition(" ")[0].partition("=")[0] for finding in found] == [
        "CANDOR_MODE",
        "MONGO_URL",
        "CANDOR_LOG_LEVEL",
    ]


@pytest.mark.parametrize("command", ["run", "up", "down", "status", "doctor", "logs", "promises"])
def test_no_command_answers_a_wrong_setting_with_a_traceback(sound: dict[str, str], command: str) -> None:
    env = {"PATH": os.defpath, **sound, "CANDOR_PORT": "ninety"}
    ended = subprocess.run(
        [sys.executable, "-m", "shared.stack", command], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert ended.returncode in {1, 2}
    assert "CANDOR_PORT='ninety' is not a whole number" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_the_names_of_the_ports_are_those_of_the_parts() -> None:
    stack = StackSettings.from_env({})
    assert {part: stack.ports[part] - stack.port for part in PORT_OFFSETS} == dict(PORT_OFFSETS)


async def test_the_records_of_the_sending_domain_are_checked_against_the_dns_that_the_settings_name(
    sound: dict[str, str],
) -> None:
    sender = {"CANDOR_MAIL_FROM": "Candor <no-reply@candor.example>", "CANDOR_INBOUND_DOMAIN": "in.candor.example"}
    mx = {"MX": ["10 mx.candor.example."]}
    zone = {
        "in.candor.example": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"], **mx},
        "_dmarc.candor.example": {"TXT": ["v=DMARC1; p=reject"]},
        "candor.example": mx,
    }
    async with serve_zone(zone) as port:
        named = {**sound, **sender, "CANDOR_DNS": f"127.0.0.1:{port}"}
        assert await wrong(named) == []
        ensure_secrets(StackDirectory(Path(sound["CANDOR_HOME"])))
        missing = await wrong(named)
    services = [name for name, uses in KEY_USES.items() if KeyUse.DKIM in uses]
    assert [finding.message.split()[0] for finding in missing] == ["DKIM"] * len(services), "each service has its key"
    assert all("v=DKIM1; k=rsa; p=" in finding.remedy for finding in missing)


async def test_without_a_dns_server_the_records_are_said_to_be_unchecked(sound: dict[str, str]) -> None:
    [finding] = [each for each in await run_checks(sound) if "is not checked" in each.message]
    assert finding.ok
    assert "CANDOR_DNS" in finding.message


async def test_the_dns_never_keeps_a_stack_from_starting(sound: dict[str, str]) -> None:
    settings = StackSettings.from_env({**sound, "CANDOR_DNS": "127.0.0.1:9"})
    installed = {finding.message for finding in doctor.check_programs()}
    assert [each for each in await doctor.blocking_problems(settings) if each.message not in installed] == []


async def test_a_dns_server_that_is_no_address_is_one_line(sound: dict[str, str]) -> None:
    assert await only_fault({**sound, "CANDOR_DNS": "dns.example"}, "CANDOR_DNS")
