"""Return addresses (VERP): the MAIL FROM of an email names its service and its id, signed and with an expiry.

A report to such an address proves that its sender has seen the envelope of that very email. Nothing else about a report
does: its text and its headers are easily forged.

The service is not written into the address, because a local part has at most 64 octets (RFC 5321 4.5.3.1.1): each
service signs with a key of its own, and the verifier, which can derive all of them, tries each. A stolen key of one
service signs nothing for another.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from shared.ids import BASE32_ALPHABET, encode_base32
from shared.settings import Secret, SettingError

RETURN_PATH_PREFIX = "bounce+"
RETURN_PATH_TTL = timedelta(days=60)
"""Longer than any queue retries (5 days) and than most complaints take (30 days)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAIL_ID = re.compile(rf"mail_([{BASE32_ALPHABET}]{{26}})")
_LOCAL_PART = re.compile(rf"bounce\+([{BASE32_ALPHABET}]{{26}})([{BASE32_ALPHABET}]{{4}})([{BASE32_ALPHABET}]{{20}})")
_DAY_CHARS = 4
_MAC_BITS = 100
_MIN_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPath:
    """What a genuine return address says."""

    service: str
    mail_id: str
    expires_at: datetime

    def is_expired(self, at: datetime) -> bool:
        """Return whether a report that arrives *at* that time is too late to count."""
        return at >= self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPathSigner:
    """Makes the return addresses of one service."""

    domain: str
    """The domain whose MX is the listener; in lower case, ASCII."""
    key: Secret

    @classmethod
    def from_settings(cls, domain: str | None, key: Secret | None) -> Self | None:
        """Return the signer, or None unless both are set: bounces then go to the From address."""
        if domain is None or key is None:
            return None
        if len(key.get_secret_value()) < _MIN_KEY_LENGTH:
            raise SettingError(f"CANDOR_RETURN_PATH_KEY must have at least {_MIN_KEY_LENGTH} characters")
        return cls(domain=domain, key=key)

    def build_address(self, mail_id: str, *, at: datetime) -> str:
        """Return the address for MAIL FROM; the same for every attempt when *at* is when the email was queued.

        *mail_id* is ``mail_`` and 26 characters of base 32, as ``new_id("mail")`` makes it.
        """
        matched = _MAIL_ID.fullmatch(mail_id)
        if matched is None:
            raise ValueError("a return address needs a mail id: mail_ and 26 characters of base 32")
        # One day more, so that an address lives at least its whole time.
        day = encode_base32((at + RETURN_PATH_TTL - _EPOCH).days + 1, _DAY_CHARS)
        mac = _compute_mac(self.key.get_secret_value(), matched[1], day)
        return f"{RETURN_PATH_PREFIX}{matched[1]}{day}{mac}@{self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPathVerifier:
    """Verifies the return addresses of all services."""

    keys: tuple[tuple[str, str], ...]
    """Pairs of service and key."""

    @classmethod
    def from_masters(cls, masters: Secret, services: Iterable[str]) -> Self:
        """Return the verifier for the master keys, separated by commas; during a rotation there are two."""
        found = [each.strip() for each in masters.get_secret_value().split(",")]
        if any(len(each) < _MIN_KEY_LENGTH for each in found):
            raise SettingError(f"NEWSLETTER_RETURN_PATH_MASTER: each key has at least {_MIN_KEY_LENGTH} characters")
        names = list(services)
        return cls(keys=tuple((name, derive_return_path_key(each, name)) for each in found for name in names))

    def verify(self, address: str) -> ReturnPath | None:
        """Return what *address* says, None when no service signed it; the caller looks at the expiry.

        Letter case does not matter: some relays change it. Neither does the domain, which is the listener's business.
        """
        matched = _LOCAL_PART.fullmatch(address.rpartition("@")[0].lower() or address.lower())
        if matched is None:
            return None
        unique, day, mac = matched.groups()
        for service, key in self.keys:
            if hmac.compare_digest(_compute_mac(key, unique, day), mac):
                expires_at = _EPOCH + timedelta(days=_decode(day))
                return ReturnPath(service=service, mail_id=f"mail_{unique}", expires_at=expires_at)
        return None


def derive_return_path_key(master: str, service: str) -> str:
    """Return the key of *service*: the hexadecimal SHA-256 of ``master:service``, so that a chart can compute it, too.

    Names of services have only letters and digits, so extending the hash of one never makes the key of another.
    """
    return hashlib.sha256(f"{master}:{service}".encode()).hexdigest()


def _compute_mac(key: str, unique: str, day: str) -> str:
    digest = hmac.digest(key.encode(), f"candor.return-path.v1:{unique}:{day}".encode(), "sha256")
    return encode_base32(int.from_bytes(digest) >> (256 - _MAC_BITS), _MAC_BITS // 5)


def _decode(text: str) -> int:
    number = 0
    for char in text:
        number = number << 5 | BASE32_ALPHABET.index(char)
    return number
