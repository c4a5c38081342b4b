"""Decrypts the cards that a customer's browser encrypted: JWE with one algorithm and no compression (RFC 7516)."""

import base64
import json
import re
from datetime import datetime
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError

from services.payments.domain import CardDetails
from services.payments.errors import CardDecryptionError, InvalidCardError
from services.payments.ports.card_keys import KEY_AGREEMENT, CardKeys

ENCRYPTION = "A256GCM"
MAX_JWE_LENGTH = 4096
_HEADER_MEMBERS = frozenset({"alg", "enc", "kid", "epk", "apu", "apv"})
_REQUIRED_MEMBERS = frozenset({"alg", "enc", "kid", "epk"})
# Key agreement has no encrypted key; 12 bytes of nonce, 16 of tag: the lengths leave one spelling for each.
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{22}")


class DecryptedCard:
    """The details of a decrypted card, and the stamp that came with them."""

    __slots__ = ("details", "stamp")

    def __init__(self, details: CardDetails, stamp: str) -> None:
        self.details = details
        self.stamp = stamp


class CardDecrypter:
    """Opens compact JWEs for the keys of this service."""

    def __init__(self, keys: CardKeys) -> None:
        self._keys = keys

    def list_public_jwks(self, *, at: datetime) -> list[dict[str, str]]:
        """Return the public keys to encrypt with at that time, as JWKs (RFC 7517)."""
        return self._keys.list_public_jwks(at=at)

    def decrypt(self, compact_jwe: str) -> DecryptedCard:
        """Return the card of a compact JWE.

        Raises CardDecryptionError, and InvalidCardError with the names of members that are missing, unknown or of
        another type; neither has anything of the content.
        """
        try:
            members = json.loads(self.open(compact_jwe), object_pairs_hook=_to_unique_dict)
        except (ValueError, RecursionError):
            raise CardDecryptionError from None
        if not isinstance(members, dict):
            raise CardDecryptionError
        stamp = members.pop("stamp", None)
        if not isinstance(stamp, str):
            raise InvalidCardError.from_names(["stamp"])
        return DecryptedCard(CardDetails.parse(members), stamp)

    def open(self, compact_jwe: str) -> bytes:
        """Return the plaintext of a compact JWE; raises CardDecryptionError without anything of its content."""
        if len(compact_jwe) > MAX_JWE_LENGTH or not _COMPACT.fullmatch(compact_jwe):
            raise CardDecryptionError
        try:
            header = _parse_header(compact_jwe)
            opened = jwe.decrypt_compact(compact_jwe, self._find_key(header), algorithms=[KEY_AGREEMENT, ENCRYPTION])
        except (JoseError, ValueError, KeyError, TypeError, RecursionError):
            raise CardDecryptionError from None  # the cause may contain what was typed
        return opened.plaintext or b""

    def _find_key(self, header: dict[str, Any]) -> Any:
        key = self._keys.find_key(header["kid"])
        if key is None:
            raise CardDecryptionError
        return key


def _parse_header(compact_jwe: str) -> dict[str, Any]:
    """Return the protected header, checked before anything is decrypted: zip allows a decompression bomb."""
    first = compact_jwe.partition(".")[0]
    header = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)), object_pairs_hook=_to_unique_dict)
    if not isinstance(header, dict) or not _REQUIRED_MEMBERS <= set(header) <= _HEADER_MEMBERS:
        raise CardDecryptionError
    if (header["alg"], header["enc"]) != (KEY_AGREEMENT, ENCRYPTION):
        raise CardDecryptionError
    return header


def _to_unique_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("a name occurs twice")
    return unique
