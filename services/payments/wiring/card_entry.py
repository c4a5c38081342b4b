"""The two ways in which a card is entered: on the processor's page, or encrypted by the client."""

from services.payments.api import (
    SIMULATED_AUTHENTICATIONS,
    SIMULATED_PAGES,
    CardsApi,
    CardSetupsApi,
    SimulatedAuthenticationsApi,
    SimulatedCardPagesApi,
)
from services.payments.domain import CardEntry
from services.payments.ports import CardDecrypter, CardKeys, CircuitBreaker, Processor, SimulatedPayments
from services.payments.service import (
    CardingGuard,
    CardService,
    CardSetupService,
    SimulatedAuthenticationService,
    SimulatedCardPageService,
)
from services.payments.settings import Settings
from services.payments.wiring.after_charge import build_page_declines
from services.payments.wiring.stores import Stores
from shared.chassis import Chassis
from shared.web import Paginator, Route


def build_card_routes(
    chassis: Chassis, settings: Settings, processor: CircuitBreaker, stores: Stores, *, carding: CardingGuard
) -> tuple[Route, ...]:
    """Return the routes of cards and card setups."""
    entry = CardEntry(settings.card_entry)
    card_service = CardService(
        decrypter=CardDecrypter(CardKeys.from_keyring(chassis.keyring)),
        processor=processor,
        token_sealer=chassis.token_sealer,
        used_stamps=stores.used_stamps,
        cards=stores.cards,
        carding=carding,
        new_id=chassis.new_id,
        card_stamp_ttl=settings.card_stamp_ttl,
    )
    card_setup_service = CardSetupService(
        processor=processor,
        setups=stores.setups,
        cards=stores.cards,
        carding=carding,
        declines=build_page_declines(stores, processor, carding),
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
        build_return_url=lambda setup_id: f"{chassis.settings.public_url}/account/cards/added?setup={setup_id}",
    )
    return (
        *CardsApi(card_service=card_service, entry=entry, paginator=Paginator(chassis.token_sealer)).build_routes(),
        *CardSetupsApi(card_setup_service=card_setup_service, entry=entry).build_routes(),
        *_build_simulated_routes(chassis, processor.processor),
    )


def _build_simulated_routes(chassis: Chassis, processor: Processor) -> tuple[Route, ...]:
    """Return the routes of the simulator's pages; none for a real processor, which has pages of its own."""
    if not isinstance(processor, SimulatedPayments):
        return ()
    processor.page_root = f"{chassis.settings.public_url}{SIMULATED_PAGES}"
    processor.authentication_root = f"{chassis.settings.public_url}{SIMULATED_AUTHENTICATIONS}"
    authentication_service = SimulatedAuthenticationService(payments=processor)
    return (
        *SimulatedCardPagesApi(page_service=SimulatedCardPageService(pages=processor)).build_routes(),
        *SimulatedAuthenticationsApi(authentication_service=authentication_service).build_routes(),
    )
