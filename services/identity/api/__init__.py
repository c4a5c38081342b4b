"""Identity over HTTP: parse, one call, render."""

from services.identity.api.accounts import AccountsApi
from services.identity.api.app_passwords import AppPasswordsApi
from services.identity.api.oauth import OAuthApi
from services.identity.api.partners import PartnersApi
from services.identity.api.requests import RequestsApi
from services.identity.api.sessions import SessionsApi

__all__ = ["AccountsApi", "AppPasswordsApi", "OAuthApi", "PartnersApi", "RequestsApi", "SessionsApi"]
