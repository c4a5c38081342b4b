"""Encrypts cards as the customer's page does, and as an attacker would."""

import json
from collections.abc import Mapping
from datetime import datetime

from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

VISA, MASTERCARD = "4242424242424242", "5555555555554444"
DECLINED, DECLINED_LATER = "4000000000000002", "4000000000000341"
SILENT_ONCE, UNREACHABLE_ONCE = "4000007700000018", "4000007700000026"
CAPTURE_SILENT_ONCE, VOID_SILENT_ONCE, EXPIRED_EARLY = "4000007700000034", "4000007700000042", "4000007700000059"
OTHER_AMOUNT, OTHER_CURRENCY = "4000007700000067", "4000007700000075"
REFUND_SILENT_ONCE, REFUND_NEVER = "4000007700000083", "4000007700000091"
REFUND_FAILS_LATER, REFUND_PENDING = "4000000000005126", "4000000000007726"
REQUIRES_ACTION, ACTION_FAILS, DISPUTED = "4000002500003155", "4000007700000109", "4000000000000259"
ACTION_DECLINED = "4000008260003178"
SECURITY_CODE = "737"


def typed(stamp: str, at: datetime, /, **changed: object) -> dict[str, object]:
    """Return what a customer types, with the stamp that the page adds."""
    return {
        "number": VISA,
        "exp_month": 12,
        "exp_year": at.year + 3,
        "security_code": SECURITY_CODE,
        "stamp": stamp,
        **changed,
    }


def sealed(
    public: Mapping[str, str | None],
    plaintext: object,
    *,
    key: ECKey | RSAKey | OctKey | None = None,
    **header: object,
) -> str:
    """Return *plaintext* as a compact JWE for *public*; *header* changes or adds to its header."""
    names = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": public["kid"], **header}
    raw = plaintext if isinstance(plaintext, bytes) else json.dumps(plaintext).encode()
    algorithms = [
        "ECDH-ES",
        "ECDH-ES+A256KW",
        "RSA-OAEP",
        "dir",
        "A256KW",
        "A256GCM",
        "A128GCM",
        "A256CBC-HS512",
        "DEF",
    ]
    kind = OKPKey if public["kty"] == "OKP" else ECKey
    return jwe.encrypt_compact(names, raw, key or kind.import_key(usable(public)), algorithms=algorithms)


def usable(public: Mapping[str, str | None]) -> dict[str, str | list[str]]:
    """Return a key of an answer without the members that are null."""
    return {name: value for name, value in public.items() if value is not None}
