"""The composition root of the portal."""

import sys
from collections.abc import Callable

import uvloop
from aiohttp import web

from services.portal.api import (
    EMAIL_LINK_PAGES,
    AbuseReportPages,
    AuthorizePages,
    CardPages,
    CsrfProtection,
    FilePages,
    LoginPages,
    NewsletterArchivePages,
    NewsletterPages,
    PageMiddleware,
    PasswordPages,
    PaymentPages,
    PrivacyPages,
    PrivacyRequestPages,
    PublicPages,
    ReferencePages,
    SecondFactorPages,
    SecurityPages,
    SignUpPages,
    StaffActionPages,
    StaffPages,
    StaffPaymentPages,
    StaffReportPages,
    StaticFiles,
    StatisticsPages,
    StepUpPages,
    UsagePages,
    WellKnownPages,
)
from services.portal.ports.api_client import ApiClient, open_api_client, tls_context
from services.portal.service import ApiReference, BrowserSessions
from services.portal.settings import Settings
from shared import observe
from shared.chassis import serve, wait_for_signal
from shared.chassis.tasks import TaskSupervisor
from shared.chassis.tls import ServerCertificate
from shared.clock import Clock, utc_now
from shared.crypto import Keyring, TokenSealer
from shared.settings import SettingError
from shared.web import Health, build_app

log = observe.get_logger(__name__)


def compose(
    settings: Settings, api: ApiClient, *, clock: Clock = utc_now, health: Health | None = None
) -> web.Application:
    """Build the application; SettingError for an unusable keyring."""
    links = TokenSealer(Keyring.from_file(settings.keyring))
    static_files = StaticFiles()
    sessions = BrowserSessions(api=api, token_sealer=links)
    reference = ApiReference(api=api, public_url=settings.public_url)
    step_up_pages = StepUpPages()
    middleware = PageMiddleware(
        public_url=settings.public_url,
        clock=clock,
        csrf=CsrfProtection(links=links, public_url=settings.public_url),
        sessions=sessions,
        static_files=static_files,
        page_views=settings.page_views,
        start_step_up=step_up_pages.start_step_up,
    )
    well_known = WellKnownPages(
        public_url=settings.public_url,
        contact=settings.security_contact,
        key_url=settings.security_key_url,
        reviewed_on=settings.security_reviewed_on,
        static_files=static_files,
    )
    pages = (
        *PublicPages(reference).build_routes(),
        *UsagePages().build_routes(),
        *SignUpPages().build_routes(),
        *LoginPages().build_routes(),
        *step_up_pages.build_routes(),
        *PasswordPages().build_routes(),
        *SecurityPages().build_routes(),
        *SecondFactorPages().build_routes(),
        *(route for link in EMAIL_LINK_PAGES for route in link.build_routes()),
        *AbuseReportPages().build_routes(),
        *AuthorizePages().build_routes(),
        *PrivacyPages().build_routes(),
        *PrivacyRequestPages().build_routes(),
        *FilePages().build_routes(),
        *CardPages().build_routes(),
        *PaymentPages().build_routes(),
        *NewsletterPages().build_routes(),
        *NewsletterArchivePages(settings.public_url).build_routes(),
        *StatisticsPages(settings.public_url).build_routes(),
        *StaffPages().build_routes(),
        *StaffActionPages().build_routes(),
        *StaffPaymentPages().build_routes(),
        *StaffReportPages().build_routes(),
        *ReferencePages(reference).build_routes(),
        *well_known.build_routes(),
    )
    return build_app(
        "portal",
        (),
        public_url=settings.public_url,
        health=health,
        clock=clock,
        extra_routes=lambda app: middleware.install_pages(app, pages),
    )


def run(read_settings: Callable[[], Settings]) -> None:
    """Run the portal until SIGTERM; exit code 2 and one line on stderr for an invalid setting."""
    try:
        settings = read_settings()
        observe.configure_logging("portal", settings.log_level)
        observe.configure_tracing("portal", settings.otlp_url)
        uvloop.run(serve_until_stopped(settings))
    except SettingError as fault:
        sys.stderr.write(f"portal: {fault}\n")
        sys.exit(2)


async def serve_until_stopped(settings: Settings) -> None:
    """Serve until stopped.

    Ready as soon as it listens, because the edge waits for the portal. Pages name the services that are unavailable.
    """
    health = Health()
    certificate = (
        ServerCertificate(settings.tls_cert, settings.tls_key) if settings.tls_cert and settings.tls_key else None
    )
    tls = certificate.create_ssl_context() if certificate else None
    async with (
        open_api_client(settings.api_url, tls_context(settings.api_ca) if settings.api_ca else None) as api,
        TaskSupervisor(health) as tasks,
        serve(compose(settings, api, health=health), settings.host, settings.port, tls=tls),
    ):
        log.info("service.listening", port=settings.port)
        if certificate and tls:
            tasks.run_forever("reload-certificate", lambda: certificate.reload_on_change(tls))
        await wait_for_signal()
        log.info("service.stopping")
        health.set_status("running", ok=False, reason="is stopping")
    observe.flush_tracing()
    log.info("service.stopped")
