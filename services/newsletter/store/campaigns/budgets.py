"""How many emails were sent in the periods that have a limit, counted for all workers together."""

from datetime import timedelta

from services.newsletter.domain.campaigns.limits import BudgetWindow
from services.newsletter.store.campaigns.documents import SendingBudgetDocument
from shared.mongo import Collection, Database, DuplicateError

_KEPT_AFTERWARDS = timedelta(hours=1)


class SendingBudgets:
    """The used part of each window."""

    def __init__(self, db: Database) -> None:
        self._rows: Collection[SendingBudgetDocument] = db.get_collection(SendingBudgetDocument)

    async def reserve_emails(self, window: BudgetWindow, *, wanted: int) -> int:
        """Reserve up to *wanted* emails of a window; return how many, 0 when it is used up."""
        amount = min(wanted, window.limit)
        while amount > 0:
            if await self._try_reserve(window, amount):
                return amount
            row = await self._rows.get(window.key)
            amount = 0 if row is None else min(amount, window.limit - row.used)
        return 0

    async def _try_reserve(self, window: BudgetWindow, amount: int) -> bool:
        fits = {"_id": window.key, "used": {"$lte": window.limit - amount}}
        if await self._rows.update_one(fits, {"$inc": {"used": amount}}):
            return True
        row = SendingBudgetDocument(id=window.key, used=amount, expires_at=window.ends_at + _KEPT_AFTERWARDS)
        try:
            await self._rows.insert_one(row)
        except DuplicateError:
            return False
        return True
