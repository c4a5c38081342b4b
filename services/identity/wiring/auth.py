"""Authentication: login, second factors, step-up, and changes of password and email address."""

from dataclasses import dataclass

from services.identity.domain.authentication.breached import BUNDLED_FILE, BreachedFileError, BreachedPasswords
from services.identity.service.accounts.email_change import EmailChangeService
from services.identity.service.authentication.known_devices import KnownDeviceTokens
from services.identity.service.authentication.login import LoginService
from services.identity.service.authentication.otp import OtpService
from services.identity.service.authentication.passkeys import RelyingParty, WebAuthnService
from services.identity.service.authentication.password_change import PasswordChangeService, PasswordSetter
from services.identity.service.authentication.password_hasher import Argon2Parameters, Argon2PasswordHasher
from services.identity.service.authentication.password_reset import PasswordResetService
from services.identity.service.authentication.second_factors import SecondFactorService
from services.identity.service.authentication.step_up import StepUpService
from services.identity.service.privacy_requests.security_export import SecurityDataExport
from services.identity.settings import BREACHED_PASSWORDS_SETTING, Settings
from services.identity.wiring.sessions import SessionModule
from services.identity.wiring.stores import Stores
from shared.chassis import Chassis
from shared.settings import SettingError


@dataclass(frozen=True, kw_only=True)
class AuthModule:
    """The services that authenticate a person, and change their credentials."""

    password_hasher: Argon2PasswordHasher
    second_factor_service: SecondFactorService
    login_service: LoginService
    step_up_service: StepUpService
    password_change_service: PasswordChangeService
    password_reset_service: PasswordResetService
    email_change_service: EmailChangeService
    security_export: SecurityDataExport


def build_auth_module(chassis: Chassis, stores: Stores, sessions: SessionModule, settings: Settings) -> AuthModule:
    """Return the services of authentication; SettingError for a file of breached passwords that cannot be read."""
    password_hasher = _build_password_hasher(settings)
    relying_party = RelyingParty.from_url(settings.common.public_url)
    webauthn_service = WebAuthnService(
        relying_party=relying_party, passkeys=stores.passkeys, challenges=stores.challenges, new_id=chassis.new_id
    )
    otp_service = OtpService(
        totps=stores.totps,
        recovery_codes=stores.recovery_codes,
        security_events=stores.security_events,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
    )
    second_factor_service = _build_second_factor_service(chassis, stores, otp_service, webauthn_service)
    login_service = LoginService(
        accounts=stores.accounts,
        credentials=stores.credentials,
        login_throttle=stores.login_throttle,
        password_hasher=password_hasher,
        session_service=sessions.session_service,
        second_factor_service=second_factor_service,
        otp_service=otp_service,
        webauthn_service=webauthn_service,
        challenges=stores.challenges,
        security_events=stores.security_events,
        known_devices=KnownDeviceTokens(chassis.token_sealer, chassis.new_id),
        token_sealer=chassis.token_sealer,
    )
    password_setter = _build_password_setter(
        chassis, stores, sessions, password_hasher=password_hasher, second_factor_service=second_factor_service
    )
    return AuthModule(
        password_hasher=password_hasher,
        second_factor_service=second_factor_service,
        login_service=login_service,
        step_up_service=StepUpService(
            login_service=login_service,
            second_factor_service=second_factor_service,
            webauthn_service=webauthn_service,
            session_service=sessions.session_service,
            security_events=stores.security_events,
        ),
        password_change_service=PasswordChangeService(
            login_service=login_service,
            password_setter=password_setter,
            app_passwords=stores.app_passwords,
            transact=chassis.db.with_transaction,
        ),
        password_reset_service=_build_password_reset_service(chassis, stores, password_setter),
        email_change_service=_build_email_change_service(chassis, stores, sessions),
        security_export=_build_security_export(stores),
    )


def load_breached_passwords(settings: Settings) -> list[BreachedPasswords]:
    """Return the bundled list and the operator's, if there is one; SettingError when a file cannot be read."""
    try:
        return [BreachedPasswords(path) for path in (BUNDLED_FILE, settings.breached_passwords) if path is not None]
    except (OSError, BreachedFileError) as fault:
        raise SettingError(f"{BREACHED_PASSWORDS_SETTING}: {fault}") from fault


def _build_password_hasher(settings: Settings) -> Argon2PasswordHasher:
    return Argon2PasswordHasher(
        threads=settings.argon2_threads,
        max_waiting=settings.argon2_queue_size,
        parameters=Argon2Parameters(memory_kib=settings.argon2_memory_kib, rounds=settings.argon2_rounds),
        breached=load_breached_passwords(settings),
    )


def _build_second_factor_service(
    chassis: Chassis, stores: Stores, otp_service: OtpService, webauthn_service: WebAuthnService
) -> SecondFactorService:
    return SecondFactorService(
        accounts=stores.accounts,
        credentials=stores.credentials,
        otp_service=otp_service,
        webauthn_service=webauthn_service,
        totps=stores.totps,
        passkeys=stores.passkeys,
        recovery_codes=stores.recovery_codes,
        security_events=stores.security_events,
        security_emails=stores.security_emails,
        transact=chassis.db.with_transaction,
    )


def _build_password_setter(
    chassis: Chassis,
    stores: Stores,
    sessions: SessionModule,
    *,
    password_hasher: Argon2PasswordHasher,
    second_factor_service: SecondFactorService,
) -> PasswordSetter:
    return PasswordSetter(
        accounts=stores.accounts,
        credentials=stores.credentials,
        password_hasher=password_hasher,
        second_factor_service=second_factor_service,
        login_throttle=stores.login_throttle,
        password_resets=stores.password_resets,
        session_service=sessions.session_service,
        security_events=stores.security_events,
        security_emails=stores.security_emails,
        new_id=chassis.new_id,
    )


def _build_password_reset_service(
    chassis: Chassis, stores: Stores, password_setter: PasswordSetter
) -> PasswordResetService:
    return PasswordResetService(
        accounts=stores.accounts,
        password_resets=stores.password_resets,
        mail_cooldowns=stores.mail_cooldowns,
        password_setter=password_setter,
        security_events=stores.security_events,
        security_emails=stores.security_emails,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
    )


def _build_email_change_service(chassis: Chassis, stores: Stores, sessions: SessionModule) -> EmailChangeService:
    return EmailChangeService(
        accounts=stores.accounts,
        email_changes=stores.email_changes,
        scheduled_erasures=stores.scheduled_erasures,
        mail_cooldowns=stores.mail_cooldowns,
        password_resets=stores.password_resets,
        session_service=sessions.session_service,
        app_password_service=sessions.app_password_service,
        security_events=stores.security_events,
        security_emails=stores.security_emails,
        outbox=chassis.outbox,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
    )


def _build_security_export(stores: Stores) -> SecurityDataExport:
    return SecurityDataExport(
        totps=stores.totps,
        recovery_codes=stores.recovery_codes,
        passkeys=stores.passkeys,
        challenges=stores.challenges,
        security_events=stores.security_events,
        password_resets=stores.password_resets,
        email_changes=stores.email_changes,
        scheduled_erasures=stores.scheduled_erasures,
    )
