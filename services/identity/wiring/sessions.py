"""Sessions, access tokens and app passwords: what every other module builds on."""

from dataclasses import dataclass

from services.identity.service.sessions.app_passwords import AppPasswordService
from services.identity.service.sessions.sessions import SessionRevoker, SessionService
from services.identity.service.sessions.tokens import LocalTokenTrust, RefreshTokens, SigningKeys
from services.identity.wiring.stores import Stores
from shared.chassis import Chassis


@dataclass(frozen=True, kw_only=True)
class SessionModule:
    """The services of sessions."""

    signing_keys: SigningKeys
    trust: LocalTokenTrust
    session_revoker: SessionRevoker
    session_service: SessionService
    app_password_service: AppPasswordService


def build_session_module(chassis: Chassis, stores: Stores, *, issuer: str) -> SessionModule:
    """Return the services of sessions; *issuer* is the public URL, which every token names."""
    signing_keys = SigningKeys(chassis.keyring, issuer=issuer)
    session_revoker = SessionRevoker(revoked_sessions=stores.revoked_sessions, outbox=chassis.outbox)
    return SessionModule(
        signing_keys=signing_keys,
        trust=LocalTokenTrust(signing_keys=signing_keys, revoked_sessions=stores.revoked_sessions),
        session_revoker=session_revoker,
        session_service=SessionService(
            sessions=stores.sessions,
            accounts=stores.accounts,
            credentials=stores.credentials,
            session_revoker=session_revoker,
            signing_keys=signing_keys,
            refresh_tokens=RefreshTokens(chassis.token_sealer),
            security_events=stores.security_events,
            transact=chassis.db.with_transaction,
            new_id=chassis.new_id,
        ),
        app_password_service=AppPasswordService(
            accounts=stores.accounts,
            app_passwords=stores.app_passwords,
            security_events=stores.security_events,
            outbox=chassis.outbox,
            transact=chassis.db.with_transaction,
        ),
    )
