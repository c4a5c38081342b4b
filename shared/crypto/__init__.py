"""Key management and encryption: the keyring, subject keys, encrypted values, blind indexes, tokens in links."""

from shared.crypto.errors import DecryptionError, InvalidTokenError, KeyDestroyedError, PurposeDeniedError
from shared.crypto.keyring import Key, Keyring, KeyUse, make_keyring
from shared.crypto.rewrapping import Rewrapper, RewrapResult, WrapKeyInUseError
from shared.crypto.token_sealer import TokenSealer
from shared.crypto.vault import Vault, build_associated_data
from shared.crypto.wrapping import SubjectKeyDocument

__all__ = [
    "DecryptionError",
    "InvalidTokenError",
    "Key",
    "KeyDestroyedError",
    "KeyUse",
    "Keyring",
    "PurposeDeniedError",
    "RewrapResult",
    "Rewrapper",
    "SubjectKeyDocument",
    "TokenSealer",
    "Vault",
    "WrapKeyInUseError",
    "build_associated_data",
    "make_keyring",
]
