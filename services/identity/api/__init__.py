"""Identity over HTTP: parse, one call, render."""

from services.identity.api.accounts.accounts import AccountsApi
from services.identity.api.accounts.email_changes import EmailChangesApi
from services.identity.api.accounts.security_log import SecurityLogApi
from services.identity.api.authentication.login import LoginApi
from services.identity.api.authentication.password_changes import PasswordChangesApi
from services.identity.api.authentication.second_factors import SecondFactorsApi
from services.identity.api.oauth.authorization_server import OAuthApi
from services.identity.api.oauth.partner_access import PartnerAccessApi
from services.identity.api.oauth.partner_clients import PartnerClientsApi
from services.identity.api.privacy_requests.erasures import ErasuresApi
from services.identity.api.privacy_requests.exports import ExportsApi
from services.identity.api.sessions.app_passwords import AppPasswordsApi
from services.identity.api.sessions.sessions import SessionsApi
from services.identity.api.staff.abuse_reports import AbuseReportsApi
from services.identity.api.staff.admin_actions import AdminActionsApi

__all__ = [
    "AbuseReportsApi",
    "AccountsApi",
    "AdminActionsApi",
    "AppPasswordsApi",
    "EmailChangesApi",
    "ErasuresApi",
    "ExportsApi",
    "LoginApi",
    "OAuthApi",
    "PartnerAccessApi",
    "PartnerClientsApi",
    "PasswordChangesApi",
    "SecondFactorsApi",
    "SecurityLogApi",
    "SessionsApi",
]
