"""The HTTP routes, by feature."""

from services.identity.api import (
    AbuseReportsApi,
    AccountsApi,
    AdminActionsApi,
    AppPasswordsApi,
    EmailChangesApi,
    ErasuresApi,
    ExportsApi,
    LoginApi,
    OAuthApi,
    PartnerAccessApi,
    PartnerClientsApi,
    PasswordChangesApi,
    SecondFactorsApi,
    SecurityLogApi,
    SessionsApi,
)
from services.identity.api.accounts.announced_actions import AnnouncedActionsApi
from services.identity.api.staff.questions import QuestionsApi
from services.identity.wiring.modules import Modules
from shared.web import Paginator, Route


def build_routes(modules: Modules, paginator: Paginator, *, rate_limit_per_minute: int) -> tuple[Route, ...]:
    """Return every route of identity."""
    return (
        *_build_account_routes(modules, paginator, rate_limit_per_minute),
        *_build_authentication_routes(modules, rate_limit_per_minute),
        *_build_session_routes(modules),
        *_build_oauth_routes(modules, paginator, rate_limit_per_minute),
        *_build_privacy_routes(modules, rate_limit_per_minute),
        *_build_staff_routes(modules, paginator, rate_limit_per_minute),
    )


def _build_account_routes(modules: Modules, paginator: Paginator, rate_limit_per_minute: int) -> tuple[Route, ...]:
    accounts = AccountsApi(
        age_screen=modules.accounts.age_screen,
        registration_service=modules.accounts.registration_service,
        profiles=modules.accounts.profile_service,
        contact_resolver=modules.staff.contact_resolver,
        rate_limit_per_minute=rate_limit_per_minute,
    )
    email_changes = EmailChangesApi(
        email_change_service=modules.auth.email_change_service, rate_limit_per_minute=rate_limit_per_minute
    )
    security_log = SecurityLogApi(security_log=modules.accounts.security_log_service, paginator=paginator)
    announced_actions = AnnouncedActionsApi(
        announced_actions=modules.staff.announced_actions, rate_limit_per_minute=rate_limit_per_minute
    )
    return (
        *accounts.build_routes(),
        *email_changes.build_routes(),
        *security_log.build_routes(),
        *announced_actions.build_routes(),
    )


def _build_authentication_routes(modules: Modules, rate_limit_per_minute: int) -> tuple[Route, ...]:
    auth = modules.auth
    login = LoginApi(
        login_service=auth.login_service,
        step_up_service=auth.step_up_service,
        rate_limit_per_minute=rate_limit_per_minute,
    )
    second_factors = SecondFactorsApi(second_factor_service=auth.second_factor_service)
    password_changes = PasswordChangesApi(
        password_change_service=auth.password_change_service,
        password_reset_service=auth.password_reset_service,
        rate_limit_per_minute=rate_limit_per_minute,
    )
    return (*login.build_routes(), *second_factors.build_routes(), *password_changes.build_routes())


def _build_session_routes(modules: Modules) -> tuple[Route, ...]:
    app_password_service = modules.sessions.app_password_service
    sessions = SessionsApi(session_service=modules.sessions.session_service, app_password_service=app_password_service)
    return (*sessions.build_routes(), *AppPasswordsApi(app_password_service=app_password_service).build_routes())


def _build_oauth_routes(modules: Modules, paginator: Paginator, rate_limit_per_minute: int) -> tuple[Route, ...]:
    oauth = modules.oauth
    server = OAuthApi(
        session_service=modules.sessions.session_service,
        partner_client_service=oauth.partner_client_service,
        token_service=oauth.token_service,
        authorizations=oauth.code_grant,
        signing_keys=modules.sessions.signing_keys,
        rate_limit_per_minute=rate_limit_per_minute,
    )
    partner_clients = PartnerClientsApi(partner_client_service=oauth.partner_client_service, paginator=paginator)
    partner_access = PartnerAccessApi(
        partner_access=oauth.partner_access_service, rate_limit_per_minute=rate_limit_per_minute
    )
    return (*server.build_routes(), *partner_clients.build_routes(), *partner_access.build_routes())


def _build_privacy_routes(modules: Modules, rate_limit_per_minute: int) -> tuple[Route, ...]:
    privacy = modules.privacy
    exports = ExportsApi(
        export_saga=privacy.export_saga,
        export_archiver=privacy.archiver,
        rate_limit_per_minute=rate_limit_per_minute,
    )
    erasures = ErasuresApi(
        erasure_saga=privacy.erasure_saga,
        scheduled_erasure_service=privacy.scheduled_erasure_service,
        rate_limit_per_minute=rate_limit_per_minute,
    )
    return (*exports.build_routes(), *erasures.build_routes())


def _build_staff_routes(modules: Modules, paginator: Paginator, rate_limit_per_minute: int) -> tuple[Route, ...]:
    admin_actions = AdminActionsApi(
        admin_action_service=modules.staff.admin_action_service,
        legal_hold_service=modules.privacy.legal_hold_service,
        monitor=modules.privacy.monitor,
        paginator=paginator,
    )
    abuse_reports = AbuseReportsApi(
        abuse_report_service=modules.staff.abuse_report_service,
        paginator=paginator,
        rate_limit_per_minute=rate_limit_per_minute,
    )
    questions = QuestionsApi(
        question_service=modules.staff.question_service,
        paginator=paginator,
        rate_limit_per_minute=rate_limit_per_minute,
    )
    return (*admin_actions.build_routes(), *abuse_reports.build_routes(), *questions.build_routes())
