"""Inspections and usage statistics."""

from dataclasses import dataclass

from services.sync.service.oversight.inspections import InspectionService
from services.sync.service.oversight.statistics import UsageStatistics
from services.sync.wiring.stores import Stores
from shared.chassis import Chassis


@dataclass(frozen=True, slots=True, kw_only=True)
class OversightModule:
    """The services of inspections and statistics."""

    inspections: InspectionService
    statistics: UsageStatistics


def build_oversight_module(chassis: Chassis, stores: Stores) -> OversightModule:
    """Return the services of inspections and statistics."""
    return OversightModule(
        inspections=InspectionService(
            db=chassis.db,
            repository=stores.inspections,
            restricted_view=stores.restricted_view,
            outbox=chassis.outbox,
            new_id=chassis.new_id,
            clock=chassis.clock,
        ),
        statistics=UsageStatistics(stores.statistics, stores.trees.usages, chassis.clock),
    )
