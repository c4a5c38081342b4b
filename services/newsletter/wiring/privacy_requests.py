"""Export and erasure of an account's data."""

from dataclasses import dataclass
from datetime import timedelta

from services.newsletter.service.inbound.review import MailReview
from services.newsletter.service.privacy_requests.erasure import AccountEraser
from services.newsletter.service.privacy_requests.export import AccountExport
from services.newsletter.service.subscriptions.unsubscribe import UnsubscribeService
from services.newsletter.store import SUPPRESSION_RETENTION_DAYS
from services.newsletter.wiring.stores import Stores
from shared.chassis import Chassis
from shared.privacy import ErasureConsumer, ExportServer


@dataclass(frozen=True, kw_only=True)
class PrivacyRequestModule:
    """The services of privacy requests."""

    account_export: AccountExport
    erasure_consumer: ErasureConsumer
    export_server: ExportServer


def build_privacy_request_module(
    chassis: Chassis, stores: Stores, unsubscribe_service: UnsubscribeService, mail_review: MailReview
) -> PrivacyRequestModule:
    """Return the services of privacy requests."""
    account_export = AccountExport(
        lists=stores.lists,
        subscriptions=stores.subscriptions,
        suppressions=stores.suppressions,
        deliveries=stores.deliveries,
    )
    return PrivacyRequestModule(
        account_export=account_export,
        erasure_consumer=ErasureConsumer(
            service="newsletter",
            account_eraser=AccountEraser(
                unsubscribe_service=unsubscribe_service,
                mail_review=mail_review,
                suppression_retention=timedelta(days=SUPPRESSION_RETENTION_DAYS),
            ),
            outbox=chassis.outbox,
            clock=chassis.clock,
        ),
        export_server=ExportServer(service="newsletter", account_export=account_export),
    )
