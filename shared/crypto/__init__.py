"""Keys and what is done with them: the keyring, sealed values bound to their place, blind indexes, links."""

from shared.crypto.errors import LinkRefusedError, PurposeRefusedError, SealBrokenError, SubjectForgottenError
from shared.crypto.keyring import Key, Keyring, Use, make_keyring
from shared.crypto.links import Links
from shared.crypto.vault import SubjectKey, Vault, place_of

__all__ = [
    "Key",
    "Keyring",
    "LinkRefusedError",
    "Links",
    "PurposeRefusedError",
    "SealBrokenError",
    "SubjectForgottenError",
    "SubjectKey",
    "Use",
    "Vault",
    "make_keyring",
    "place_of",
]
