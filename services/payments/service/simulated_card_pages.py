"""The page of the simulated processor: it stands in for a real processor's page, on one machine only."""

from dataclasses import dataclass

from services.payments.errors import CardSetupNotFoundError
from services.payments.ports import CARD_CHOICES, ProcessorRejectedError, SimulatedCardPages


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCardPageService:
    """Lists the test cards, and takes the one that a customer chose."""

    pages: SimulatedCardPages

    async def list_choices(self, reference: str) -> list[str]:
        """Return the names of the test cards; raises CardSetupNotFoundError for a page that was not opened."""
        try:
            await self.pages.get_card_page(reference)
        except ProcessorRejectedError:
            raise CardSetupNotFoundError from None
        return list(CARD_CHOICES)

    async def choose_card(self, reference: str, choice: str | None) -> str:
        """Take the test card *choice*, or none; return where the customer goes. Raises CardSetupNotFoundError."""
        try:
            return await self.pages.choose_card(reference, choice if choice in CARD_CHOICES else None)
        except ProcessorRejectedError:
            raise CardSetupNotFoundError from None
