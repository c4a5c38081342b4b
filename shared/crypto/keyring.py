"""The keyring of a service: a file of keys, each for one use. The newest is active; older keys decrypt and verify."""

import base64
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.clock import rfc3339
from shared.ids import new_id, random_bytes
from shared.settings import SettingError

KEYRING_SETTING = "CANDOR_KEYRING"
SECRET_BYTES = 32


class KeyUse(StrEnum):
    """The use of a key; no key has two uses."""

    WRAP = "wrap"
    """Wraps the data key of each subject."""
    BLIND = "blind"
    """Computes blind indexes. Never rotated: stored indexes would no longer match."""
    SIGN = "sign"
    """Signs access tokens: the P-256 key is derived from it."""
    LINK = "link"
    """Encrypts the tokens of links in emails."""
    DKIM = "dkim"
    """Signs emails: an RSA key (PKCS#8), or an Ed25519 seed of 32 bytes."""
    LEDGER = "ledger"
    """Signs the checkpoints of the disclosure ledger (an Ed25519 seed)."""
    CARD = "card"
    """Decrypts card data that the browser has encrypted for payments (a P-256 scalar is derived from it)."""
    TOKEN = "token"  # noqa: S105 - the name of a use, not a secret
    """Evaluates the one-week tokens of usage reports (a seed; a key for each week is derived from it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key with its id; the secret is excluded from ``repr``."""

    id: str
    use: KeyUse
    created_at: datetime
    secret: bytes = field(repr=False)
    retired: bool = False


class Keyring:
    """The keys of one service, by use and id."""

    def __init__(self, keys: Iterable[Key]) -> None:
        """Raise SettingError for duplicate ids: stored values name their key by its id."""
        ordered = sorted(keys, key=lambda key: key.created_at)
        self._keys = {key.id: key for key in ordered}
        if len(self._keys) != len(ordered):
            raise SettingError(f"{KEYRING_SETTING} holds two keys of one id; each id must be unique")

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read the keyring in the file *path*; SettingError, one line that names the setting, when it is invalid."""
        try:
            text = path.read_text(encoding="utf-8")
            return cls(_parse_key(entry) for entry in _KeyringFile.model_validate_json(text).keys)
        except (OSError, UnicodeDecodeError) as fault:
            raise SettingError(
                f"{KEYRING_SETTING}={path} cannot be read: {getattr(fault, 'strerror', fault)}"
            ) from fault
        except ValueError as fault:
            raise SettingError(f"{KEYRING_SETTING}={path} is not a keyring: {_describe_error(fault)}") from fault

    def find_active(self, use: KeyUse) -> Key | None:
        """Return the newest key of *use* that is not retired, or None."""
        return next((key for key in reversed(self._keys.values()) if key.use is use and not key.retired), None)

    def get_active(self, use: KeyUse) -> Key:
        """Return the active key of *use*; SettingError when the keyring has none."""
        key = self.find_active(use)
        if key is None:
            raise SettingError(
                f"{KEYRING_SETTING} has no active key for {use!r}; "
                f"add one: python -m shared.crypto rotate FILE --use {use}"
            )
        return key

    def get(self, use: KeyUse, key_id: str) -> Key | None:
        """Return the key *key_id* of *use*, retired or not: older data must still decrypt and verify."""
        key = self._keys.get(key_id)
        return key if key is not None and key.use is use else None

    def list_by_use(self, use: KeyUse) -> list[Key]:
        """Return every key of *use*, oldest first, including retired ones."""
        return [key for key in self._keys.values() if key.use is use]


def make_keyring(uses: Iterable[str], *, at: datetime) -> dict[str, object]:
    """Return a new keyring, as the object of its JSON file, with one key for each of *uses*."""
    return {"keys": [_new_entry(KeyUse(use), at) for use in uses]}


def with_new_key(keyring: Mapping[str, object], use: str, *, at: datetime) -> dict[str, object]:
    """Return *keyring* with a new active key of *use*; older keys stay and still decrypt."""
    if KeyUse(use) is KeyUse.BLIND:
        raise SettingError("a new blind key would hide every stored index: rebuild the indexes instead")
    return {"keys": [*_dump_keys(keyring), _new_entry(KeyUse(use), at)]}


def with_retired_key(keyring: Mapping[str, object], key_id: str) -> dict[str, object]:
    """Return *keyring* with the key *key_id* retired: it still decrypts and verifies, but is not used for new data."""
    keys = _dump_keys(keyring)
    key = next((one for one in keys if one["id"] == key_id), None)
    if key is None:
        raise SettingError(f"the keyring has no key {key_id}")
    if not any(one["use"] == key["use"] and not one["retired"] for one in keys if one is not key):
        raise SettingError(f"{key_id} is the only active key for {key['use']}: rotate first")
    return {"keys": [{**one, "retired": one["retired"] or one is key} for one in keys]}


def without_key(keyring: Mapping[str, object], key_id: str) -> dict[str, object]:
    """Return *keyring* without the key *key_id*: data encrypted under it can no longer be decrypted."""
    return {"keys": [one for one in _dump_keys(keyring) if one["id"] != key_id]}


def replace_keyring(file: Path, keyring: Mapping[str, object]) -> None:
    """Write *keyring* to *file* atomically: a crash leaves the old keyring or the new one."""
    fresh = file.with_name(file.name + ".new")
    fresh.touch(mode=0o600)
    with fresh.open("w", encoding="utf-8") as out:
        out.write(dump_keyring(keyring))
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def dump_keyring(keyring: Mapping[str, object]) -> str:
    """Return *keyring* as the text of its file."""
    return json.dumps(keyring, indent=2) + "\n"


class _KeyEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: str
    use: KeyUse
    created: datetime
    secret: str
    retired: bool = False


class _KeyringFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    keys: list[_KeyEntry]


def _dump_keys(keyring: Mapping[str, object]) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", _KeyringFile.model_validate(keyring).model_dump(mode="json")["keys"])


def _new_entry(use: KeyUse, at: datetime) -> dict[str, object]:
    secret = _generate_rsa_key() if use is KeyUse.DKIM else random_bytes(SECRET_BYTES)
    encoded = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    return {"id": new_id("key"), "use": str(use), "created": rfc3339(at), "secret": encoded, "retired": False}


def _generate_rsa_key() -> bytes:
    # Ed25519 would be smaller and faster, but the large mailbox providers verify only RSA signatures.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _parse_key(entry: _KeyEntry) -> Key:
    secret = base64.b64decode(entry.secret + "=" * (-len(entry.secret) % 4), altchars=b"-_", validate=True)
    if len(secret) != SECRET_BYTES and not (entry.use is KeyUse.DKIM and len(secret) > SECRET_BYTES):
        raise ValueError(f"the secret of key {entry.id!r} has {len(secret)} bytes; it must have {SECRET_BYTES}")
    if entry.created.tzinfo is None:
        raise ValueError(f"the time of key {entry.id!r} has no time zone")
    return Key(id=entry.id, use=entry.use, created_at=entry.created, secret=secret, retired=entry.retired)


def _describe_error(fault: Exception) -> str:
    """Return the error in one line, without any value from the file."""
    if isinstance(fault, ValidationError):
        first = fault.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        return f"{where}: {first['msg']}"
    return str(fault)
