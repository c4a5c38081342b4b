"""The promise probes."""

from services.identity.promises import IdentityProbes
from services.identity.wiring.stores import Stores
from shared.clock import Clock
from shared.promises import Probe


def build_probes(stores: Stores, clock: Clock) -> tuple[Probe, ...]:
    """Return the probes of the promises that identity keeps."""
    return IdentityProbes(
        accounts=stores.accounts,
        credentials=stores.credentials,
        sign_ups=stores.sign_ups,
        sessions=stores.sessions,
        revoked_sessions=stores.revoked_sessions,
        data_access_log=stores.data_access_log,
        known_agreements=stores.known_agreements,
        exports=stores.exports,
        erasures=stores.erasure_requests,
        app_passwords=stores.app_passwords,
        admin_actions=stores.admin_actions,
        abuse_reports=stores.abuse_reports,
        questions=stores.questions,
        erasure_ledger=stores.erasure_ledger,
        clock=clock,
    ).build_probes()
