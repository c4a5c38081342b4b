"""The key of each account's names and contents: created with its tree, destroyed first by its erasure."""

from contextlib import suppress
from datetime import timedelta

from cachetools import TTLCache

from services.sync.store.ciphers import KEY_BYTES, AccountCipher
from services.sync.store.documents import AccountKeyDocument
from shared.clock import monotonic
from shared.crypto import Vault, build_associated_data
from shared.ids import random_bytes
from shared.mongo import Database

KEY_CACHE_TTL = timedelta(seconds=30)
"""How long another process may still use a key that one process has destroyed."""
_MAX_CACHED_KEYS = 10_000
_ASSOCIATED_DATA = build_associated_data(AccountKeyDocument, "sealed")


class AccountKeys:
    """Returns the ciphers of accounts, from a cache where possible."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db, self._vault = db, vault
        self._rows = db.get_collection(AccountKeyDocument)
        self._ciphers: TTLCache[str, AccountCipher] = TTLCache(
            _MAX_CACHED_KEYS, KEY_CACHE_TTL.total_seconds(), timer=monotonic
        )
        self._generation = 0

    async def get_cipher(self, account: str) -> AccountCipher | None:
        """Return the cipher of *account*; None when it has no key."""
        with suppress(KeyError):
            return self._ciphers[account]
        generation = self._generation
        row = await self._rows.get(account)
        if row is None:
            return None
        cipher = AccountCipher(account, await self._vault.open(account, _ASSOCIATED_DATA, row.sealed))
        return self._cache_after_commit(cipher, generation)

    async def create(self, account: str) -> AccountCipher:
        """Create the key of *account*, in the transaction that creates its tree."""
        key, generation = random_bytes(KEY_BYTES), self._generation
        await self._rows.insert_one(
            AccountKeyDocument(id=account, sealed=await self._vault.seal(account, _ASSOCIATED_DATA, key))
        )
        cipher = AccountCipher(account, key)
        self._db.after_commit(lambda: self._cache_cipher(cipher, generation))
        return cipher

    async def destroy_key(self, account: str) -> int:
        """Destroy the key of *account*: nothing that it sealed can be read again, here or in a backup."""
        gone = await self._rows.delete_many({"_id": account})
        self._db.after_commit(lambda: self.invalidate(account))
        return gone

    def invalidate(self, account: str) -> None:
        """Drop the cached key; a read that is running now does not put it back."""
        self._generation += 1
        self._ciphers.pop(account, None)

    def _cache_after_commit(self, cipher: AccountCipher, generation: int) -> AccountCipher:
        self._db.after_commit(lambda: self._cache_cipher(cipher, generation))
        return cipher

    def _cache_cipher(self, cipher: AccountCipher, generation: int) -> None:
        if generation == self._generation:
            self._ciphers[cipher.account] = cipher
