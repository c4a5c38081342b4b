"""The composition root of the portal: no database, no broker, only the way to the edge."""

import sys
from collections.abc import Callable

import uvloop
from aiohttp import web

from services.portal.api import (
    MAIL_LINKS,
    AccountPages,
    AuthorizePages,
    CardPages,
    ConfirmPages,
    FactorPages,
    FilePages,
    Frame,
    Guard,
    LogInPages,
    NewsletterPages,
    PasswordPages,
    PrivacyPages,
    PublicPages,
    ReferencePages,
    ReportPages,
    RequestPages,
    SecurityPages,
    StaffActPages,
    StaffPages,
    StaffReportPages,
    Statics,
    WellKnown,
)
from services.portal.ports import PublicApi, open_api, trusting
from services.portal.service import Reference, Sessions
from services.portal.settings import Settings
from shared import observe
from shared.chassis import listening, until_stopped
from shared.chassis.tasks import Tasks
from shared.chassis.tls import Certificate
from shared.clock import Clock, utc_now
from shared.crypto import Keyring, Links
from shared.settings import SettingError
from shared.web import Health, build_app

log = observe.logger(__name__)


def compose(
    settings: Settings, api: PublicApi, *, clock: Clock = utc_now, health: Health | None = None
) -> web.Application:
    """Wire the portal; a keyring that cannot be used is a SettingError."""
    links = Links(Keyring.load(settings.keyring))
    statics = Statics()
    sessions = Sessions(api=api, links=links)
    reference = Reference(api=api, public_url=settings.public_url)
    confirm = ConfirmPages()
    frame = Frame(
        public_url=settings.public_url,
        clock=clock,
        guard=Guard(links=links, public_url=settings.public_url),
        sessions=sessions,
        statics=statics,
        ask_again=confirm.ask_again,
    )
    well_known = WellKnown(
        public_url=settings.public_url,
        contact=settings.security_contact,
        key_url=settings.security_key_url,
        reviewed=settings.security_reviewed,
        statics=statics,
    )
    pages = (
        *PublicPages(reference).routes(),
        *AccountPages().routes(),
        *LogInPages().routes(),
        *confirm.routes(),
        *PasswordPages().routes(),
        *SecurityPages().routes(),
        *FactorPages().routes(),
        *(route for link in MAIL_LINKS for route in link.routes()),
        *ReportPages().routes(),
        *AuthorizePages().routes(),
        *PrivacyPages().routes(),
        *RequestPages().routes(),
        *FilePages().routes(),
        *CardPages().routes(),
        *NewsletterPages().routes(),
        *StaffPages().routes(),
        *StaffActPages().routes(),
        *StaffReportPages().routes(),
        *ReferencePages(reference).routes(),
        *well_known.routes(),
    )
    return build_app(
        "portal",
        (),
        public_url=settings.public_url,
        health=health,
        clock=clock,
        raw=lambda app: frame.build(app, pages),
    )


def run(read_settings: Callable[[], Settings]) -> None:
    """Run the portal until SIGTERM; a wrong setting is one line on stderr and exit code 2."""
    try:
        settings = read_settings()
        observe.configure_logging("portal", settings.log_level)
        observe.configure_tracing("portal", settings.otlp_url)
        uvloop.run(serve(settings))
    except SettingError as fault:
        sys.stderr.write(f"portal: {fault}\n")
        sys.exit(2)


async def serve(settings: Settings) -> None:
    """Listen until told to stop.

    It is ready as soon as it listens: it waits for no other part, since the edge waits for the portal; a part that is
    away is said on the page that needs it.
    """
    health = Health()
    certificate = Certificate(settings.tls_cert, settings.tls_key) if settings.tls_cert and settings.tls_key else None
    tls = certificate.context() if certificate else None
    async with (
        open_api(settings.api_url, trusting(settings.api_ca) if settings.api_ca else None) as api,
        Tasks(health) as tasks,
        listening(compose(settings, api, health=health), settings.host, settings.port, tls=tls),
    ):
        log.info("service.listening", port=settings.port)
        if certificate and tls:
            tasks.keep("certificate", lambda: certificate.renew(tls))
        await until_stopped()
        log.info("service.stopping")
        health.set("running", ok=False, why="is stopping")
    observe.flush_tracing()
    log.info("service.stopped")
