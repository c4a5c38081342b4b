"""Counts the cards that are declined on the processor's page, where only the processor sees them."""

from dataclasses import dataclass
from datetime import datetime

from services.payments.domain.carding import CardAttempt
from services.payments.ports import CardPageDecline, Processor
from services.payments.service.carding import CardingGuard, count_decline
from services.payments.store import CardSetups


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPageDeclines:
    """Learns of a decline from an event of the processor, and when a customer comes back from its page."""

    processor: Processor
    setups: CardSetups
    carding: CardingGuard

    async def settle_decline(self, setup_reference: str, *, at: datetime) -> bool:
        """Count the decline that an event names. True also when the setup is gone: its account was erased."""
        decline = await self.processor.find_page_decline(setup_reference)
        if decline is not None:
            await self.record_decline(decline, at=at)
        return True

    async def record_decline(self, decline: CardPageDecline, *, at: datetime) -> None:
        """Count a decline for the account of the setup, once however often it is reported."""
        setup = await self.setups.find_by_id(decline.page_key)
        if setup is None:
            return
        attempt = CardAttempt(account_id=setup.account_id, address="")
        if await self.carding.record_decline(attempt, decline_id=decline.decline_id, at=at):
            count_decline(decline.reason)
