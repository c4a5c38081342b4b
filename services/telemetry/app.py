"""The composition root of telemetry."""

from services.telemetry.api import TelemetryApi
from services.telemetry.promises import TelemetryProbes
from services.telemetry.service import AccountEraser, AccountExport, TelemetryService
from services.telemetry.settings import Settings
from services.telemetry.store import DOCUMENTS, OptIns, Releases, WeeklyReports
from shared.chassis import Chassis, ServiceSpec
from shared.privacy import ErasureConsumer, ExportServer


def compose(chassis: Chassis, settings: Settings) -> ServiceSpec:
    """Return the specification of telemetry: routes, documents, events, probes."""
    opt_ins, reports, releases = OptIns(chassis.db), WeeklyReports(chassis.db), Releases(chassis.db)
    telemetry = TelemetryService(
        opt_ins=opt_ins,
        reports=reports,
        releases=releases,
        outbox=chassis.outbox,
        transact=chassis.db.with_transaction,
        new_id=chassis.new_id,
        min_group_size=settings.min_group_size,
        release_open_weeks=settings.release_open_weeks,
    )
    erasure = ErasureConsumer(
        service="telemetry",
        account_eraser=AccountEraser(chassis.erase_subject),
        outbox=chassis.outbox,
        clock=chassis.clock,
    )
    export = ExportServer(service="telemetry", account_export=AccountExport())
    probes = TelemetryProbes(opt_ins=opt_ins, reports=reports, releases=releases)
    return ServiceSpec(
        routes=TelemetryApi(service=telemetry).build_routes(),
        documents=DOCUMENTS,
        subscriptions=(erasure.build_subscription(),),
        rpc_handlers=(export.build_rpc_handler(),),
        probes=probes.build_probes(),
    )
