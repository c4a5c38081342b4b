"""Runs one service, from its settings to its end."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import uvloop
from aiohttp import web

from shared import observe
from shared.bus import Consumer, Subscription, on
from shared.chassis.data_map import data_map_route
from shared.chassis.parts import Chassis, Parts, documents_of, open_chassis
from shared.chassis.serve import listening, until_stopped
from shared.chassis.tasks import Tasks, Work
from shared.chassis.tls import Certificate
from shared.chassis.workers import RELAY, workers
from shared.contracts import identity_v1
from shared.errors import UnavailableError
from shared.settings import Platform, SettingError
from shared.web import AskedTrust, Health, Replays, Trust, Verifier, build_app

log = observe.logger(__name__)

LOOK_EVERY = 2.0
"""Seconds between looks whether the parts answer."""
_LOOK_AT_START = 0.2


class HasPlatform(Protocol):
    """The settings of a service: its own, and those that all share."""

    @property
    def platform(self) -> Platform:
        """What all services share."""
        ...


S = TypeVar("S", bound=HasPlatform)
Compose = Callable[[Chassis, S], Parts]


def run(service: str, read_settings: Callable[[], S], compose: Compose[S]) -> None:
    """Run *service* until SIGTERM; a wrong setting is one line on stderr and exit code 2."""
    try:
        settings = read_settings()
        observe.configure_logging(service, settings.platform.log_level)
        observe.configure_tracing(service, settings.platform.otlp_url)
        uvloop.run(_serve(service, settings, compose))
    except SettingError as fault:
        sys.stderr.write(f"{service}: {' '.join(str(fault).split())}\n")
        sys.exit(2)


async def _serve(service: str, settings: S, compose: Compose[S]) -> None:
    platform = settings.platform
    certificate = Certificate.of(platform)
    tls = certificate.context() if certificate else None
    async with open_chassis(service, platform) as chassis:
        parts = compose(chassis, settings)
        asked = AskedTrust(chassis.asker, chassis.clock)
        health = Health(("mongo", "rabbitmq", "start", *(() if parts.trust else ("trust",))))
        work = workers(chassis, parts)
        app = application(chassis, parts, trust=parts.trust or asked, health=health)
        async with Tasks(health, last=RELAY) as tasks, listening(app, platform.host, platform.port, tls=tls):
            log.info("service.listening", port=platform.port)
            if certificate and tls:
                tasks.keep("certificate", lambda: certificate.renew(tls))
            tasks.keep("parts", lambda: _look_at_parts(chassis, health))
            tasks.once("start", lambda: _start(chassis, parts, work, tasks))
            if parts.trust is None:
                tasks.keep("consume-sessions", _sessions(asked, chassis).run)
                tasks.once("trust", lambda: _trust(asked, tasks))
            await until_stopped()
            log.info("service.stopping")
            health.set("running", ok=False, why="is stopping")
            tasks.stop()
        if parts.close is not None:
            parts.close()
    observe.flush_tracing()
    log.info("service.stopped")


def application(chassis: Chassis, parts: Parts, *, trust: Trust, health: Health | None = None) -> web.Application:
    """Return the HTTP application of a service; nothing is waited for."""
    return build_app(
        chassis.service,
        [*parts.routes, data_map_route(chassis.service, documents_of(parts))],
        public_url=chassis.platform.public_url,
        verifier=Verifier(trust=trust, issuer=chassis.platform.public_url),
        replays=Replays(chassis.db, chassis.vault),
        health=health,
        clock=chassis.clock,
        raw=parts.raw,
    )


async def _look_at_parts(chassis: Chassis, health: Health) -> None:
    while True:
        health.set("rabbitmq", ok=chassis.broker.connected)
        try:
            await chassis.db.ping()
            health.set("mongo", ok=True)
        except UnavailableError as fault:
            health.set("mongo", ok=False, why=fault.detail)
        await asyncio.sleep(LOOK_EVERY if health.ready else _LOOK_AT_START)


async def _start(chassis: Chassis, parts: Parts, work: Mapping[str, Work], tasks: Tasks) -> None:
    """Prepare what must be there before the first request, then begin all tasks: the last step, which cannot fail."""
    await chassis.db.prepare(documents_of(parts))
    if parts.prepare is not None:
        await parts.prepare()
    for name, each in work.items():
        tasks.keep(name, each)
    log.info("service.started")


async def _trust(asked: AskedTrust, tasks: Tasks) -> None:
    """Learn whom to trust, then keep learning."""
    await asked.refresh()
    tasks.keep("refresh-trust", asked.run)


def _sessions(asked: AskedTrust, chassis: Chassis) -> Consumer:
    ended = on(identity_v1.SessionEnded, "identity", asked.on_session_ended, transactional=False)
    heard = Subscription(queue=f"{chassis.service}.sessions", handles=(ended,), broadcast=True)
    return Consumer(chassis.db, chassis.broker, heard, chassis.clock)
