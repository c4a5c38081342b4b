"""Imports, exports, segments, and what frontends read."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from services.newsletter.api.frontends.preferences import PreferencesApi
from services.newsletter.api.imports.exports import SubscriberExportsApi
from services.newsletter.api.imports.imports import ImportsApi
from services.newsletter.api.segments.segments import SegmentsApi
from services.newsletter.emails.imports import ImportEmails
from services.newsletter.service.imports.export import SubscriberExport
from services.newsletter.service.imports.processing import ContactImporter
from services.newsletter.service.imports.reading import ContactFileReader
from services.newsletter.service.segments.segments import SegmentService
from services.newsletter.service.subscriptions.preferences import PreferenceService
from services.newsletter.settings import Settings
from services.newsletter.wiring.stores import Stores
from services.newsletter.wiring.subscriptions import SubscriptionModule
from shared.chassis import Chassis
from shared.web import Paginator, Route

_IDLE_INTERVAL = 1.0
_PURGE_INTERVAL = 60.0


@dataclass(frozen=True, kw_only=True)
class ImportModule:
    """The services of imports, exports, segments and frontends."""

    reader: ContactFileReader
    importer: ContactImporter
    subscriber_export: SubscriberExport
    segment_service: SegmentService
    preference_service: PreferenceService


def build_import_module(
    chassis: Chassis, stores: Stores, subscriptions: SubscriptionModule, settings: Settings
) -> ImportModule:
    """Return the services."""
    return ImportModule(
        reader=ContactFileReader(
            lists=stores.lists,
            imports=stores.imports,
            erase_subject=chassis.erase_subject,
            new_id=chassis.new_id,
            address_policy=subscriptions.address_policy,
        ),
        importer=ContactImporter(
            lists=stores.lists,
            imports=stores.imports,
            invitations=stores.invitations,
            opt_in_requests=stores.opt_in_requests,
            subscriptions=stores.subscriptions,
            suppression_service=subscriptions.suppression_service,
            emails=ImportEmails(links=stores.links),
            mail_queue=chassis.mail_queue,
            transact=chassis.db.with_transaction,
            erase_subject=chassis.erase_subject,
            new_id=chassis.new_id,
            address_policy=subscriptions.address_policy,
            opt_in_ttl=settings.opt_in_ttl,
        ),
        subscriber_export=SubscriberExport(
            lists=stores.lists,
            subscriptions=stores.subscriptions,
            outbox=chassis.outbox,
            transact=chassis.db.with_transaction,
            new_id=chassis.new_id,
        ),
        segment_service=SegmentService(
            lists=stores.lists, segments=stores.segments, subscriptions=stores.subscriptions, new_id=chassis.new_id
        ),
        preference_service=PreferenceService(lists=stores.lists, subscriptions=stores.subscriptions),
    )


def build_import_routes(module: ImportModule, paginator: Paginator) -> tuple[Route, ...]:
    """Return the routes of imports, exports, segments and frontends."""
    return (
        *ImportsApi(reader=module.reader, importer=module.importer, paginator=paginator).build_routes(),
        *SubscriberExportsApi(subscriber_export=module.subscriber_export).build_routes(),
        *PreferencesApi(preference_service=module.preference_service, paginator=paginator).build_routes(),
        *SegmentsApi(segment_service=module.segment_service, paginator=paginator).build_routes(),
    )


def build_import_workers(
    chassis: Chassis, module: ImportModule, settings: Settings
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Return the workers by name."""

    async def process_imports() -> None:
        while True:
            count = await module.importer.advance(at=chassis.clock())
            pause = count * 60 / settings.imported_contacts_per_minute
            await asyncio.sleep(pause if count else _IDLE_INTERVAL)

    async def purge_imports() -> None:
        while True:
            await module.importer.delete_stale(at=chassis.clock())
            await asyncio.sleep(_PURGE_INTERVAL)

    return {"process-imports": process_imports, "purge-imports": purge_imports}
