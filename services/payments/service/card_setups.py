"""Stores cards that customers enter on the processor's page: their numbers never reach us."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from services.payments.domain import Card, CardSetup, CardSetupState, parse_brand
from services.payments.domain.carding import CardAttempt
from services.payments.errors import CardSetupNotFoundError, ProcessorUnavailableError
from services.payments.ports import (
    CardPage,
    CardPageStatus,
    Processor,
    ProcessorClosedError,
    ProcessorTimeoutError,
)
from services.payments.service.card_page_declines import CardPageDeclines
from services.payments.service.carding import CardingGuard
from services.payments.store import Cards, CardSetups
from shared.ids import NewId
from shared.mongo import Transact

RETRY_AFTER_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSetupService:
    """Starts and completes card setups."""

    processor: Processor
    setups: CardSetups
    cards: Cards
    carding: CardingGuard
    declines: CardPageDeclines
    transact: Transact
    new_id: NewId
    build_return_url: Callable[[str], str]
    """Where the processor's page sends the customer afterwards, by the id of the setup."""

    async def start(self, account_id: str, *, at: datetime, client_address: str = "") -> tuple[CardSetup, str]:
        """Return a new setup, and the address of the processor's page for it.

        Raises CardAttemptsExceededError after too many declines, and ProcessorUnavailableError.
        """
        await self.carding.check(CardAttempt(account_id=account_id, address=client_address), at=at)
        setup_id = self.new_id("cst")
        try:
            page = await self.processor.create_card_page(return_url=self.build_return_url(setup_id), key=setup_id)
        except (ProcessorTimeoutError, ProcessorClosedError):
            raise ProcessorUnavailableError(retry_after=RETRY_AFTER_SECONDS) from None
        setup = CardSetup(
            setup_id=setup_id,
            account_id=account_id,
            page_reference=page.reference,
            card_id=self.new_id("tok"),
            state=CardSetupState.OPEN,
            created_at=at,
        )
        await self.setups.add(setup)
        return setup, page.url

    async def complete(self, account_id: str, setup_id: str, *, at: datetime) -> tuple[CardSetup, Card | None]:
        """Ask the processor about the setup, and store its card once; return the setup and its card, if it has one.

        Raises CardSetupNotFoundError and ProcessorUnavailableError.
        """
        found = await self.setups.get(account_id, setup_id)
        if found is None:
            raise CardSetupNotFoundError
        setup = await self._settle(found, at) if found.state is CardSetupState.OPEN else found
        return setup, await self.cards.get(account_id, setup.card_id)

    async def _settle(self, setup: CardSetup, at: datetime) -> CardSetup:
        page = await self._read_page(setup)
        if page.decline is not None:
            await self.declines.record_decline(page.decline, at=at)
        return await self.transact(lambda: self._record_page(setup, page, at))

    async def _read_page(self, setup: CardSetup) -> CardPage:
        try:
            return await self.processor.get_card_page(setup.page_reference)
        except (ProcessorTimeoutError, ProcessorClosedError):
            raise ProcessorUnavailableError(retry_after=RETRY_AFTER_SECONDS) from None

    async def _record_page(self, setup: CardSetup, page: CardPage, at: datetime) -> CardSetup:
        """Record what the page says, in the ambient transaction: of many callers one stores the card."""
        if page.status is CardPageStatus.OPEN:
            return setup
        state = CardSetupState.EXPIRED if page.card is None else CardSetupState.COMPLETED
        if await self.setups.complete(setup.setup_id, state) and page.card is not None:
            await self.cards.add(
                Card(
                    card_id=setup.card_id,
                    account_id=setup.account_id,
                    last4=page.card.last4,
                    exp_month=page.card.exp_month,
                    exp_year=page.card.exp_year,
                    brand=parse_brand(page.card.brand),
                    processor_ref=page.card.reference,
                    created_at=at,
                )
            )
        return replace(setup, state=state)
