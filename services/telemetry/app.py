"""The composition root of telemetry: opens nothing itself, wires everything, reads from top to bottom."""

from services.telemetry.api import TelemetryApi
from services.telemetry.events import TelemetryEvents
from services.telemetry.promises import TelemetryProbes
from services.telemetry.service import Telemetry
from services.telemetry.settings import Settings
from services.telemetry.store import DOCUMENTS, OptIns, Releases, Reports
from shared.chassis import Chassis, Parts


def compose(chassis: Chassis, settings: Settings) -> Parts:
    """Wire telemetry."""
    opt_ins, reports, releases = OptIns(chassis.db), Reports(chassis.db), Releases(chassis.db)
    telemetry = Telemetry(
        opt_ins=opt_ins,
        reports=reports,
        releases=releases,
        outbox=chassis.outbox,
        transact=chassis.db.transact,
        new_id=chassis.new_id,
        minimum_group=settings.minimum_group,
        release_open_weeks=settings.release_open_weeks,
    )
    events = TelemetryEvents(forget=chassis.forget, outbox=chassis.outbox, clock=chassis.clock)
    probes = TelemetryProbes(opt_ins=opt_ins, reports=reports, releases=releases)
    return Parts(
        routes=TelemetryApi(telemetry=telemetry).routes(),
        documents=DOCUMENTS,
        subscriptions=events.subscriptions(),
        answers=events.answers(),
        probes=probes.all(),
    )
