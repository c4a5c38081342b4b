"""The composition root of identity: opens nothing itself, wires everything, reads from top to bottom."""

from services.identity.api import (
    AbuseReportsApi,
    AccountsApi,
    AdminActionsApi,
    AppPasswordsApi,
    LoginApi,
    OAuthApi,
    PartnerAccessApi,
    PartnerClientsApi,
    PasswordChangesApi,
    PrivacyRequestsApi,
    SecondFactorsApi,
    SecurityLogApi,
    SessionsApi,
)
from services.identity.domain.authentication.breached import BUNDLED_FILE, BreachedFileError, BreachedPasswords
from services.identity.domain.authentication.passwords import validate_password
from services.identity.domain.oauth.clients import PublicClient
from services.identity.domain.sessions.access import Role
from services.identity.emails.account import AccountEmails
from services.identity.emails.security import SecurityEmails
from services.identity.emails.staff import StaffEmails
from services.identity.events import IdentityEvents
from services.identity.promises import IdentityProbes
from services.identity.service.accounts.profile import SecurityLogService
from services.identity.service.accounts.registration import AgeScreen, ProfileService, RegistrationService
from services.identity.service.authentication.passkeys import RelyingParty
from services.identity.service.authentication.password_hasher import Argon2Parameters, Argon2PasswordHasher
from services.identity.service.oauth.agreement_client import AgreementClient
from services.identity.service.oauth.authorization_code import AuthorizationCodeGrant, ClientRegistry
from services.identity.service.oauth.partner_access import PartnerAccessService
from services.identity.service.oauth.partner_clients import PartnerClientService
from services.identity.service.oauth.token_service import TokenService
from services.identity.service.privacy_requests.account_export import AccountExport
from services.identity.service.privacy_requests.archive import ExportArchiver
from services.identity.service.privacy_requests.erasures import AccountEraser, ErasureSaga
from services.identity.service.privacy_requests.exports import ExportSaga
from services.identity.service.sessions.app_passwords import AppPasswordService
from services.identity.service.sessions.sessions import SessionRevoker, SessionService
from services.identity.service.sessions.tokens import LocalTokenTrust, RefreshTokens, SigningKeys
from services.identity.service.staff.contacts import ContactResolver
from services.identity.service.staff.inspection_notice import InspectionNotifier
from services.identity.service.staff.provisioning import StaffAccountSpec, StaffProvisioner
from services.identity.settings import BREACHED_PASSWORDS_SETTING, STAFF_SETTING, Settings, StaffEntry
from services.identity.store import (
    DOCUMENTS,
    Accounts,
    AppPasswords,
    Credentials,
    DataAccessLog,
    EmailChanges,
    ErasureRequests,
    Exports,
    KnownAgreements,
    LoginThrottle,
    MailCooldowns,
    PartnerClients,
    RevokedSessions,
    SecurityEvents,
    Sessions,
    SignUps,
    UsedAuthorizationCodes,
)
from services.identity.wiring.auth import AuthModule
from services.identity.wiring.staff import StaffModule
from services.identity.wiring.workers import IdentityWorkers
from shared.chassis import Chassis, ServiceSpec
from shared.chassis.spec import DOCUMENTS as CHASSIS_DOCUMENTS
from shared.mail import EmailAddress, InvalidEmailAddressError
from shared.settings import SettingError
from shared.web import Paginator, TokenVerifier


