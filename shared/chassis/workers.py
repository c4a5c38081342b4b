"""What runs in a service besides its requests: by name, each one kept running by ``Tasks``."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from shared import observe
from shared.bus import Answerer, Consumer, Relay
from shared.chassis.parts import Chassis, Parts, documents_of
from shared.chassis.tasks import Work
from shared.mail import Postman, RelayUrl, Sender, Signer
from shared.mongo import Document, RetentionSweeper
from shared.promises import Probe, ProbeRunner, closed_documents, retention_probe
from shared.promises.card_numbers import no_card_numbers

log = observe.logger(__name__)

RELAY = "relay"
"""The last to stop: it tells what the others have just put in the outbox."""
SWEEP_EVERY = timedelta(minutes=10)
SWEEP_LEASE = timedelta(seconds=30)


def workers(chassis: Chassis, parts: Parts) -> dict[str, Work]:
    """Return the tasks of a service; nothing is begun, a wrong setting is a SettingError."""
    db, broker, clock, platform = chassis.db, chassis.broker, chassis.clock, chassis.platform
    documents = documents_of(parts)
    sweeper = RetentionSweeper(db, documents, clock)
    relay = Relay(db, broker, chassis.outbox, clock, hears=parts.subscriptions)
    work: dict[str, Work] = {
        RELAY: relay.run,
        "watch-outbox": relay.watch,
        "sweep": lambda: chassis.leases.alone("sweep", lambda: _sweep(sweeper), ttl=SWEEP_LEASE),
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
        work["postman"] = _postman(chassis).run
    return work


def _postman(chassis: Chassis) -> Postman:
    sender = Sender.parse(chassis.platform.mail_from)
    url = RelayUrl.parse(chassis.platform.smtp_url)
    dkim = Signer.of(chassis.keyring, sender.address.domain)
    return Postman(chassis.post, url, sender, dkim=dkim, clock=chassis.clock)


def _probes(
    chassis: Chassis, parts: Parts, documents: Sequence[type[Document]], sweeper: RetentionSweeper
) -> list[Probe]:
    own = {probe.promise_id for probe in parts.probes}
    everywhere = (
        closed_documents(chassis.db, documents),
        retention_probe(sweeper),
        no_card_numbers(chassis.db, documents),
    )
    return [*parts.probes, *(probe for probe in everywhere if probe.promise_id not in own)]


async def _sweep(sweeper: RetentionSweeper) -> None:
    """Delete what has passed its limit (C17)."""
    while True:
        erased = await sweeper.sweep()
        if erased:
            log.info("retention.swept", **erased)
        await asyncio.sleep(SWEEP_EVERY.total_seconds())
