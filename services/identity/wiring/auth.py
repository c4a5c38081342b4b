"""Puts together what has to do with who somebody is: log-ins, second factors, step-up, changes of password and address.

A part of the composition root: each service is made once, out of the stores and means that are named here.
"""

from dataclasses import dataclass
from functools import cached_property

from services.identity.emails.security import SecurityEmails
from services.identity.service.accounts.email_change import EmailChangeService
from services.identity.service.authentication.known_devices import KnownDeviceTokens
from services.identity.service.authentication.login import LoginService
from services.identity.service.authentication.otp import OtpService
from services.identity.service.authentication.passkeys import RelyingParty, WebAuthnService
from services.identity.service.authentication.password_change import (
    PasswordChangeService,
    PasswordResetService,
    PasswordSetter,
)
from services.identity.service.authentication.password_hasher import Argon2PasswordHasher
from services.identity.service.authentication.second_factors import SecondFactorService
from services.identity.service.authentication.step_up import StepUpService
from services.identity.service.privacy_requests.erasures import ErasureSaga
from services.identity.service.privacy_requests.scheduled_erasures import ScheduledErasureService
from services.identity.service.privacy_requests.security_export import SecurityDataExport
from services.identity.service.sessions.app_passwords import AppPasswordService
from services.identity.service.sessions.sessions import SessionService
from services.identity.service.transact import Transact
from services.identity.store import (
    Accounts,
    AppPasswords,
    Challenges,
    Credentials,
    EmailChanges,
    LoginThrottle,
    MailCooldowns,
    Passkeys,
    PasswordResets,
    RecoveryCodes,
    ScheduledErasures,
    SecurityEvents,
    Totps,
)
from shared.bus import Outbox
from shared.crypto import TokenSealer, Vault
from shared.ids import NewId
from shared.mongo import Database


