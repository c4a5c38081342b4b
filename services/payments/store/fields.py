"""The declarations of personal data that the documents share, and the order of lists."""

from typing import Any

from services.payments.domain import decode_position
from shared.personal import UNTIL_ERASED, Category, Personal, retain_for
from shared.policy import Purpose

_PURPOSES = {Purpose.BILLING, Purpose.BILLING_QUESTION, Purpose.REFUND, Purpose.CREDIT, Purpose.EXPORT}
CARD_FIELD = Personal(Category.PAYMENT, _PURPOSES, UNTIL_ERASED)
ACCOUNT_FIELD = Personal(Category.PSEUDONYM, {*_PURPOSES, Purpose.ERASURE}, UNTIL_ERASED)
BOOKS_RETENTION_DAYS = 7 * 365
BOOKKEEPING_FIELD = Personal(Category.PAYMENT, _PURPOSES, retain_for(BOOKS_RETENTION_DAYS))
"""Bookkeeping law requires a purchase to outlive its account, without the person."""

NEWEST_FIRST = [("created_at", -1), ("_id", -1)]


def filter_after(after: str | None) -> dict[str, Any]:
    """Return the filter of what comes after the position *after* in a list that is sorted NEWEST_FIRST."""
    if after is None:
        return {}
    at, row_id = decode_position(after)
    return {"$or": [{"created_at": {"$lt": at}}, {"created_at": at, "_id": {"$lt": row_id}}]}
