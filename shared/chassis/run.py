"""Runs one service: settings, startup, workers, graceful shutdown."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import uvloop
from aiohttp import web

from shared import observe
from shared.bus import Consumer, EventSubscription, on
from shared.chassis.commands import run_command
from shared.chassis.data_map import build_data_map_route
from shared.chassis.mail_log import build_mail_log_routes
from shared.chassis.server import serve, wait_for_signal
from shared.chassis.spec import Chassis, ServiceSpec, list_documents, open_chassis
from shared.chassis.tasks import TaskFunction, TaskSupervisor
from shared.chassis.tls import ServerCertificate
from shared.chassis.workers import RELAY_WORKER, build_workers
from shared.contracts import identity_v1
from shared.errors import UnavailableError
from shared.mongo import IncompatibleDataError
from shared.registry import Registry
from shared.settings import CommonSettings, SettingError
from shared.web import Health, IdempotencyStore, RemoteTokenTrust, TokenTrust, TokenVerifier, build_app

log = observe.get_logger(__name__)

READINESS_POLL_INTERVAL = 2.0
"""Seconds between checks of the database and the broker."""
_STARTUP_POLL_INTERVAL = 0.2


class HasCommonSettings(Protocol):
    """The settings of a service, which include those common to all services."""

    @property
    def common(self) -> CommonSettings:
        """The settings common to all services."""
        ...


S = TypeVar("S", bound=HasCommonSettings)
Compose = Callable[[Chassis, S], ServiceSpec]


def run(
    service: str,
    read_settings: Callable[[], S],
    compose: Compose[S],
    *,
    parts: Mapping[str, Compose[S]] | None = None,
    registry: Registry | None = None,
) -> None:
    """Run *service* until SIGTERM, or the command given as arguments; a wrong setting is one line and exit code 2.

    *parts* are further processes of the service, each with a composition root of its own; an argument names one.
    *registry* declares which events have consumers; default: that of the platform.
    """
    try:
        settings = read_settings()
        match sys.argv[1:]:
            case [part] if parts and part in parts:
                compose = parts[part]
            case [_, *_] as arguments:
                run_command(service, settings.common, arguments)
            case _:
                pass
        observe.configure_logging(service, settings.common.log_level)
        observe.configure_tracing(service, settings.common.otlp_url)
        uvloop.run(_serve(service, settings, compose, registry))
    except SettingError as fault:
        sys.stderr.write(f"{service}: {' '.join(str(fault).split())}\n")
        sys.exit(2)


async def _serve(service: str, settings: S, compose: Compose[S], registry: Registry | None) -> None:
    platform = settings.common
    certificate = ServerCertificate.from_settings(platform)
    tls = certificate.create_ssl_context() if certificate else None
    async with open_chassis(service, platform, registry=registry) as chassis:
        spec = compose(chassis, settings)
        remote_trust = RemoteTokenTrust(chassis.rpc_client, chassis.clock)
        health = Health(("mongo", "rabbitmq", "start", *(() if spec.token_trust else ("signing-keys",))))
        workers = build_workers(chassis, spec)
        app = build_service_app(chassis, spec, token_trust=spec.token_trust or remote_trust, health=health)
        async with (
            TaskSupervisor(health, stop_last=RELAY_WORKER) as tasks,
            serve(app, platform.host, platform.port, tls=tls),
        ):
            log.info("service.listening", port=platform.port)
            if certificate and tls:
                tasks.run_forever("reload-certificate", lambda: certificate.reload_on_change(tls))
            tasks.run_forever("check-dependencies", lambda: _poll_dependencies(chassis, health))
            refusal = asyncio.get_running_loop().create_future()
            tasks.run_until_success("start", lambda: _start_service(chassis, spec, workers, tasks, refusal=refusal))
            if spec.token_trust is None:
                tasks.run_forever("consume-session-revocations", _build_revocation_consumer(remote_trust, chassis).run)
                tasks.run_until_success("signing-keys", lambda: _load_signing_keys(remote_trust, tasks))
            await _wait_for_end(refusal)
            log.info("service.stopping")
            health.set_status("running", ok=False, reason="is stopping")
            tasks.stop()
        if spec.on_shutdown is not None:
            spec.on_shutdown()
    observe.flush_tracing()
    log.info("service.stopped")
    if refusal.done():
        raise SettingError(refusal.result())


def build_service_app(
    chassis: Chassis, spec: ServiceSpec, *, token_trust: TokenTrust, health: Health | None = None
) -> web.Application:
    """Return the HTTP application of a service; does not wait for the parts."""
    return build_app(
        chassis.service,
        [
            *spec.routes,
            build_data_map_route(chassis.service, list_documents(spec)),
            *(build_mail_log_routes(chassis, spec) if spec.sends_mail else ()),
        ],
        public_url=chassis.settings.public_url,
        verifier=TokenVerifier(trust=token_trust, issuer=chassis.settings.public_url),
        idempotency=IdempotencyStore(chassis.db, chassis.vault),
        health=health,
        clock=chassis.clock,
        cors_origins=chassis.settings.cors_origins,
        extra_routes=spec.extra_routes,
    )


async def _poll_dependencies(chassis: Chassis, health: Health) -> None:
    while True:
        health.set_status("rabbitmq", ok=chassis.broker.connected)
        try:
            await chassis.db.check_connection()
            health.set_status("mongo", ok=True)
        except UnavailableError as fault:
            health.set_status("mongo", ok=False, reason=fault.detail)
        await asyncio.sleep(READINESS_POLL_INTERVAL if health.ready else _STARTUP_POLL_INTERVAL)


async def _wait_for_end(refusal: "asyncio.Future[str]") -> None:
    """Wait for a signal, or for the reason why this process cannot start."""
    signalled = asyncio.create_task(wait_for_signal())
    futures: set[asyncio.Future[Any]] = {signalled, refusal}
    try:
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    finally:
        signalled.cancel()


async def _start_service(
    chassis: Chassis,
    spec: ServiceSpec,
    workers: Mapping[str, TaskFunction],
    tasks: TaskSupervisor,
    *,
    refusal: "asyncio.Future[str]",
) -> None:
    """Prepare the database and the service, then start all workers: the last step, which cannot fail."""
    try:
        await chassis.db.ensure_collections(list_documents(spec))
    except IncompatibleDataError as fault:
        refusal.set_result(str(fault))
        await asyncio.Event().wait()  # returning would make the process ready; cancelled at shutdown
    if spec.on_startup is not None:
        await spec.on_startup()
    for name, worker in workers.items():
        tasks.run_forever(name, worker)
    log.info("service.started")


async def _load_signing_keys(token_trust: RemoteTokenTrust, tasks: TaskSupervisor) -> None:
    """Load the signing keys, then refresh them periodically."""
    await token_trust.refresh_keys()
    tasks.run_forever("refresh-signing-keys", token_trust.run)


def _build_revocation_consumer(token_trust: RemoteTokenTrust, chassis: Chassis) -> Consumer:
    subscription = build_revocation_subscription(chassis.service, token_trust)
    return Consumer(chassis.db, chassis.broker, subscription, chassis.clock)


def build_revocation_subscription(service: str, token_trust: RemoteTokenTrust) -> EventSubscription:
    """Return the subscription to revoked sessions, which every service but identity has."""
    revoked = on(identity_v1.SessionRevoked, "identity", token_trust.on_session_revoked, transactional=False)
    return EventSubscription(queue=f"{service}.session_revocations", handlers=(revoked,), broadcast=True)
