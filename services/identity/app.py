"""The composition root of identity: builds the modules of ``wiring`` and opens nothing itself."""

from services.identity.settings import Settings
from services.identity.store import DOCUMENTS
from services.identity.wiring.events import build_event_consumers
from services.identity.wiring.modules import build_modules
from services.identity.wiring.probes import build_probes
from services.identity.wiring.routes import build_routes
from services.identity.wiring.staff import build_staff_specs
from services.identity.wiring.workers import build_workers
from shared.chassis import Chassis, ServiceSpec
from shared.mail import EmailReports
from shared.web import Paginator


def compose(chassis: Chassis, settings: Settings) -> ServiceSpec:
    """Return identity's spec; SettingError for a wrong setting, before anything is opened."""
    clock = chassis.clock
    modules = build_modules(chassis, settings)
    staff_specs = build_staff_specs(settings)
    events = build_event_consumers(modules, clock)
    trust = modules.sessions.trust

    async def prepare() -> None:
        # Before the first request: a session revoked by another replica must be refused from the start.
        await trust.load_revocations(at=clock())
        if staff_specs is not None:
            await modules.staff.provisioner.reconcile(staff_specs, at=clock())

    return ServiceSpec(
        routes=build_routes(
            modules, Paginator(chassis.token_sealer), rate_limit_per_minute=settings.rate_limit_per_minute
        ),
        documents=DOCUMENTS,
        subscriptions=(*events.build_subscriptions(), EmailReports(chassis.db, "identity").build_subscription()),
        rpc_handlers=events.build_rpc_handlers(),
        workers=build_workers(modules, chassis),
        probes=build_probes(modules.stores, clock),
        on_startup=prepare,
        token_trust=trust,
        sends_mail=True,
        on_shutdown=modules.auth.password_hasher.close,
    )
