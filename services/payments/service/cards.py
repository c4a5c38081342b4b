"""Stores cards as four digits and an expiry date; the full number is never stored (C18)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.payments.domain import Card, CardDetails, detect_brand
from services.payments.errors import (
    CardDeclinedError,
    CardNotFoundError,
    CardPayloadRejectedError,
    InvalidCardError,
    ProcessorUnavailableError,
)
from services.payments.ports import (
    CardDecrypter,
    DecryptedCard,
    Processor,
    ProcessorClosedError,
    ProcessorDeclinedError,
    ProcessorTimeoutError,
)
from services.payments.store import Cards, UsedCardPayloads
from shared.ids import NewId

CLOCK_SKEW = timedelta(seconds=60)
"""How far the clock of a customer's device may be ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardService:
    """Stores, lists and deletes cards."""

    decrypter: CardDecrypter
    processor: Processor
    used_payloads: UsedCardPayloads
    cards: Cards
    new_id: NewId
    card_payload_ttl: timedelta

    def public_key(self) -> Mapping[str, str]:
        """Return the public key that a page encrypts cards with (RFC 7517)."""
        return self.decrypter.public_jwk()

    async def tokenize(self, account_id: str, jwe: str, *, idempotency_key: str, at: datetime) -> Card:
        """Send the card to the processor and store four digits and the expiry date, once for each *idempotency_key*.

        Raises CardDecryptionError, CardPayloadRejectedError, InvalidCardError, CardDeclinedError and
        ProcessorUnavailableError.
        """
        decrypted = self.decrypter.decrypt(jwe)
        details = self._validate_details(account_id, decrypted, at)
        card_id = await self.used_payloads.consume(
            decrypted.digest, idempotency_key=idempotency_key, card_id=self.new_id("tok"), at=at
        )
        if card_id is None:
            raise CardPayloadRejectedError
        card = Card(
            card_id=card_id,
            account_id=account_id,
            last4=details.number[-4:],
            exp_month=details.exp_month,
            exp_year=details.exp_year,
            brand=detect_brand(details.number),
            processor_ref=await self._tokenize_details(details, key=decrypted.digest),
            created_at=at,
        )
        await self.cards.add(card)
        return card

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[Card]:
        """Return up to *limit* cards of the account, newest first, after the position *after*."""
        return await self.cards.list_by_account(account_id, after=after, limit=limit)

    async def delete(self, account_id: str, card_id: str) -> None:
        """Delete a card of this account; raises CardNotFoundError."""
        if not await self.cards.delete(account_id, card_id):
            raise CardNotFoundError

    def _validate_details(self, account_id: str, decrypted: DecryptedCard, at: datetime) -> CardDetails:
        try:
            age = at - datetime.fromisoformat(str(decrypted.fields["issued_at"]))
            details = CardDetails.parse(decrypted.fields)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise InvalidCardError from None  # the cause contains what was typed
        if decrypted.fields.get("account_id") != account_id or not -CLOCK_SKEW <= age <= self.card_payload_ttl:
            raise CardPayloadRejectedError
        if not details.is_valid(at):
            raise InvalidCardError
        return details

    async def _tokenize_details(self, details: CardDetails, *, key: str) -> str:
        try:
            stored = await self.processor.tokenize(details, key=key)
        except (ProcessorTimeoutError, ProcessorClosedError):
            raise ProcessorUnavailableError(retry_after=30) from None
        except ProcessorDeclinedError:
            raise CardDeclinedError from None
        return stored.reference
