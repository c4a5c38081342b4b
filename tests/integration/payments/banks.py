"""The two processors as the behaviour suite sees them: the port, and what happens on the bank's side."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest

from services.payments.ports import CardPage, Processor, SimulatedProcessor, SimulatorBooks
from services.payments.ports.stripe import StripeProcessor, open_stripe
from tests.support.cards import DECLINED, VISA
from tests.support.stripe import StripeWrapper, localstripe, localstripe_python

TIMEOUT = timedelta(seconds=5)


class Bank(Protocol):
    """A processor, and the bank behind it."""

    @property
    def processor(self) -> Processor:
        """The port."""
        ...

    async def authenticate(self, payment_id: str) -> None:
        """Do what the customer does on the bank's page."""

    async def count_payments(self, charge_id: str) -> int:
        """Return how many payments of a charge hold or took money."""

    async def enter_card(self, page: CardPage, *, is_declined: bool = False) -> str:
        """Do what the customer does on the processor's page: enter a card; return the id that an event would name."""
        ...


@dataclass
class SimulatedBank:
    """The simulator and its books."""

    processor: SimulatedProcessor
    books: SimulatorBooks

    async def authenticate(self, payment_id: str) -> None:
        await self.processor.authenticate(payment_id)

    async def count_payments(self, charge_id: str) -> int:
        query = "SELECT COUNT(*) FROM payments WHERE charge_id = ? AND status IN ('authorized', 'captured')"
        return int(await self.books.run(lambda books: books.execute(query, (charge_id,)).fetchone()[0]))

    async def enter_card(self, page: CardPage, *, is_declined: bool = False) -> str:
        await self.processor.choose_card(page.reference, "Declined when it is stored" if is_declined else "Visa")
        return page.reference.replace("simcp_", "simseti_")


@dataclass
class StripeBank:
    """The Stripe adapter, and localstripe behind the wrapper."""

    processor: StripeProcessor
    wrapper: StripeWrapper

    async def authenticate(self, payment_id: str) -> None:
        await self.wrapper.rules.authenticate(payment_id)

    async def count_payments(self, charge_id: str) -> int:
        return await self.wrapper.rules.count_payments(charge_id)

    async def enter_card(self, page: CardPage, *, is_declined: bool = False) -> str:
        return await self.wrapper.rules.enter_card(page.reference, DECLINED if is_declined else VISA)


@asynccontextmanager
async def simulated_bank(path: Path | None = None) -> AsyncIterator[SimulatedBank]:
    """Open the simulator with books of its own."""
    books = SimulatorBooks(path)
    processor = SimulatedProcessor(books)
    yield SimulatedBank(processor, books)
    await processor.close()


@asynccontextmanager
async def stripe_bank(folder: Path, *, is_live: bool = False) -> AsyncIterator[StripeBank]:
    """Open the Stripe adapter on a localstripe of its own, with its files in *folder*."""
    if localstripe_python() is None:
        pytest.skip("localstripe is not installed")
    async with localstripe(folder) as upstream, StripeWrapper(upstream).serving() as wrapper:
        connection = open_stripe(api_key="sk_test_candor", api_base=wrapper.url, timeout=TIMEOUT)
        processor = StripeProcessor(connection, timeout=TIMEOUT, is_live=is_live)
        yield StripeBank(processor, wrapper)
        await processor.close()
