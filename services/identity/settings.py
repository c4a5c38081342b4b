"""The settings of identity."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator

from shared.settings import CommonSettings, Duration, EnvSettings, Secret

BREACHED_PASSWORDS_SETTING = "IDENTITY_BREACHED_PASSWORDS"
STAFF_SETTING = "IDENTITY_STAFF"
OAUTH_CLIENTS_SETTING = "IDENTITY_OAUTH_CLIENTS"
OAUTH_CLIENTS_EXAMPLE = (
    '[{"client_id": "candor-desktop", "name": "Candor Desktop", "redirect_uris": ["example.candor:/in"]}]'
)
STAFF_EXAMPLE = '[{"email": "ada@staff.example", "password": "…", "roles": ["support"]}]'


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffEntry:
    """A member of staff, from IDENTITY_STAFF."""

    email: str
    password: Secret
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEntry:
    """An app of the company, from IDENTITY_OAUTH_CLIENTS."""

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]


def _parse_breached_passwords(value: object) -> Path | None:
    if value is None or value == "-":
        return None
    path = Path(str(value))
    if not path.is_file():
        raise ValueError(
            f"={str(path)!r} is not a file; for example {BREACHED_PASSWORDS_SETTING}=/etc/candor/breached.bin"
        )
    return path


def _parse_clients(value: object) -> tuple[ClientEntry, ...]:
    if value == ():
        return ()
    try:
        return tuple(_parse_client(**entry) for entry in json.loads(str(value)))
    except (ValueError, TypeError, AttributeError) as fault:
        raise ValueError(
            f"is not a valid list of apps; for example {OAUTH_CLIENTS_SETTING}={OAUTH_CLIENTS_EXAMPLE}"
        ) from fault


def _parse_client(*, client_id: str, name: str, redirect_uris: list[str]) -> ClientEntry:
    if not (client_id and name and all(isinstance(text, str) for text in [client_id, name, *redirect_uris])):
        raise ValueError("an app has an id, a name and redirect URIs")
    return ClientEntry(client_id=client_id, name=name, redirect_uris=tuple(redirect_uris))


def _parse_staff(value: object) -> tuple[StaffEntry, ...] | None:
    if value is None:
        return None
    try:
        return tuple(_parse_staff_entry(entry) for entry in json.loads(str(value)))
    except (ValueError, TypeError, KeyError):
        # Without the cause: it may quote a password.
        raise ValueError(f"is not a valid list of staff; for example {STAFF_SETTING}={STAFF_EXAMPLE}") from None


def _parse_staff_entry(entry: dict[str, Any]) -> StaffEntry:
    roles, rest = entry["roles"], set(entry) - {"email", "password", "roles"}
    if rest or not roles or not all(isinstance(role, str) for role in [*roles, entry["email"], entry["password"]]):
        raise ValueError("an entry has an email, a password and at least one role")
    return StaffEntry(email=entry["email"], password=Secret(entry["password"]), roles=tuple(roles))


class Settings(EnvSettings):
    """The settings of identity."""

    common: CommonSettings
    argon2_threads: int = Field(
        2,
        validation_alias="IDENTITY_ARGON2_THREADS",
        ge=1,
        le=64,
        description="how many passwords are hashed in parallel; each takes IDENTITY_ARGON2_MEMORY_KIB of memory",
    )
    argon2_queue_size: int = Field(
        20,
        validation_alias="IDENTITY_ARGON2_QUEUE_SIZE",
        ge=0,
        le=10_000,
        description="how many more may wait; beyond that, a login gets a 503",
    )
    argon2_memory_kib: int = Field(
        19 * 1024,
        validation_alias="IDENTITY_ARGON2_MEMORY_KIB",
        ge=19 * 1024,
        le=2**31,
        description="the memory that hashing one password takes, in KiB",
    )
    argon2_rounds: int = Field(
        2, validation_alias="IDENTITY_ARGON2_ROUNDS", ge=2, le=100, description="the passes over that memory"
    )
    mail_cooldown: Duration = Field(
        timedelta(minutes=1),
        validation_alias="IDENTITY_MAIL_COOLDOWN_SECONDS",
        ge=timedelta(seconds=1),
        description="how long after an email that anyone can trigger the next one may go to the same address",
    )
    breached_passwords: Annotated[Path | None, PlainValidator(_parse_breached_passwords)] = Field(
        None,
        validation_alias=BREACHED_PASSWORDS_SETTING,
        description="a larger list of breached passwords than the bundled one; "
        "services.identity.domain.authentication.breached builds it",
    )
    rate_limit_per_minute: int = Field(
        120,
        validation_alias="IDENTITY_RATE_LIMIT_PER_MINUTE",
        ge=1,
        le=2**31,
        description="how many requests one IP address may send a minute to each public endpoint",
    )
    staff: Annotated[tuple[StaffEntry, ...] | None, PlainValidator(_parse_staff)] = Field(
        None,
        validation_alias=STAFF_SETTING,
        description="the complete list of staff, as JSON; without one the staff accounts stay as they are",
    )
    oauth_clients: Annotated[tuple[ClientEntry, ...], PlainValidator(_parse_clients)] = Field(
        (),
        validation_alias=OAUTH_CLIENTS_SETTING,
        description="the company's apps that may request codes, as JSON; redirect URIs are compared exactly, "
        "except the port of a loopback address",
    )

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Return the settings from the environment; SettingError names a wrong one."""
        return cls.read(environment, common=CommonSettings.from_env(environment, "identity", port=8091))
