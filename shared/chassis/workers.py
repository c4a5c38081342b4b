"""The background workers of a service, by name; ``TaskSupervisor`` runs and restarts them."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from shared import observe
from shared.bus import Consumer, OutboxRelay, RpcServer
from shared.chassis.spec import Chassis, ServiceSpec, list_documents
from shared.chassis.tasks import TaskFunction
from shared.mail import DkimSigner, FromAddress, MailSender, ReturnPathSigner, SmtpUrl
from shared.mongo import Document, RetentionSweeper
from shared.policy import PROMISES
from shared.promises import Probe, ProbeRunner, retention_probe, undeclared_fields_probe
from shared.promises.card_numbers import card_number_probe
from shared.promises.server_logs import server_log_probe

log = observe.get_logger(__name__)

RELAY_WORKER = "relay-outbox"
"""The last worker to stop: it publishes the events that the others have just stored."""
SWEEP_INTERVAL = timedelta(minutes=10)
SWEEP_LEASE_TTL = timedelta(seconds=30)


def build_workers(chassis: Chassis, spec: ServiceSpec) -> dict[str, TaskFunction]:
    """Return the workers of a service without starting them; a wrong setting is a SettingError."""
    db, broker, clock, platform = chassis.db, chassis.broker, chassis.clock, chassis.settings
    documents = list_documents(spec)
    sweeper = RetentionSweeper(db, documents, clock)
    relay = OutboxRelay(db, broker, chassis.outbox, clock, subscriptions=spec.subscriptions)
    workers: dict[str, TaskFunction] = {
        RELAY_WORKER: relay.run,
        "measure-outbox": relay.run_metrics,
        "delete-expired": lambda: chassis.leases.run_exclusive(
            "delete-expired", lambda: _sweep_forever(sweeper), ttl=SWEEP_LEASE_TTL
        ),
        "run-probes": ProbeRunner(
            service=chassis.service,
            probes=_collect_probes(chassis, spec, documents, sweeper),
            outbox=chassis.outbox,
            clock=clock,
            interval=platform.probe_interval,
        ).run,
        **spec.workers,
    }
    for subscription in spec.subscriptions:
        workers[f"consume-{subscription.queue}"] = Consumer(db, broker, subscription, clock).run
    if spec.rpc_handlers:
        workers["serve-rpc"] = RpcServer(broker, spec.rpc_handlers, clock, callers_of=chassis.registry.callers_of).run
    if spec.sends_mail:
        workers["send-mail"] = _build_mail_sender(chassis).run
    return workers


def _build_mail_sender(chassis: Chassis) -> MailSender:
    sender = FromAddress.parse(chassis.settings.mail_from, chassis.settings.mail_reply_to)
    url = SmtpUrl.parse(chassis.settings.smtp_url)
    dkim = DkimSigner.from_keyring(chassis.keyring, sender.address.domain)
    return_path = ReturnPathSigner.from_settings(chassis.settings.inbound_domain, chassis.settings.return_path_key)
    return MailSender(chassis.mail_queue, url, sender, dkim=dkim, return_path=return_path, clock=chassis.clock)


def _collect_probes(
    chassis: Chassis, spec: ServiceSpec, documents: Sequence[type[Document]], sweeper: RetentionSweeper
) -> list[Probe]:
    own = {probe.promise_id for probe in spec.probes}
    everywhere = (
        undeclared_fields_probe(chassis.db, documents),
        retention_probe(sweeper),
        card_number_probe(chassis.db, documents),
        *((_build_server_log_probe(chassis, spec),) if spec.sends_mail else ()),
    )
    return [*spec.probes, *(probe for probe in everywhere if probe.promise_id not in own)]


def _build_server_log_probe(chassis: Chassis, spec: ServiceSpec) -> Probe:
    [leading] = [promise.owners[0] for promise in PROMISES if promise.id == "C04"]
    return server_log_probe(
        chassis.db,
        chassis.mail_log,
        chassis.clock,
        access_log=chassis.settings.access_log,
        leads=chassis.service == leading,
        more=spec.mail_log_check,
    )


async def _sweep_forever(sweeper: RetentionSweeper) -> None:
    """Delete expired documents every ten minutes (C17)."""
    while True:
        deleted = await sweeper.delete_expired()
        if deleted:
            log.info("retention.documents_deleted", **deleted)
        await asyncio.sleep(SWEEP_INTERVAL.total_seconds())
