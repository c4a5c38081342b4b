"""Runs one service, from its settings to its end."""

import asyncio
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol, TypeVar

import uvloop

from shared import observe
from shared.bus import Answerer, Consumer, Relay, Subscription, on
from shared.chassis.parts import DOCUMENTS, Chassis, Parts, open_chassis
from shared.chassis.serve import Certificate, listening, until_stopped
from shared.chassis.tasks import Tasks, Work
from shared.contracts import identity_v1
from shared.errors import UnavailableError
from shared.mail import Postman, RelayUrl, Sender, Signer
from shared.mongo import Document, RetentionSweeper, data_map
from shared.promises import Probe, ProbeRunner, closed_documents, retention_probe
from shared.promises.card_numbers import no_card_numbers
from shared.settings import Platform, SettingError
from shared.web import PUBLIC, AskedTrust, Call, Health, Replays, Route, Verifier, View, build_app, get

log = observe.logger(__name__)

SWEEP_EVERY = timedelta(minutes=10)
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
        sys.stderr.write(f"{service}: {fault}\n")
        sys.exit(2)


async def _serve(service: str, settings: S, compose: Compose[S]) -> None:
    platform = settings.platform
    async with open_chassis(service, platform) as chassis:
        parts = compose(chassis, settings)
        asked = AskedTrust(chassis.asker, chassis.clock)
        health = Health(("mongo", "rabbitmq", "start"))
        app = build_app(
            service,
            [*parts.routes, _data_map_route(service, [*DOCUMENTS, *parts.documents])],
            public_url=platform.public_url,
            verifier=Verifier(trust=parts.trust or asked, issuer=platform.public_url),
            replays=Replays(chassis.db, chassis.vault),
            health=health,
            clock=chassis.clock,
            raw=parts.raw,
        )
        certificate = certificate_of(platform)
        tls = certificate.context() if certificate else None
        async with Tasks(health) as tasks, listening(app, platform.host, platform.port, tls=tls):
            if certificate and tls:
                tasks.keep("certificate", lambda: certificate.renew(tls))
            tasks.keep("parts", lambda: _look_at_parts(chassis, health))
            tasks.once("start", lambda: _start(chassis, parts, asked, tasks))
            log.info("service.listening", port=platform.port)
            await until_stopped()
            log.info("service.stopping")
            health.set("running", ok=False, why="is stopping")
        if parts.close is not None:
            parts.close()
    observe.flush_tracing()
    log.info("service.stopped")


def certificate_of(platform: Platform) -> Certificate | None:
    """Return the certificate of the service's own port, where one is set."""
    if platform.tls_cert is None or platform.tls_key is None:
        return None
    return Certificate(platform.tls_cert, platform.tls_key)


async def _look_at_parts(chassis: Chassis, health: Health) -> None:
    while True:
        health.set("rabbitmq", ok=chassis.broker.connected)
        try:
            await chassis.db.ping()
            health.set("mongo", ok=True)
        except UnavailableError as fault:
            health.set("mongo", ok=False, why=fault.detail)
        await asyncio.sleep(LOOK_EVERY if health.ready else _LOOK_AT_START)


async def _start(chassis: Chassis, parts: Parts, asked: AskedTrust, tasks: Tasks) -> None:
    """Prepare what must be there before the first request, then begin all tasks."""
    documents = [*DOCUMENTS, *parts.documents]
    await chassis.db.prepare(documents)
    if parts.prepare is not None:
        await parts.prepare()
    for name, work in _workers(chassis, parts, documents).items():
        tasks.keep(name, work)
    if parts.trust is None:
        ended = Consumer(chassis.db, chassis.broker, _sessions(asked, chassis), chassis.clock)
        tasks.keep("consume-sessions", ended.run)
        await asked.refresh()
        tasks.keep("trust", asked.run)
    log.info("service.started")


def _workers(chassis: Chassis, parts: Parts, documents: list[type[Document]]) -> dict[str, Work]:
    db, broker, clock, platform = chassis.db, chassis.broker, chassis.clock, chassis.platform
    sweeper = RetentionSweeper(db, documents, clock)
    work: dict[str, Work] = {
        "relay": Relay(db, broker, chassis.outbox, clock).run,
        "sweep": lambda: _sweep(chassis, sweeper),
        "probes": ProbeRunner(
            service=chassis.service,
            probes=_probes(chassis, parts, documents, sweeper),
            outbox=chassis.outbox,
            clock=clock,
            interval=platform.probe_interval,
        ).run,
        **parts.workers,
    }
    for subscription in parts.subscriptions:
        work[f"consume-{subscription.queue}"] = Consumer(db, broker, subscription, clock).run
    if parts.answers:
        work["answers"] = Answerer(broker, parts.answers, clock).run
    if parts.sends_mail:
        sender = Sender.parse(platform.mail_from)
        url = RelayUrl.parse(platform.smtp_url)
        dkim = Signer.of(chassis.keyring, sender.address.domain)
        work["postman"] = Postman(chassis.post, url, sender, dkim=dkim, clock=clock).run
    return work


def _probes(chassis: Chassis, parts: Parts, documents: list[type[Document]], sweeper: RetentionSweeper) -> list[Probe]:
    own = {probe.promise_id for probe in parts.probes}
    everywhere = (
        closed_documents(chassis.db, documents),
        retention_probe(sweeper),
        no_card_numbers(chassis.db, documents),
    )
    return [*parts.probes, *(probe for probe in everywhere if probe.promise_id not in own)]


def _sessions(asked: AskedTrust, chassis: Chassis) -> Subscription:
    ended = on(identity_v1.SessionEnded, "identity", asked.on_session_ended, transactional=False)
    return Subscription(queue=f"{chassis.service}.sessions", handles=(ended,), broadcast=True)


async def _sweep(chassis: Chassis, sweeper: RetentionSweeper) -> None:
    """Delete what has passed its limit (C17), one replica at a time."""
    async with chassis.leases.hold("sweep", ttl=timedelta(seconds=30)):
        while True:
            erased = await sweeper.sweep()
            if erased:
                log.info("retention.swept", **erased)
            await asyncio.sleep(SWEEP_EVERY.total_seconds())


class FieldView(View):
    """One personal field that is stored: what it is, what for, how long."""

    field: str
    category: str
    purposes: list[str]
    keep: str


class CollectionView(View):
    """One collection and the personal fields in it; *subject* is the field that says whose they are."""

    collection: str
    subject: str | None
    fields: list[FieldView]


class DataMapView(View):
    """The record of processing of one service, made of the declarations on its models (C01)."""

    service: str
    collections: list[CollectionView]


def _data_map_route(service: str, documents: list[type[Document]]) -> Route:
    view = DataMapView.model_validate({"service": service, "collections": data_map(documents)})

    async def data_map_of(_call: Call) -> DataMapView:
        """Read what personal data this service stores, for which purposes, for how long."""
        return view

    return get(f"/v1/{service}/data-map", data_map_of, access=PUBLIC)
