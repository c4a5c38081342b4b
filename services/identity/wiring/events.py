"""What identity consumes and answers on the broker."""

from services.identity.events import IdentityEvents, PaymentEvents
from services.identity.wiring.modules import Modules
from shared.clock import Clock


def build_event_consumers(modules: Modules, clock: Clock) -> IdentityEvents:
    """Return the handlers of events and RPCs."""
    return IdentityEvents(
        trust=modules.sessions.trust,
        contact_resolver=modules.staff.contact_resolver,
        app_password_service=modules.sessions.app_password_service,
        partner_client_service=modules.oauth.partner_client_service,
        agreement_client=modules.oauth.agreement_client,
        erasure_saga=modules.privacy.erasure_saga,
        inspection_notifier=modules.staff.inspection_notifier,
        payment_events=PaymentEvents(modules.accounts.payment_receipt_sender),
        clock=clock,
    )
