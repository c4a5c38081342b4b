"""The composition root of telemetry."""

from datetime import timedelta

from services.telemetry.api import PublicStatisticsApi, ReportsApi, TokensApi
from services.telemetry.domain import Calendars
from services.telemetry.ports import TokenKeys
from services.telemetry.promises import StatisticsProbes, TelemetryProbes
from services.telemetry.service import (
    AccountEraser,
    AccountExport,
    PublicStatistics,
    ReportIngest,
    ReportService,
    TokenIssuer,
)
from services.telemetry.settings import Settings
from services.telemetry.store import DOCUMENTS, BudgetLedger, Issuances, Releases, Reports, Weeks
from services.telemetry.wiring.releases import build_release_worker, build_yearly_limits
from services.telemetry.wiring.website import build_website_probes, build_website_routes
from shared.chassis import Chassis, ServiceSpec
from shared.crypto import KeyUse
from shared.ids import random_bytes
from shared.privacy import ErasureConsumer, ExportServer
from shared.web import RateLimit, Route


def compose(chassis: Chassis, settings: Settings) -> ServiceSpec:
    """Return the specification of telemetry: routes, documents, events, probes."""
    chassis.keyring.get_active(KeyUse.TOKEN)  # a SettingError at the start, not at the first request
    keys = TokenKeys(chassis.keyring.list_by_use(KeyUse.TOKEN))
    reports = Reports(chassis.db)
    erasure = ErasureConsumer(
        service="telemetry",
        account_eraser=AccountEraser(chassis.erase_subject),
        outbox=chassis.outbox,
        clock=chassis.clock,
    )
    return ServiceSpec(
        routes=(*_build_routes(chassis, settings, keys, reports), *build_website_routes(chassis, settings)),
        documents=DOCUMENTS,
        subscriptions=(erasure.build_subscription(),),
        rpc_handlers=(ExportServer(service="telemetry", account_export=AccountExport()).build_rpc_handler(),),
        workers=build_release_worker(chassis, settings).build_workers(),
        probes=(
            *TelemetryProbes(reports=reports, keys=keys, clock=chassis.clock).build_probes(),
            *StatisticsProbes(
                releases=Releases(chassis.db), budget=BudgetLedger(chassis.db), limits=build_yearly_limits(settings)
            ).build_probes(),
            *build_website_probes(settings),
        ),
    )


def _build_routes(chassis: Chassis, settings: Settings, keys: TokenKeys, reports: Reports) -> tuple[Route, ...]:
    calendars = Calendars.from_demo_week(settings.demo_week)
    token_issuer = TokenIssuer(
        keys=keys,
        issuances=Issuances(chassis.db),
        calendars=calendars,
        max_installations=settings.max_installations,
        random_bytes=random_bytes,
    )
    report_service = ReportService(
        keys=keys,
        reports=reports,
        ingest=ReportIngest(reports, Weeks(chassis.db)),
        calendars=calendars,
    )
    statistics = PublicStatistics(
        releases=Releases(chassis.db),
        budget=BudgetLedger(chassis.db),
        yearly_limit_micros=build_yearly_limits(settings),
    )
    return (
        *TokensApi(tokens=token_issuer, limit=_limit(settings, "tokens")).build_routes(),
        *ReportsApi(reports=report_service, limit=_limit(settings, "reports")).build_routes(),
        *PublicStatisticsApi(statistics=statistics).build_routes(),
    )


def _limit(settings: Settings, name: str) -> RateLimit:
    return RateLimit(settings.max_requests, timedelta(hours=1), name, forgets_callers=True)
