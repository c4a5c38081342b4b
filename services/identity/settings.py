"""The settings of identity."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.settings import CommonSettings, Env, Secret, SettingError

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of identity."""

    common: CommonSettings
    argon2_threads: int
    """How many passwords are hashed in parallel. Each takes ``argon2_memory_kib`` of memory."""
    argon2_queue_size: int
    """How many more may wait. Beyond that, a login gets a 503."""
    argon2_memory_kib: int
    argon2_rounds: int
    mail_cooldown: timedelta
    """How long after an email that anyone can trigger the next one may go to the same address."""
    breached_passwords: Path | None
    """A larger list of breached passwords than the bundled one; ``services.identity.domain.authentication.breached``
    builds it."""
    rate_limit_per_minute: int
    """How many requests one IP address may send a minute to each public endpoint."""
    staff: tuple[StaffEntry, ...] | None
    """The complete list of staff. None leaves the staff accounts as they are."""
    oauth_clients: tuple[ClientEntry, ...]
    """The company's apps that may request codes. Redirect URIs are compared exactly."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Return the settings from the environment; SettingError names a wrong one."""
        return cls(
            common=CommonSettings.from_env(env, "identity", port=8091),
            argon2_threads=env.integer("IDENTITY_ARGON2_THREADS", 2, least=1, most=64),
            argon2_queue_size=env.integer("IDENTITY_ARGON2_QUEUE_SIZE", 20, most=10_000),
            argon2_memory_kib=env.integer("IDENTITY_ARGON2_MEMORY_KIB", 19 * 1024, least=19 * 1024),
            argon2_rounds=env.integer("IDENTITY_ARGON2_ROUNDS", 2, least=2, most=100),
            mail_cooldown=env.seconds("IDENTITY_MAIL_COOLDOWN_SECONDS", 60, least=1),
            breached_passwords=_parse_optional_file(env, BREACHED_PASSWORDS_SETTING),
            rate_limit_per_minute=env.integer("IDENTITY_RATE_LIMIT_PER_MINUTE", 120, least=1),
            staff=_parse_staff(env.optional(STAFF_SETTING)),
            oauth_clients=_parse_clients(env.optional(OAUTH_CLIENTS_SETTING) or "[]"),
        )


def _parse_optional_file(env: Env, name: str) -> Path | None:
    path = env.path(name, "-")
    if path == Path("-"):
        return None
    if not path.is_file():
        raise SettingError(f"{name}={str(path)!r} is not a file; for example {name}=/etc/candor/breached.bin")
    return path


def _parse_clients(text: str) -> tuple[ClientEntry, ...]:
    try:
        return tuple(_parse_client(**entry) for entry in json.loads(text))
    except (ValueError, TypeError, AttributeError) as fault:
        raise SettingError(
            f"{OAUTH_CLIENTS_SETTING} is not a valid list of apps; "
            f"for example {OAUTH_CLIENTS_SETTING}={OAUTH_CLIENTS_EXAMPLE}"
        ) from fault


def _parse_client(*, client_id: str, name: str, redirect_uris: list[str]) -> ClientEntry:
    if not (client_id and name and all(isinstance(text, str) for text in [client_id, name, *redirect_uris])):
        raise ValueError("an app has an id, a name and redirect URIs")
    return ClientEntry(client_id=client_id, name=name, redirect_uris=tuple(redirect_uris))


def _parse_staff(text: str | None) -> tuple[StaffEntry, ...] | None:
    if text is None:
        return None
    try:
        return tuple(_parse_staff_entry(entry) for entry in json.loads(text))
    except (ValueError, TypeError, KeyError):
        # Without the cause: it may quote a password.
        raise SettingError(
            f"{STAFF_SETTING} is not a valid list of staff; for example {STAFF_SETTING}={STAFF_EXAMPLE}"
        ) from None


def _parse_staff_entry(entry: dict[str, Any]) -> StaffEntry:
    roles, rest = entry["roles"], set(entry) - {"email", "password", "roles"}
    if rest or not roles or not all(isinstance(role, str) for role in [*roles, entry["email"], entry["password"]]):
        raise ValueError("an entry has an email, a password and at least one role")
    return StaffEntry(email=entry["email"], password=Secret(entry["password"]), roles=tuple(roles))
