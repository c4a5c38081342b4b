"""The declarations of personal data that the documents share."""

from shared.personal import UNTIL_ERASED, UNTIL_ERASED_OR_UNUSED, Category, Personal, retain_for
from shared.policy import Purpose

_PURPOSES = {Purpose.BILLING, Purpose.BILLING_QUESTION, Purpose.REFUND, Purpose.CREDIT, Purpose.EXPORT}
CARD_FIELD = Personal(Category.PAYMENT, _PURPOSES, UNTIL_ERASED_OR_UNUSED)
"""A card without an open charge goes when its last charge is past the refund window (``card_retention``)."""
ACCOUNT_FIELD = Personal(Category.PSEUDONYM, {*_PURPOSES, Purpose.ERASURE}, UNTIL_ERASED)
BOOKS_RETENTION_DAYS = 7 * 365
BOOKKEEPING_FIELD = Personal(Category.PAYMENT, _PURPOSES, retain_for(BOOKS_RETENTION_DAYS))
"""Bookkeeping law requires a purchase to outlive its account, without the person."""
