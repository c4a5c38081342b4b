"""The secrets of one stack, created at its first start: keyrings, passwords, the staff of the local stack."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.clock import utc_now
from shared.crypto.keyring import Keyring, KeyUse, dump_keyring, make_keyring
from shared.ids import new_token
from shared.registry import get_registry
from shared.stack.directory import StackDirectory, write_private_file

KEY_USES: Mapping[str, tuple[KeyUse, ...]] = {
    service.name: tuple(map(KeyUse, service.keys)) for service in get_registry()
}
"""The key uses of each service's keyring."""

BROKER_USERS = tuple(service.name for service in get_registry() if service.has_broker)
DATABASE_ROOT = "root"
DATABASE_USERS = (DATABASE_ROOT, *(service.name for service in get_registry() if service.has_database))
"""The users of the embedded database: one for each service, and one for the stack itself."""

STAFF_ROLES = ("support", "disclosure", "disclosure", "engineer", "security", "admin")
"""The staff of the local stack, by role; two have the role disclosure, for actions that need four eyes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSecrets:
    """The secrets and their files."""

    keyrings: Mapping[str, Path]
    broker_password: str = field(repr=False)
    """The password of the operator's user."""
    broker_passwords: Mapping[str, str] = field(repr=False)
    """Passwords by service."""
    database_passwords: Mapping[str, str] = field(repr=False)
    """Passwords by service; that of the root user is under ``root``."""
    return_path_master: str = field(repr=False)
    """The key from which the services' keys for return addresses are derived; only the inbound listener has it."""
    webhook_secret: str = field(repr=False)
    """What the simulated card processor signs its events with."""
    staff_file: Path
    staff: tuple[Mapping[str, str], ...] = field(repr=False)
    """One entry for each member: role, email, password."""


def ensure_secrets(home: StackDirectory) -> StackSecrets:
    """Return the secrets of *home*; missing ones are created, existing ones are never replaced."""
    staff_file = home.keys / "staff.json"
    if not staff_file.exists():
        write_private_file(staff_file, json.dumps(_new_staff(), indent=2) + "\n")
    password = _ensure_password(home.keys / "broker.password")
    return_path = _ensure_password(home.keys / "return-path.key")
    return StackSecrets(
        keyrings={service: _ensure_keyring(keyring_path(home, service), uses) for service, uses in KEY_USES.items()},
        broker_password=password,
        return_path_master=return_path,
        webhook_secret=_ensure_password(home.keys / "webhook.secret"),
        broker_passwords=_ensure_passwords(home.keys / "broker.json", BROKER_USERS),
        database_passwords=_ensure_passwords(home.keys / "database.json", DATABASE_USERS),
        staff_file=staff_file,
        staff=tuple(_staff_entry(member) for member in json.loads(staff_file.read_text(encoding="utf-8"))),
    )


def keyring_path(home: StackDirectory, service: str) -> Path:
    """Return the path of the keyring of *service*."""
    return home.keys / f"{service}.keyring.json"


def _ensure_password(file: Path) -> str:
    if not file.exists():
        write_private_file(file, new_token(192))
    return file.read_text(encoding="utf-8").strip()


def _ensure_passwords(file: Path, users: Iterable[str]) -> dict[str, str]:
    """Return a password for each of *users*; those missing in *file* are created."""
    known: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if missing := [user for user in users if user not in known]:
        known |= {user: new_token(192) for user in missing}
        write_private_file(file, json.dumps(known, indent=2) + "\n")
    return known


def _ensure_keyring(file: Path, uses: tuple[KeyUse, ...]) -> Path:
    """Create the keyring, or add keys for uses that a later version of the service needs."""
    if not file.exists():
        write_private_file(file, dump_keyring(make_keyring(uses, at=utc_now())))
        return file
    keyring = Keyring.from_file(file)
    if missing := [use for use in uses if keyring.find_active(use) is None]:
        known = json.loads(file.read_text(encoding="utf-8"))
        added: Any = make_keyring(missing, at=utc_now())
        write_private_file(file, dump_keyring({"keys": [*known["keys"], *added["keys"]]}))
    return file


def _new_staff() -> list[dict[str, Any]]:
    numbered = [(role, STAFF_ROLES[:place].count(role) + 1) for place, role in enumerate(STAFF_ROLES)]
    return [
        {
            "email": f"{role}{number if STAFF_ROLES.count(role) > 1 else ''}@staff.candor.example",
            "password": new_token(192),
            "roles": [role],
        }
        for role, number in numbered
    ]


def _staff_entry(member: Mapping[str, Any]) -> Mapping[str, str]:
    return {"role": member["roles"][0], "email": member["email"], "password": member["password"]}
