"""What the fields of payments are held for, and how lists are read."""

from typing import Any

from services.payments.domain import place_in_list
from shared.personal import UNTIL_ERASED, Category, Personal, keep_for
from shared.policy import Purpose

_USES = {Purpose.BILLING, Purpose.BILLING_QUESTION, Purpose.REFUND, Purpose.CREDIT, Purpose.EXPORT}
CARD = Personal(Category.PAYMENT, _USES, UNTIL_ERASED)
OWNER = Personal(Category.PSEUDONYM, {*_USES, Purpose.ERASURE}, UNTIL_ERASED)
BOOKS_KEPT_DAYS = 7 * 365
BOOKED = Personal(Category.PAYMENT, _USES, keep_for(BOOKS_KEPT_DAYS))
"""What accounts must show for a purchase outlives the account; who it was does not."""

NEWEST_FIRST = [("created_at", -1), ("_id", -1)]


def older(after: str | None) -> dict[str, Any]:
    """Return the filter of what comes after the position *after* in a list that is sorted NEWEST_FIRST."""
    if after is None:
        return {}
    at, row_id = place_in_list(after)
    return {"$or": [{"created_at": {"$lt": at}}, {"created_at": at, "_id": {"$lt": row_id}}]}
