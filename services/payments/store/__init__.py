"""Payments' collections in MongoDB. The validators make it impossible to store more of a card than this (C18)."""

from services.payments.store.cards import CardDocument, Cards, SeenCardDocument, SeenCards
from services.payments.store.charges import ChargeDocument, Charges
from services.payments.store.refunds import RefundDocument, Refunds

DOCUMENTS = (CardDocument, SeenCardDocument, ChargeDocument, RefundDocument)

__all__ = ["DOCUMENTS", "CardDocument", "Cards", "Charges", "Refunds", "SeenCards"]