def compose(chassis: Chassis, settings: Settings) -> ServiceSpec:
    """Wire identity."""
    db, vault, outbox, token_sealer = chassis.db, chassis.vault, chassis.outbox, chassis.token_sealer
    clock, new_id, transact = chassis.clock, chassis.new_id, chassis.db.with_transaction
    platform, requests_per_minute = settings.common, settings.rate_limit_per_minute

    # What is stored.
    accounts, credentials, sign_ups = Accounts(db, vault), Credentials(db), SignUps(db, vault)
    mail_cooldowns, login_throttle = MailCooldowns(db, settings.mail_cooldown), LoginThrottle(db)
    sessions, revoked_sessions, app_passwords = Sessions(db), RevokedSessions(db), AppPasswords(db)
    partner_clients, data_access_log, known_agreements = (
        PartnerClients(db),
        DataAccessLog(db, outbox, new_id),
        KnownAgreements(db),
    )
    exports, erasure_requests = Exports(db, vault), ErasureRequests(db)
    account_emails, security_emails = (
        AccountEmails(chassis.mail_queue, platform.public_url),
        SecurityEmails(chassis.mail_queue, platform.public_url),
    )
    security_events, email_changes = SecurityEvents(db, new_id), EmailChanges(db, vault)

    # What is done.
    argon2_parameters = Argon2Parameters(memory_kib=settings.argon2_memory_kib, rounds=settings.argon2_rounds)
    password_hasher = Argon2PasswordHasher(
        threads=settings.argon2_threads,
        max_waiting=settings.argon2_queue_size,
        parameters=argon2_parameters,
        breached=_load_breached_passwords(settings),
    )
    signing_keys = SigningKeys(chassis.keyring, issuer=platform.public_url)
    trust = LocalTokenTrust(signing_keys=signing_keys, revoked_sessions=revoked_sessions)
    session_revoker = SessionRevoker(revoked_sessions=revoked_sessions, outbox=outbox)
    session_service = SessionService(
        sessions=sessions,
        accounts=accounts,
        credentials=credentials,
        session_revoker=session_revoker,
        signing_keys=signing_keys,
        refresh_tokens=RefreshTokens(token_sealer),
        security_events=security_events,
        transact=transact,
        new_id=new_id,
    )
    app_password_service = AppPasswordService(
        accounts=accounts,
        app_passwords=app_passwords,
        security_events=security_events,
        outbox=outbox,
        transact=transact,
    )
    auth = AuthModule(
        db=db,
        vault=vault,
        token_sealer=token_sealer,
        outbox=outbox,
        relying_party=RelyingParty.from_url(platform.public_url),
        accounts=accounts,
        credentials=credentials,
        app_passwords=app_passwords,
        email_changes=email_changes,
        mail_cooldowns=mail_cooldowns,
        login_throttle=login_throttle,
        security_events=security_events,
        security_emails=security_emails,
        password_hasher=password_hasher,
        session_service=session_service,
        app_password_service=app_password_service,
        transact=transact,
        new_id=new_id,
    )
    staff = StaffModule(
        auth=auth,
        data_access_log=data_access_log,
        sign_ups=sign_ups,
        exports=exports,
        erasure_requests=erasure_requests,
        staff_emails=StaffEmails(chassis.mail_queue, platform.public_url),
        chassis_documents=CHASSIS_DOCUMENTS,
    )
    age_screen = AgeScreen(token_sealer)
    registration_service = RegistrationService(
        age_screen=age_screen,
        password_hasher=password_hasher,
        accounts=accounts,
        credentials=credentials,
        sign_ups=sign_ups,
        email_changes=email_changes,
        ledger=staff.ledger,
        mail_cooldowns=mail_cooldowns,
        account_emails=account_emails,
        outbox=outbox,
        transact=transact,
        new_id=new_id,
    )
    contact_resolver = ContactResolver(accounts=accounts, data_access_log=data_access_log, transact=transact)
    agreement_client = AgreementClient(rpc_client=chassis.rpc_client, known_agreements=known_agreements, clock=clock)
    partner_client_service = PartnerClientService(
        partner_clients=partner_clients,
        agreement_client=agreement_client,
        session_revoker=session_revoker,
        signing_keys=signing_keys,
        transact=transact,
        new_id=new_id,
    )
    partner_access = PartnerAccessService(
        accounts=accounts,
        partner_clients=partner_clients,
        agreement_client=agreement_client,
        data_access_log=data_access_log,
        transact=transact,
    )
    export_saga = ExportSaga(
        accounts=accounts,
        exports=exports,
        account_export=AccountExport(
            accounts=accounts,
            sessions=sessions,
            app_passwords=app_passwords,
            exports=exports,
            security_export=auth.security_export,
            admin_action_export=staff.admin_action_export,
        ),
        account_emails=account_emails,
        rpc_client=chassis.rpc_client,
        transact=transact,
        new_id=new_id,
    )
    erasure_saga = ErasureSaga(
        login_service=auth.login_service,
        accounts=accounts,
        erasure_requests=erasure_requests,
        account_eraser=AccountEraser(
            accounts=accounts,
            credentials=credentials,
            exports=exports,
            mail_cooldowns=mail_cooldowns,
            login_throttle=login_throttle,
            session_service=session_service,
            app_password_service=app_password_service,
            security_export=auth.security_export,
            password_resets=auth.password_resets,
            admin_actions=staff.admin_actions,
            ledger=staff.ledger,
            residual_data=staff.residual_data,
            erase_subject=chassis.erase_subject,
        ),
        legal_hold_service=staff.legal_hold_service,
        account_emails=account_emails,
        staff_emails=staff.staff_emails,
        outbox=outbox,
        transact=transact,
        new_id=new_id,
    )
    scheduled_erasure_service, admin_action_service = (
        auth.build_scheduled_erasure_service(erasure_saga),
        staff.build_admin_action_service(erasure_saga),
    )
    staff_provisioner = StaffProvisioner(
        accounts=accounts,
        credentials=credentials,
        password_hasher=password_hasher,
        session_service=session_service,
        security_export=auth.security_export,
        erase_subject=chassis.erase_subject,
        transact=transact,
        new_id=new_id,
    )
    staff_specs = None if settings.staff is None else [_build_staff_spec(entry) for entry in settings.staff]

    # How it is reached.
    routes = (
        *AccountsApi(
            age_screen=age_screen,
            registration_service=registration_service,
            profiles=ProfileService(accounts),
            contact_resolver=contact_resolver,
            rate_limit_per_minute=requests_per_minute,
        ).build_routes(),
        *LoginApi(
            login_service=auth.login_service,
            step_up_service=auth.step_up_service,
            rate_limit_per_minute=requests_per_minute,
        ).build_routes(),
        *SessionsApi(session_service=session_service, app_password_service=app_password_service).build_routes(),
        *SecondFactorsApi(second_factor_service=auth.second_factor_service).build_routes(),
        *PasswordChangesApi(
            password_change_service=auth.password_change_service,
            password_reset_service=auth.password_reset_service,
            email_change_service=auth.email_change_service,
            rate_limit_per_minute=requests_per_minute,
        ).build_routes(),
        *SecurityLogApi(
            security_log=SecurityLogService(security_events), paginator=Paginator(token_sealer)
        ).build_routes(),
        *AppPasswordsApi(app_password_service=app_password_service).build_routes(),
        *OAuthApi(
            session_service=session_service,
            partner_client_service=partner_client_service,
            token_service=TokenService(
                session_service=session_service,
                partner_client_service=partner_client_service,
                session_revoker=session_revoker,
                token_verifier=TokenVerifier(trust=trust, issuer=platform.public_url),
            ),
            authorizations=AuthorizationCodeGrant(
                client_registry=ClientRegistry(
                    tuple(
                        PublicClient(id=app.client_id, name=app.name, redirect_uris=app.redirect_uris)
                        for app in settings.oauth_clients
                    )
                ),
                issuer=platform.public_url,
                token_sealer=token_sealer,
                used_codes=UsedAuthorizationCodes(db),
                session_service=session_service,
                transact=transact,
                new_id=new_id,
            ),
            signing_keys=signing_keys,
            rate_limit_per_minute=requests_per_minute,
        ).build_routes(),
        *PartnerClientsApi(
            partner_client_service=partner_client_service, paginator=Paginator(token_sealer)
        ).build_routes(),
        *PartnerAccessApi(partner_access=partner_access, rate_limit_per_minute=requests_per_minute).build_routes(),
        *PrivacyRequestsApi(
            export_saga=export_saga,
            export_archiver=ExportArchiver(exports),
            erasure_saga=erasure_saga,
            scheduled_erasure_service=scheduled_erasure_service,
            rate_limit_per_minute=requests_per_minute,
        ).build_routes(),
        *AdminActionsApi(
            admin_action_service=admin_action_service,
            legal_hold_service=staff.legal_hold_service,
            monitor=staff.request_monitor,
            paginator=Paginator(token_sealer),
        ).build_routes(),
        *AbuseReportsApi(
            abuse_report_service=staff.abuse_report_service,
            paginator=Paginator(token_sealer),
            rate_limit_per_minute=requests_per_minute,
        ).build_routes(),
    )
    event_consumers = IdentityEvents(
        trust=trust,
        contact_resolver=contact_resolver,
        app_password_service=app_password_service,
        partner_client_service=partner_client_service,
        agreement_client=agreement_client,
        erasure_saga=erasure_saga,
        inspection_notifier=InspectionNotifier(accounts=accounts, staff_emails=staff.staff_emails),
        clock=clock,
    )

    workers = IdentityWorkers(
        trust=trust,
        registration_service=registration_service,
        export_saga=export_saga,
        erasure_saga=erasure_saga,
        scheduled_erasure_service=scheduled_erasure_service,
        password_reset_service=auth.password_reset_service,
        leases=chassis.leases,
        clock=clock,
    )

    async def prepare() -> None:
        await trust.load_revocations(at=clock())
        if staff_specs is not None:
            await staff_provisioner.reconcile(staff_specs, at=clock())

    return ServiceSpec(
        routes=routes,
        documents=DOCUMENTS,
        subscriptions=event_consumers.build_subscriptions(),
        rpc_handlers=event_consumers.build_rpc_handlers(),
        workers={
            **workers.build_workers(),
            **staff.build_workers(erasure_saga, admin_action_service, leases=chassis.leases, clock=clock),
        },
        probes=IdentityProbes(
            accounts=accounts,
            credentials=credentials,
            sign_ups=sign_ups,
            sessions=sessions,
            revoked_sessions=revoked_sessions,
            data_access_log=data_access_log,
            known_agreements=known_agreements,
            exports=exports,
            erasures=erasure_requests,
            app_passwords=app_passwords,
            admin_actions=staff.admin_actions,
            abuse_reports=staff.abuse_reports,
            erasure_ledger=staff.ledger,
            clock=clock,
        ).build_probes(),
        on_startup=prepare,
        token_trust=trust,
        sends_mail=True,
        on_shutdown=password_hasher.close,
    )


def _load_breached_passwords(settings: Settings) -> list[BreachedPasswords]:
    try:
        return [BreachedPasswords(path) for path in (BUNDLED_FILE, settings.breached_passwords) if path is not None]
    except (OSError, BreachedFileError) as fault:
        raise SettingError(f"{BREACHED_PASSWORDS_SETTING}: {fault}") from fault


def _build_staff_spec(entry: StaffEntry) -> StaffAccountSpec:
    try:
        address = EmailAddress(entry.email)
        roles = tuple(Role(role) for role in entry.roles)
    except (InvalidEmailAddressError, ValueError) as fault:
        role_names = ", ".join(Role)
        raise SettingError(f"{STAFF_SETTING}: each entry has a mail address and roles of {role_names}") from fault
    issue = validate_password(entry.password.get_secret_value(), address=address.email)
    if issue is not None:
        raise SettingError(f"{STAFF_SETTING}: a password of the staff is refused: {issue.message}")
    return StaffAccountSpec(email_address=address, password=entry.password.get_secret_value(), roles=roles)
