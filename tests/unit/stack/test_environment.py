"""What each service is started with."""

from pathlib import Path

import pytest

from shared.settings import CommonSettings
from shared.stack.environment import build_environment
from shared.stack.keys import BROKER_USERS, DATABASE_USERS, KEY_USES, StackSecrets
from shared.stack.settings import PORT_OFFSETS, StackPorts, StackSettings
from shared.stack.supervisor import build_part_urls

SECRETS = StackSecrets(
    keyrings={service: Path(f"{service}.json") for service in KEY_USES},
    broker_password="pass-word",
    broker_passwords={service: f"broker-{service}" for service in BROKER_USERS},
    database_passwords={user: f"database-{user}" for user in DATABASE_USERS},
    return_path_master="m" * 32,
    webhook_secret="w" * 32,
    staff_file=Path("staff.json"),
    staff=(),
)


def settings(tmp_path: Path, **given: str) -> StackSettings:
    return StackSettings.from_env({"CANDOR_HOME": str(tmp_path), **given})


def environment(service: str, stack: StackSettings) -> dict[str, str]:
    return build_environment(service, stack, SECRETS, build_part_urls(service, stack, SECRETS))


@pytest.mark.parametrize("service", sorted(set(KEY_USES) - {"portal"}))
def test_a_service_can_read_its_settings(tmp_path: Path, service: str) -> None:
    platform = CommonSettings.from_env(environment(service, settings(tmp_path)), service, port=1)
    assert platform.mode == "local"
    assert platform.public_url == "http://localhost:8080"
    assert platform.data_dir == tmp_path / "data" / service


def test_what_a_person_sets_reaches_the_services(tmp_path: Path) -> None:
    stack = settings(tmp_path, TELEMETRY_REQUESTS_PER_HOUR="7", MONGO_URL="mongodb://db.example:27017")
    found = environment("telemetry", stack)
    assert found["TELEMETRY_REQUESTS_PER_HOUR"] == "7"
    assert found["MONGO_URL"] == "mongodb://db.example:27017"


def test_each_service_is_a_user_of_its_own(tmp_path: Path) -> None:
    found = environment("sync", settings(tmp_path))
    assert found["MONGO_URL"] == "mongodb://sync:database-sync@127.0.0.1:8111/candor_sync"
    assert found["AMQP_URL"] == "amqp://sync:broker-sync@127.0.0.1:8112/"
    assert not {"MONGO_URL", "AMQP_URL"} & environment("portal", settings(tmp_path)).keys()


def test_a_url_for_one_service_is_given_to_it_alone(tmp_path: Path) -> None:
    (tmp_path / "amqp").write_text("amqp://identity:x@broker.example/")
    stack = settings(
        tmp_path,
        MONGO_URL="mongodb://db.example",
        MONGO_URL_SYNC="mongodb://sync:x@db.example/candor_sync",
        AMQP_URL_IDENTITY_FILE=str(tmp_path / "amqp"),
    )
    assert environment("sync", stack)["MONGO_URL"] == "mongodb://sync:x@db.example/candor_sync"
    identity = environment("identity", stack)
    assert (identity["MONGO_URL"], identity["AMQP_URL"]) == (
        "mongodb://db.example",
        "amqp://identity:x@broker.example/",
    )
    assert not [name for name in identity if name.startswith(("MONGO_URL_", "AMQP_URL_"))]
    assert stack.has_embedded_broker
    assert not stack.has_embedded_mongo


@pytest.mark.parametrize("name", ["MONGO_DATABASE", "CANDOR_SERVICE_PORT", "CANDOR_TLS_CERT"])
def test_what_belongs_to_one_service_is_not_given_to_all(tmp_path: Path, name: str) -> None:
    assert name not in environment("sync", settings(tmp_path, **{name: "x"}))


def test_each_service_knows_only_its_own_keyring(tmp_path: Path) -> None:
    stack = settings(tmp_path)
    assert {environment(service, stack)["CANDOR_KEYRING"] for service in KEY_USES} == {f"{s}.json" for s in KEY_USES}


def test_only_identity_is_told_of_the_staff_and_only_on_one_machine(tmp_path: Path) -> None:
    production = settings(
        tmp_path, CANDOR_MODE="production", CANDOR_PUBLIC_URL="https://c.example", SMTP_URL="smtp://r.example"
    )
    told = {service for service in KEY_USES if "IDENTITY_STAFF_FILE" in environment(service, settings(tmp_path))}
    assert told == {"identity"}
    assert "IDENTITY_STAFF_FILE" not in environment("identity", production)


def test_production_has_no_mailbox_and_no_demo_people(tmp_path: Path) -> None:
    production = settings(
        tmp_path, CANDOR_MODE="production", CANDOR_PUBLIC_URL="https://c.example", SMTP_URL="smtp://r.example"
    )
    assert not production.has_mailbox
    assert not production.has_demo_accounts


def test_two_stacks_a_hundred_apart_never_meet() -> None:
    first, second = ({StackPorts(base)[part] for part in PORT_OFFSETS} for base in (8080, 8180))
    assert len(first) == len(PORT_OFFSETS)
    assert not first & second


def test_each_service_that_sends_mail_signs_return_addresses_with_a_key_of_its_own(tmp_path: Path) -> None:
    stack = settings(tmp_path)
    keys = {name: environment(name, stack).get("CANDOR_RETURN_PATH_KEY") for name in ("identity", "newsletter", "sync")}
    assert keys["sync"] is None
    assert len({keys["identity"], keys["newsletter"], SECRETS.return_path_master}) == 3
    assert "NEWSLETTER_RETURN_PATH_MASTER" not in environment("identity", stack)


def test_in_production_emails_have_no_return_address_in_a_domain_that_nobody_set(tmp_path: Path) -> None:
    given = {"CANDOR_MODE": "production", "CANDOR_PUBLIC_URL": "https://my.example.org", "SMTP_URL": "smtp://relay:25"}
    assert "CANDOR_INBOUND_DOMAIN" not in environment("identity", settings(tmp_path, **given))
    chosen = environment("identity", settings(tmp_path, CANDOR_INBOUND_DOMAIN="in.example.org", **given))
    assert chosen["CANDOR_INBOUND_DOMAIN"] == "in.example.org"
