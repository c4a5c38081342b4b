"""Keys and what is done with them: the keyring, sealed values bound to their place, blind indexes, links."""

from shared.crypto.errors import DecryptionError, InvalidTokenError, KeyDestroyedError, PurposeDeniedError
from shared.crypto.keyring import Key, Keyring, KeyUse, make_keyring
from shared.crypto.token_sealer import TokenSealer
from shared.crypto.vault import SubjectKeyDocument, Vault, build_associated_data

__all__ = [
    "DecryptionError",
    "InvalidTokenError",
    "Key",
    "KeyDestroyedError",
    "KeyUse",
    "Keyring",
    "PurposeDeniedError",
    "SubjectKeyDocument",
    "TokenSealer",
    "Vault",
    "build_associated_data",
    "make_keyring",
]
