"""All modules of identity, in the order in which they are built: each uses those before it."""

from dataclasses import dataclass

from services.identity.settings import Settings
from services.identity.wiring.accounts import AccountModule, build_account_module
from services.identity.wiring.auth import AuthModule, build_auth_module
from services.identity.wiring.oauth import OAuthModule, build_oauth_module
from services.identity.wiring.privacy_requests import PrivacyModule, build_privacy_module
from services.identity.wiring.sessions import SessionModule, build_session_module
from services.identity.wiring.staff import StaffModule, build_staff_module
from services.identity.wiring.stores import Stores, build_stores
from shared.chassis import Chassis


@dataclass(frozen=True, kw_only=True)
class Modules:
    """The modules. Wiring passes it on; a service gets only what it uses."""

    stores: Stores
    sessions: SessionModule
    auth: AuthModule
    accounts: AccountModule
    oauth: OAuthModule
    privacy: PrivacyModule
    staff: StaffModule


def build_modules(chassis: Chassis, settings: Settings) -> Modules:
    """Return all modules; SettingError for a setting that only shows here to be wrong."""
    stores = build_stores(chassis, settings)
    sessions = build_session_module(chassis, stores, issuer=settings.common.public_url)
    auth = build_auth_module(chassis, stores, sessions, settings)
    privacy = build_privacy_module(chassis, stores, sessions, auth)
    return Modules(
        stores=stores,
        sessions=sessions,
        auth=auth,
        accounts=build_account_module(chassis, stores, auth),
        oauth=build_oauth_module(chassis, stores, sessions, settings),
        privacy=privacy,
        staff=build_staff_module(chassis, stores, sessions, auth, privacy=privacy),
    )
