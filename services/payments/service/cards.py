"""Stores cards as four digits and an expiry date; the full number is never stored (C18).

A client encrypts a card for one of the published keys, with the stamp that came with them: a sealed token with the
account, used once. Its time is that of this server, so the clock of a customer's device plays no part.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.payments.domain import Card, CardDetails
from services.payments.domain.carding import CardAttempt
from services.payments.errors import (
    CardDeclinedError,
    CardNotFoundError,
    CardStampRejectedError,
    ProcessorUnavailableError,
)
from services.payments.ports import (
    CardDecrypter,
    Processor,
    ProcessorClosedError,
    ProcessorDeclinedError,
    ProcessorTimeoutError,
)
from services.payments.service.carding import CardingGuard, count_decline
from services.payments.store import Cards, UsedCardStamps
from shared.crypto import InvalidTokenError, TokenSealer
from shared.ids import NewId
from shared.mongo import Write

_STAMP = "payments.card_stamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardEncryption:
    """What a client needs to encrypt one card: the public keys (RFC 7517) and a stamp for one account."""

    keys: Sequence[Mapping[str, str]]
    stamp: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizedCard:
    """A card that the processor knows, and the writes that store it; the first uses up its stamp, or fails."""

    card: Card
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardService:
    """Stores, lists and deletes cards."""

    decrypter: CardDecrypter
    processor: Processor
    token_sealer: TokenSealer
    used_stamps: UsedCardStamps
    cards: Cards
    carding: CardingGuard
    new_id: NewId
    card_stamp_ttl: timedelta

    def issue_encryption(self, account_id: str, *, at: datetime) -> CardEncryption:
        """Return the public keys and a new stamp for a card of this account; nothing is stored."""
        expires_at = at + self.card_stamp_ttl
        claims = {"account": account_id, "stamp": self.new_id("stp")}
        return CardEncryption(
            keys=self.decrypter.list_public_jwks(at=at),
            stamp=self.token_sealer.issue(_STAMP, claims, expires_at=expires_at),
            expires_at=expires_at,
        )

    async def tokenize(self, account_id: str, jwe: str, *, at: datetime, client_address: str = "") -> TokenizedCard:
        """Send the card to the processor; return its last four digits and expiry date, and the writes that store them.

        The processor is asked under the digest of the ciphertext, so repeating it has no further effect. Raises
        CardDecryptionError, CardStampRejectedError, InvalidCardError, CardAttemptsExceededError, CardDeclinedError and
        ProcessorUnavailableError.
        """
        decrypted = self.decrypter.decrypt(jwe)
        stamp_id = self._open_stamp(account_id, decrypted.stamp, at)
        decrypted.details.require_valid(at=at)
        attempt = CardAttempt(
            account_id=account_id, address=client_address, number_start=decrypted.details.issuer_digits
        )
        await self.carding.check(attempt, at=at)
        details, key = decrypted.details, hashlib.sha256(jwe.encode()).hexdigest()
        card = Card(
            card_id=self.new_id("tok"),
            account_id=account_id,
            last4=details.last4,
            exp_month=details.exp_month,
            exp_year=details.exp_year,
            brand=details.brand,
            processor_ref=await self._tokenize_details(details, attempt, key=key, at=at),
            created_at=at,
        )
        use = self.used_stamps.build_insert(stamp_id, card_id=card.card_id, at=at)
        return TokenizedCard(card=card, writes=(use, self.cards.build_insert(card)))

    async def list_by_account(self, account_id: str, *, after: str | None, limit: int) -> list[Card]:
        """Return up to *limit* cards of the account, newest first, after the position *after*."""
        return await self.cards.list_by_account(account_id, after=after, limit=limit)

    async def delete(self, account_id: str, card_id: str) -> None:
        """Delete a card of this account; raises CardNotFoundError."""
        if not await self.cards.delete(account_id, card_id):
            raise CardNotFoundError

    def _open_stamp(self, account_id: str, stamp: str, at: datetime) -> str:
        """Return the id of *stamp*; CardStampRejectedError for one that is forged, expired or of another account."""
        try:
            claims = self.token_sealer.open(_STAMP, stamp, at=at)
        except InvalidTokenError:
            raise CardStampRejectedError from None
        if claims["account"] != account_id:
            raise CardStampRejectedError
        return claims["stamp"]

    async def _tokenize_details(self, details: CardDetails, attempt: CardAttempt, *, key: str, at: datetime) -> str:
        try:
            stored = await self.processor.tokenize(details, key=key)
        except (ProcessorTimeoutError, ProcessorClosedError):
            raise ProcessorUnavailableError(retry_after=30) from None
        except ProcessorDeclinedError as declined:
            if await self.carding.record_decline(attempt, decline_id=key, at=at):
                count_decline(declined.reason)
            raise CardDeclinedError from None
        return stored.reference
