"""Identity over HTTP: parse, one call, render."""

from services.identity.api.accounts import AccountsApi
from services.identity.api.acts import ActsApi
from services.identity.api.app_passwords import AppPasswordsApi
from services.identity.api.changes import ChangesApi
from services.identity.api.factors import FactorsApi
from services.identity.api.log_ins import LogInsApi
from services.identity.api.oauth import OAuthApi
from services.identity.api.partner_access import PartnerAccessApi
from services.identity.api.partners import PartnersApi
from services.identity.api.reports import ReportsApi
from services.identity.api.requests import RequestsApi
from services.identity.api.security import SecurityApi
from services.identity.api.sessions import SessionsApi

__all__ = [
    "AccountsApi",
    "ActsApi",
    "AppPasswordsApi",
    "ChangesApi",
    "FactorsApi",
    "LogInsApi",
    "OAuthApi",
    "PartnerAccessApi",
    "PartnersApi",
    "ReportsApi",
    "RequestsApi",
    "SecurityApi",
    "SessionsApi",
]
