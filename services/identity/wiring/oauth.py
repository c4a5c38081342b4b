"""OAuth: the company's apps, the clients of partners, and the token endpoint."""

from dataclasses import dataclass

from services.identity.domain.oauth.clients import PublicClient
from services.identity.service.oauth.agreement_client import AgreementClient
from services.identity.service.oauth.authorization_code import AuthorizationCodeGrant, ClientRegistry
from services.identity.service.oauth.client_cache import PartnerClientCache
from services.identity.service.oauth.partner_access import PartnerAccessService
from services.identity.service.oauth.partner_clients import PartnerClientService
from services.identity.service.oauth.token_service import TokenService
from services.identity.settings import Settings
from services.identity.wiring.sessions import SessionModule
from services.identity.wiring.stores import Stores
from shared.chassis import Chassis
from shared.web import TokenVerifier


@dataclass(frozen=True, kw_only=True)
class OAuthModule:
    """The services of OAuth."""

    agreement_client: AgreementClient
    partner_client_service: PartnerClientService
    token_service: TokenService
    code_grant: AuthorizationCodeGrant
    partner_access_service: PartnerAccessService


def build_oauth_module(chassis: Chassis, stores: Stores, sessions: SessionModule, settings: Settings) -> OAuthModule:
    """Return the services of OAuth; SettingError for an app whose redirect URI is not allowed."""
    issuer = settings.common.public_url
    agreement_client = AgreementClient(
        rpc_client=chassis.rpc_client, known_agreements=stores.known_agreements, clock=chassis.clock
    )
    partner_client_service = PartnerClientService(
        partner_clients=stores.partner_clients,
        client_cache=PartnerClientCache(
            partner_clients=stores.partner_clients, revoked_sessions=stores.revoked_sessions, clock=chassis.clock
        ),
        agreement_client=agreement_client,
        session_revoker=sessions.session_revoker,
        signing_keys=sessions.signing_keys,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
    )
    return OAuthModule(
        agreement_client=agreement_client,
        partner_client_service=partner_client_service,
        token_service=TokenService(
            session_service=sessions.session_service,
            partner_client_service=partner_client_service,
            session_revoker=sessions.session_revoker,
            token_verifier=TokenVerifier(trust=sessions.trust, issuer=issuer),
        ),
        code_grant=AuthorizationCodeGrant(
            client_registry=_build_client_registry(settings),
            issuer=issuer,
            token_sealer=chassis.token_sealer,
            used_codes=stores.used_authorization_codes,
            session_service=sessions.session_service,
            transact=chassis.db.with_transaction,
            new_id=chassis.new_id,
        ),
        partner_access_service=PartnerAccessService(
            accounts=stores.accounts,
            partner_clients=stores.partner_clients,
            agreement_client=agreement_client,
            data_access_log=stores.data_access_log,
            transact=chassis.db.with_transaction,
        ),
    )


def _build_client_registry(settings: Settings) -> ClientRegistry:
    clients = (
        PublicClient(id=app.client_id, name=app.name, redirect_uris=app.redirect_uris) for app in settings.oauth_clients
    )
    return ClientRegistry(tuple(clients))
