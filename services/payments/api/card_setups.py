"""Card setups over HTTP: the customer enters the card on the processor's page."""

from dataclasses import dataclass

from services.payments.api.cards import CARD_RATE_LIMIT, CardView, render_card
from services.payments.domain import Card, CardEntry, CardSetup
from services.payments.errors import (
    CardAttemptsExceededError,
    CardSetupNotFoundError,
    HostedEntryDisabledError,
    ProcessorUnavailableError,
)
from services.payments.service import CardSetupService
from shared.web import PUBLIC, RequestContext, Route, View, customer, get, post


class CardEntryView(View):
    """How a card is entered here: on the processor's page (*hosted*), or encrypted by the client (*direct*)."""

    hosted: bool
    direct: bool


class CardSetupView(View):
    """A card setup: ``open``, ``completed`` or ``expired``. *url* is given once; *card* when it is completed."""

    setup_id: str
    state: str
    url: str | None
    card: CardView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSetupsApi:
    """The handlers of card setups."""

    card_setup_service: CardSetupService
    entry: CardEntry

    def build_routes(self) -> tuple[Route, ...]:
        """Return the routes of card setups."""
        root = "/v1/payments"
        return (
            get(f"{root}/card-entry", self.get_card_entry, access=PUBLIC, summary="Get the ways to enter a card"),
            post(
                f"{root}/card-setups",
                self.create_card_setup,
                access=customer(),
                status=201,
                idempotent=True,
                limit=CARD_RATE_LIMIT,
                errors=(HostedEntryDisabledError, CardAttemptsExceededError, ProcessorUnavailableError),
            ),
            post(
                f"{root}/card-setups/{{setup_id}}/completions",
                self.complete_card_setup,
                access=customer(),
                status=200,
                errors=(CardSetupNotFoundError, ProcessorUnavailableError),
            ),
        )

    async def get_card_entry(self, _call: RequestContext) -> CardEntryView:
        """Return which of the two ways are open on this platform."""
        return CardEntryView(hosted=self.entry.is_hosted, direct=self.entry.is_direct)

    async def create_card_setup(self, call: RequestContext) -> CardSetupView:
        """Start a card setup.

        Send the customer to *url*, a page of the card processor. It sends them back to /account/cards/added?setup=…;
        complete the setup then. No card number reaches this platform.
        """
        if not self.entry.is_hosted:
            raise HostedEntryDisabledError
        setup, url = await self.card_setup_service.start(
            call.principal.id, at=call.now, client_address=call.client_address
        )
        return _render_setup(setup, url=url)

    async def complete_card_setup(self, call: RequestContext) -> CardSetupView:
        """Complete a card setup.

        Asks the processor what became of it and stores the card, once. While the customer has entered no card, the
        setup stays open; call again later.
        """
        setup, card = await self.card_setup_service.complete(call.principal.id, call.path["setup_id"], at=call.now)
        return _render_setup(setup, card=card)


def _render_setup(setup: CardSetup, *, url: str | None = None, card: Card | None = None) -> CardSetupView:
    return CardSetupView(
        setup_id=setup.setup_id,
        state=setup.state.value,
        url=url,
        card=None if card is None else render_card(card),
    )
