"""Sign-up and profile."""

from dataclasses import dataclass

from services.identity.service.accounts.payment_receipts import PaymentReceiptSender
from services.identity.service.accounts.profile import ProfileService, SecurityLogService
from services.identity.service.accounts.registration import AgeScreen, RegistrationService
from services.identity.wiring.auth import AuthModule
from services.identity.wiring.stores import Stores
from shared.chassis import Chassis


@dataclass(frozen=True, kw_only=True)
class AccountModule:
    """The services of accounts."""

    age_screen: AgeScreen
    registration_service: RegistrationService
    profile_service: ProfileService
    security_log_service: SecurityLogService
    payment_receipt_sender: PaymentReceiptSender


def build_account_module(chassis: Chassis, stores: Stores, auth: AuthModule) -> AccountModule:
    """Return the services of accounts."""
    age_screen = AgeScreen(chassis.token_sealer)
    return AccountModule(
        age_screen=age_screen,
        registration_service=RegistrationService(
            age_screen=age_screen,
            password_hasher=auth.password_hasher,
            accounts=stores.accounts,
            credentials=stores.credentials,
            sign_ups=stores.sign_ups,
            email_changes=stores.email_changes,
            ledger=stores.erasure_ledger,
            mail_cooldowns=stores.mail_cooldowns,
            account_emails=stores.account_emails,
            outbox=chassis.outbox,
            transact=chassis.db.with_transaction,
            new_id=chassis.new_id,
        ),
        profile_service=ProfileService(stores.accounts),
        security_log_service=SecurityLogService(stores.security_events),
        payment_receipt_sender=PaymentReceiptSender(accounts=stores.accounts, payment_emails=stores.payment_emails),
    )
