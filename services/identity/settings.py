"""All that an operator may change of identity."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.settings import Env, Platform, Secret, SettingError

BREACHED = "IDENTITY_BREACHED_PASSWORDS"
STAFF = "IDENTITY_STAFF"
APPS = "IDENTITY_APPS"
APPS_EXAMPLE = '[{"client_id": "candor-desktop", "name": "Candor Desktop", "redirect_uris": ["example.candor:/in"]}]'
STAFF_EXAMPLE = '[{"email": "ada@staff.example", "password": "…", "roles": ["support"]}]'


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """One of the staff, as listed in IDENTITY_STAFF."""

    email: str
    password: Secret
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredApp:
    """One of the company's apps, as listed in IDENTITY_APPS."""

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of identity."""

    platform: Platform
    argon2_threads: int
    """How many passwords are hashed at once; each takes ``argon2_memory_kib``."""
    argon2_waiting: int
    """How many more may wait; beyond that a log-in is answered with 503."""
    argon2_memory_kib: int
    argon2_rounds: int
    mail_gap: timedelta
    """How long after a mail that anybody can cause the next one goes to the same address."""
    breached_passwords: Path | None
    """A larger list of breached passwords than the shipped one (``python -m services.identity.domain.breached``)."""
    requests_a_minute: int
    """How many age screens, sign-ups, log-ins … one client address may send in a minute, counted apart."""
    staff: tuple[StaffMember, ...] | None
    """Exactly these are staff; None leaves the staff as it is."""
    apps: tuple[RegisteredApp, ...]
    """The company's apps that may ask for codes; what they redirect to is compared as it is written."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; a wrong one fails by its name."""
        return cls(
            platform=Platform.from_env(env, "identity", port=8091),
            argon2_threads=env.integer("IDENTITY_ARGON2_THREADS", 2, least=1, most=64),
            argon2_waiting=env.integer("IDENTITY_ARGON2_WAITING", 20, most=10_000),
            argon2_memory_kib=env.integer("IDENTITY_ARGON2_MEMORY_KIB", 19 * 1024, least=19 * 1024),
            argon2_rounds=env.integer("IDENTITY_ARGON2_ROUNDS", 2, least=2, most=100),
            mail_gap=env.seconds("IDENTITY_MAIL_GAP_SECONDS", 60, least=1),
            breached_passwords=_file(env, BREACHED),
            requests_a_minute=env.integer("IDENTITY_REQUESTS_A_MINUTE", 120, least=1),
            staff=_staff(env.optional(STAFF)),
            apps=_apps(env.optional(APPS) or "[]"),
        )


def _file(env: Env, name: str) -> Path | None:
    path = env.path(name, "-")
    if path == Path("-"):
        return None
    if not path.is_file():
        raise SettingError(f"{name}={str(path)!r} is not a file; for example {name}=/etc/candor/breached.bin")
    return path


def _apps(text: str) -> tuple[RegisteredApp, ...]:
    try:
        return tuple(_app(**entry) for entry in json.loads(text))
    except (ValueError, TypeError, AttributeError) as fault:
        raise SettingError(f"{APPS} is not a list of apps; for example {APPS}={APPS_EXAMPLE}") from fault


def _app(*, client_id: str, name: str, redirect_uris: list[str]) -> RegisteredApp:
    if not (client_id and name and all(isinstance(text, str) for text in [client_id, name, *redirect_uris])):
        raise ValueError("an app has an id, a name and addresses to return to")
    return RegisteredApp(client_id=client_id, name=name, redirect_uris=tuple(redirect_uris))


def _staff(text: str | None) -> tuple[StaffMember, ...] | None:
    if text is None:
        return None
    try:
        return tuple(_member(entry) for entry in json.loads(text))
    except (ValueError, TypeError, KeyError):
        # Not even the cause is shown: it may quote a password.
        raise SettingError(f"{STAFF} is not a list of people; for example {STAFF}={STAFF_EXAMPLE}") from None


def _member(entry: dict[str, Any]) -> StaffMember:
    roles, rest = entry["roles"], set(entry) - {"email", "password", "roles"}
    if rest or not roles or not all(isinstance(role, str) for role in [*roles, entry["email"], entry["password"]]):
        raise ValueError("an entry has an email, a password and at least one role")
    return StaffMember(email=entry["email"], password=Secret(entry["password"]), roles=tuple(roles))
