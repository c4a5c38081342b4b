"""Wishes that wait for their confirmation."""

from datetime import datetime

from services.newsletter.domain import Wish
from services.newsletter.store.documents import WishDocument, address_index
from shared.crypto import Vault, place_of
from shared.mongo import Collection, Database
from shared.policy import Purpose

_MOST = 500


class Wishes:
    """The wishes; whoever removes one also destroys its key."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._rows: Collection[WishDocument] = db.collection(WishDocument)
        self._vault = vault

    async def add(self, wish: Wish, email: str) -> None:
        """Keep a wish until it expires; DuplicateError when there is one of this address for this list."""
        sealed = await self._vault.seal(wish.wish_id, place_of(WishDocument, "email"), email.encode())
        await self._rows.insert(
            WishDocument(
                id=wish.wish_id,
                list_id=wish.list_id,
                account_id=wish.account_id,
                address_index=address_index(self._vault, email),
                email=sealed,
                wording=wish.wording,
                how=wish.how,
                created_at=wish.asked_at,
                expires_at=wish.expires_at,
            )
        )

    async def of_address(self, email: str) -> list[Wish]:
        """Return what was asked for an address, for whatever lists."""
        where = {"address_index": address_index(self._vault, email)}
        return [_wish(row) for row in await self._rows.list(where, limit=_MOST)]

    async def of_account(self, account_id: str) -> list[Wish]:
        """Return what an account has asked for."""
        return [_wish(row) for row in await self._rows.list({"account_id": account_id}, limit=_MOST)]

    async def open(self, wish_id: str, purpose: Purpose) -> tuple[Wish, str] | None:
        """Return a wish and its address."""
        row = await self._rows.get(wish_id)
        return (_wish(row), await self._vault.reveal(row, "email", purpose)) if row else None

    async def remove(self, wish_id: str) -> bool:
        """Take a wish away."""
        return await self._rows.delete({"_id": wish_id}, many=False) == 1

    async def expired(self, at: datetime) -> list[str]:
        """Return the ids of wishes whose time is over."""
        rows = await self._rows.list({"expires_at": {"$lte": at}}, sort=["expires_at"], limit=_MOST)
        return [row.id for row in rows]


def _wish(row: WishDocument) -> Wish:
    return Wish(
        wish_id=row.id,
        list_id=row.list_id,
        account_id=row.account_id,
        wording=row.wording,
        how=row.how,
        asked_at=row.created_at,
        expires_at=row.expires_at,
    )