@dataclass(frozen=True, kw_only=True)
class AuthModule:
    """The services by name."""

    db: Database
    vault: Vault
    token_sealer: TokenSealer
    outbox: Outbox
    relying_party: RelyingParty
    accounts: Accounts
    credentials: Credentials
    app_passwords: AppPasswords
    email_changes: EmailChanges
    mail_cooldowns: MailCooldowns
    login_throttle: LoginThrottle
    security_events: SecurityEvents
    security_emails: SecurityEmails
    password_hasher: Argon2PasswordHasher
    session_service: SessionService
    app_password_service: AppPasswordService
    transact: Transact
    new_id: NewId

    @cached_property
    def challenges(self) -> Challenges:
        """The challenges."""
        return Challenges(self.db, self.new_id)

    @cached_property
    def totps(self) -> Totps:
        """The apps that make one-time codes."""
        return Totps(self.db, self.vault)

    @cached_property
    def recovery_codes(self) -> RecoveryCodes:
        """The recovery codes."""
        return RecoveryCodes(self.db)

    @cached_property
    def passkeys(self) -> Passkeys:
        """The passkeys."""
        return Passkeys(self.db)

    @cached_property
    def password_resets(self) -> PasswordResets:
        """The forgotten passwords."""
        return PasswordResets(self.db)

    @cached_property
    def scheduled_erasures(self) -> ScheduledErasures:
        """The erasures that are put off."""
        return ScheduledErasures(self.db)

    @cached_property
    def otp_service(self) -> OtpService:
        """Makes and checks codes."""
        return OtpService(
            totps=self.totps,
            recovery_codes=self.recovery_codes,
            security_events=self.security_events,
            transact=self.transact,
            new_id=self.new_id,
        )

    @cached_property
    def webauthn_service(self) -> WebAuthnService:
        """Asks for passkeys."""
        return WebAuthnService(
            relying_party=self.relying_party, passkeys=self.passkeys, challenges=self.challenges, new_id=self.new_id
        )

    @cached_property
    def second_factor_service(self) -> SecondFactorService:
        """Adds and removes second factors."""
        return SecondFactorService(
            accounts=self.accounts,
            credentials=self.credentials,
            otp_service=self.otp_service,
            webauthn_service=self.webauthn_service,
            totps=self.totps,
            passkeys=self.passkeys,
            recovery_codes=self.recovery_codes,
            security_events=self.security_events,
            security_emails=self.security_emails,
            transact=self.transact,
        )

    @cached_property
    def login_service(self) -> LoginService:
        """Checks who somebody is."""
        return LoginService(
            accounts=self.accounts,
            credentials=self.credentials,
            login_throttle=self.login_throttle,
            password_hasher=self.password_hasher,
            session_service=self.session_service,
            second_factor_service=self.second_factor_service,
            otp_service=self.otp_service,
            webauthn_service=self.webauthn_service,
            challenges=self.challenges,
            security_events=self.security_events,
            known_devices=KnownDeviceTokens(self.token_sealer, self.new_id),
            token_sealer=self.token_sealer,
        )

    @cached_property
    def step_up_service(self) -> StepUpService:
        """Confirms sessions once more."""
        return StepUpService(
            login_service=self.login_service,
            second_factor_service=self.second_factor_service,
            webauthn_service=self.webauthn_service,
            session_service=self.session_service,
            security_events=self.security_events,
        )

    @cached_property
    def password_setter(self) -> PasswordSetter:
        """Sets passwords."""
        return PasswordSetter(
            accounts=self.accounts,
            credentials=self.credentials,
            password_hasher=self.password_hasher,
            second_factor_service=self.second_factor_service,
            login_throttle=self.login_throttle,
            password_resets=self.password_resets,
            session_service=self.session_service,
            security_events=self.security_events,
            security_emails=self.security_emails,
            new_id=self.new_id,
        )

    @cached_property
    def password_change_service(self) -> PasswordChangeService:
        """Changes passwords that are known."""
        return PasswordChangeService(
            login_service=self.login_service,
            password_setter=self.password_setter,
            app_passwords=self.app_passwords,
            transact=self.transact,
        )

    @cached_property
    def password_reset_service(self) -> PasswordResetService:
        """Changes passwords that are forgotten."""
        return PasswordResetService(
            accounts=self.accounts,
            password_resets=self.password_resets,
            mail_cooldowns=self.mail_cooldowns,
            password_setter=self.password_setter,
            security_events=self.security_events,
            security_emails=self.security_emails,
            transact=self.transact,
            new_id=self.new_id,
        )

    @cached_property
    def email_change_service(self) -> EmailChangeService:
        """Changes addresses."""
        return EmailChangeService(
            accounts=self.accounts,
            email_changes=self.email_changes,
            scheduled_erasures=self.scheduled_erasures,
            mail_cooldowns=self.mail_cooldowns,
            password_resets=self.password_resets,
            session_service=self.session_service,
            app_password_service=self.app_password_service,
            security_events=self.security_events,
            security_emails=self.security_emails,
            outbox=self.outbox,
            transact=self.transact,
            new_id=self.new_id,
        )

    @cached_property
    def security_export(self) -> SecurityDataExport:
        """Hands over and deletes what is held for an account's security."""
        return SecurityDataExport(
            totps=self.totps,
            recovery_codes=self.recovery_codes,
            passkeys=self.passkeys,
            challenges=self.challenges,
            security_events=self.security_events,
            password_resets=self.password_resets,
            email_changes=self.email_changes,
            scheduled_erasures=self.scheduled_erasures,
        )

    def build_scheduled_erasure_service(self, erasure_saga: ErasureSaga) -> ScheduledErasureService:
        """Plans the erasures that *saga* then does."""
        return ScheduledErasureService(
            login_service=self.login_service,
            accounts=self.accounts,
            scheduled_erasures=self.scheduled_erasures,
            session_service=self.session_service,
            app_password_service=self.app_password_service,
            erasure_saga=erasure_saga,
            security_events=self.security_events,
            security_emails=self.security_emails,
            transact=self.transact,
            new_id=self.new_id,
        )
