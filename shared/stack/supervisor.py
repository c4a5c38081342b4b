"""Runs all processes of one stack and publishes its status."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial

from shared.mongo import ADMIN_DATABASE, DatabaseUser
from shared.registry import get_registry
from shared.stack.demo_accounts import DemoAccountError, seed_demo_accounts
from shared.stack.directory import StackDirectory
from shared.stack.environment import build_environment
from shared.stack.keys import DATABASE_ROOT, StackSecrets, ensure_secrets
from shared.stack.parallel import Part, enter_all
from shared.stack.parts import edge, mailbox, mongo, rabbit, service
from shared.stack.process import PartFailedError
from shared.stack.readiness import http_ok
from shared.stack.scan.command import scan_at_intervals
from shared.stack.settings import SERVICES, StackSettings
from shared.stack.status import StackStatus, StartFailure, StatusWriter

_EDGE_READY_TIMEOUT = 60.0
"""Seconds for the edge to notice that every service is healthy, once they are."""


async def supervise(settings: StackSettings, on_status: Callable[[StackStatus], None] = lambda _: None) -> int:
    """Run the stack until SIGINT, SIGTERM or SIGHUP; return 1 when a part fails to start, else 0."""
    home = StackDirectory(settings.home)
    home.create_folders()
    with home.lock():
        reporter = StatusWriter(home, base_url=settings.public_url, local=settings.is_local, on_status=on_status)
        work = asyncio.create_task(_run_until_stopped(settings, reporter))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, work.cancel)
        try:
            await work
        except PartFailedError as fault:
            reporter.update(phase="failed", failure=StartFailure.from_error(fault))
            return 1
        except asyncio.CancelledError:
            reporter.update(phase="stopped")
        return 0


async def _run_until_stopped(settings: StackSettings, status_writer: StatusWriter) -> None:
    home = StackDirectory(settings.home)
    secrets = await asyncio.to_thread(ensure_secrets, home)
    if not settings.is_local:
        home.access_file.unlink(missing_ok=True)  # left by an earlier run in local mode
    async with open_stack(settings, secrets, status_writer):
        if settings.has_demo_accounts:
            await _seed_demo_accounts(settings, secrets, status_writer)
        status_writer.update(phase="ready")
        try:
            await scan_at_intervals(settings)
        finally:
            status_writer.update(phase="stopping")


@asynccontextmanager
async def open_stack(
    settings: StackSettings, secrets: StackSecrets, status_writer: StatusWriter, services: Iterable[str] = SERVICES
) -> AsyncIterator[None]:
    """Run the embedded parts, *services* and the edge; all are ready on entry."""
    below = build_embedded_parts(settings, secrets, status_writer)
    above = {name: _build_service_part(name, settings, secrets, status_writer) for name in services} | {
        "edge": _build_edge_part(settings, status_writer)
    }
    if "newsletter" in above and settings.inbound_domain is not None:
        above["newsletter-inbound"] = _build_service_part("newsletter", settings, secrets, status_writer, "inbound")
        port = settings.ports["inbound-smtp"]
        status_writer.update(inbound=f"smtp://127.0.0.1:{port}  for {settings.inbound_domain}")
    status_writer.expect_parts(*below, *above)
    async with enter_all(list(below.values()), list(above.values())):
        await _wait_for_edge(settings)
        yield


def build_embedded_parts(
    settings: StackSettings, secrets: StackSecrets, status_writer: StatusWriter
) -> dict[str, Part]:
    """Return the parts that are not replaced by an external URL."""
    home, ports, listener = StackDirectory(settings.home), settings.ports, status_writer.record_event
    parts: dict[str, Part] = {}
    if settings.has_embedded_mongo:
        parts["mongo"] = mongo.start(
            port=ports["mongo"],
            data=home.data / "mongo",
            log=home.logs / "mongo.log",
            access=mongo.AccessControl(users=_database_users(secrets), setup_port=ports["mongo-setup"]),
            listener=listener,
        )
        status_writer.update(notes=(*status_writer.report.notes, mongo.describe_server()))
    if settings.has_embedded_broker:
        parts["rabbit"] = rabbit.start(
            ports=ports,
            data=home.data / "rabbit",
            log=home.logs / "rabbit.log",
            password=secrets.broker_password,
            service_passwords=secrets.broker_passwords,
            listener=listener,
        )
    if settings.has_mailbox:
        data = home.data / "mailbox"
        parts["mailbox"] = mailbox.start(ports=ports, data=data, log=home.logs / "mailbox.log", listener=listener)
    return parts


def build_part_urls(service: str, settings: StackSettings, secrets: StackSecrets) -> dict[str, str]:
    """Return the part URLs of *service*; in the embedded parts it logs in as the user *service*."""
    entry, ports = get_registry().get(service), settings.ports
    smtp = settings.smtp_url.get_secret_value() if settings.smtp_url else f"smtp://127.0.0.1:{ports['smtp']}"
    urls = {"SMTP_URL": smtp}
    if entry.has_database:
        given = settings.mongo_url_of(service)
        urls["MONGO_URL"] = given.get_secret_value() if given else _embedded_mongo_url(service, settings, secrets)
    if entry.has_broker:
        given, password = settings.amqp_url_of(service), secrets.broker_passwords[service]
        own = f"amqp://{service}:{password}@127.0.0.1:{ports['rabbit']}/"
        urls["AMQP_URL"] = given.get_secret_value() if given else own
    return urls


def _database_of(service: str) -> str:
    return ADMIN_DATABASE if service == DATABASE_ROOT else f"candor_{service}"


def _database_users(secrets: StackSecrets) -> tuple[DatabaseUser, ...]:
    return tuple(
        DatabaseUser(name=name, database=_database_of(name), password=password)
        for name, password in secrets.database_passwords.items()
    )


def _embedded_mongo_url(user: str, settings: StackSettings, secrets: StackSecrets) -> str:
    # The database in the path is the authSource, where the user was created.
    password, port = secrets.database_passwords[user], settings.ports["mongo"]
    return f"mongodb://{user}:{password}@127.0.0.1:{port}/{_database_of(user)}"


def _build_service_part(
    name: str, settings: StackSettings, secrets: StackSecrets, status_writer: StatusWriter, *process: str
) -> Part:
    """Return a service, or a further *process* of it, which is a part of its own."""
    part = "-".join((name, *process))
    embedded_store = get_registry().get(name).has_database and settings.mongo_url_of(name) is None
    root_url = _embedded_mongo_url(DATABASE_ROOT, settings, secrets)
    return service.start(
        "/".join((name, *process)),
        port=settings.ports[part],
        env=build_environment(name, settings, secrets, build_part_urls(name, settings, secrets)),
        after_crash=partial(mongo.abort_orphaned_transactions, root_url) if embedded_store else None,
        data=settings.home / "data" / name,
        log=StackDirectory(settings.home).logs / f"{part}.log",
        listener=status_writer.record_event,
    )


def _build_edge_part(settings: StackSettings, status_writer: StatusWriter) -> Part:
    home, ports = StackDirectory(settings.home), settings.ports
    config = edge.EdgeConfig(
        port=ports["edge"],
        frontend_port=ports["frontend"],
        admin_port=ports["edge-admin"],
        public_url=settings.public_url,
        upstreams={name: ports[name] for name in (*SERVICES, "mailbox")},
        local=settings.is_local,
    )
    return edge.start(config, data=home.data / "edge", log=home.logs / "edge.log", listener=status_writer.record_event)


async def _wait_for_edge(settings: StackSettings) -> None:
    check = http_ok(settings.ports.build_url("edge", "/healthz"))
    try:
        async with asyncio.timeout(_EDGE_READY_TIMEOUT):
            while await check() is not None:  # noqa: ASYNC110 - another process changes the state
                await asyncio.sleep(0.1)
    except TimeoutError as late:
        log = StackDirectory(settings.home).logs / "edge.log"
        raise PartFailedError(
            "edge", f"does not answer /healthz with 200 within {_EDGE_READY_TIMEOUT:g} s", log
        ) from late


async def _seed_demo_accounts(settings: StackSettings, secrets: StackSecrets, status_writer: StatusWriter) -> None:
    """Create the demo accounts; a failure is only reported, because the platform works without them."""
    try:
        await seed_demo_accounts(settings, secrets)
    except DemoAccountError as fault:
        status_writer.update(demo_accounts_error=str(fault))
