"""Payments' collections in MongoDB. The validators make it impossible to store more of a card than this (C18)."""

from services.payments.store.cards import CardDocument, Cards, UsedCardPayloadDocument, UsedCardPayloads
from services.payments.store.charges import ChargeDocument, Charges
from services.payments.store.refunds import RefundDocument, Refunds

DOCUMENTS = (CardDocument, UsedCardPayloadDocument, ChargeDocument, RefundDocument)

__all__ = ["DOCUMENTS", "CardDocument", "Cards", "Charges", "Refunds", "UsedCardPayloads"]
