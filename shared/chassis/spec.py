"""The interface between chassis and service: ``Chassis`` is passed in, ``ServiceSpec`` is returned."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from shared import bus, mail, observe
from shared.bus import Broker, EventSubscription, Outbox, RpcClient, RpcHandler
from shared.clock import Clock, utc_now
from shared.crypto import Keyring, SubjectKeyDocument, TokenSealer, Vault
from shared.ids import NewId, new_id
from shared.mail import (
    MailLog,
    MailLogCheck,
    MailLogDocument,
    MailLogSource,
    MailQueue,
    QueuedMailDocument,
)
from shared.mongo import Database, DataFormatDocument, Document, Leases, open_database
from shared.policy import Purpose
from shared.promises import Probe
from shared.registry import Registry, get_registry
from shared.settings import CommonSettings
from shared.web import DOCUMENTS as WEB_DOCUMENTS
from shared.web import IdempotencyDocument, Route, TokenTrust

DOCUMENTS: tuple[type[Document], ...] = (
    DataFormatDocument,
    *Leases.documents,
    *bus.DOCUMENTS,
    *WEB_DOCUMENTS,
    SubjectKeyDocument,
    QueuedMailDocument,
    MailLogDocument,
)
"""The documents that the chassis stores in the database of each service."""

_denied_reads = observe.counter(
    "candor_purpose_denied_total", "Reads refused for their purpose (C06).", ("field", "purpose")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chassis:
    """The open parts; a service's ``compose`` passes on what its objects need."""

    service: str
    settings: CommonSettings
    registry: Registry
    clock: Clock
    new_id: NewId
    keyring: Keyring
    db: Database
    broker: Broker
    vault: Vault
    token_sealer: TokenSealer
    outbox: Outbox
    rpc_client: RpcClient
    mail_queue: MailQueue
    mail_log: MailLog
    leases: Leases

    async def erase_subject(self, account_id: str) -> dict[str, int]:
        """Erase what the chassis stores for an account, its key last; call it in the transaction of an erasure."""
        erased = {
            IdempotencyDocument.collection: await self.db.get_collection(IdempotencyDocument).delete_many(
                {"owner": account_id}
            ),
            QueuedMailDocument.collection: await self.db.get_collection(QueuedMailDocument).delete_many(
                {"owner": account_id}
            ),
            SubjectKeyDocument.collection: int(await self.vault.destroy_key(account_id)),
        }
        await self.mail_log.anonymize(account_id)  # the log itself ends on its schedule (C04)
        return {name: count for name, count in erased.items() if count}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """The routes, subscriptions, workers and probes of a service; the chassis runs them."""

    routes: Sequence[Route] = ()
    documents: Sequence[type[Document]] = ()
    subscriptions: Sequence[EventSubscription] = ()
    rpc_handlers: Sequence[RpcHandler] = ()
    workers: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """Tasks that run for the lifetime of the service, by name; one that returns or fails is restarted after a delay."""
    probes: Sequence[Probe] = ()
    """Probes of the service; the chassis adds C01, C17 and C18."""
    on_startup: Callable[[], Awaitable[None]] | None = None
    """Run after the collections exist and before the workers start; retried when it fails."""
    token_trust: TokenTrust | None = None
    """The keys and revocations used to verify access tokens; by default they are requested from identity."""
    extra_routes: Callable[[web.Application], None] | None = None
    """Adds aiohttp handlers beside the routes (WebDAV)."""
    sends_mail: bool = False
    mail_log_sources: Sequence[MailLogSource] = ()
    """What the search of the mail log finds beside the rows of the chassis."""
    mail_log_check: Callable[[], Awaitable[MailLogCheck]] | None = None
    """What the probe of C04 looks at beside the rows of the chassis."""
    on_shutdown: Callable[[], None] | None = None


def list_documents(spec: ServiceSpec) -> tuple[type[Document], ...]:
    """Return all documents of a service: those of the chassis and its own."""
    return (*DOCUMENTS, *spec.documents)


@asynccontextmanager
async def open_chassis(
    service: str, settings: CommonSettings, *, clock: Clock = utc_now, registry: Registry | None = None
) -> AsyncIterator[Chassis]:
    """Open the parts without waiting for them; a wrong setting is a SettingError.

    *registry* declares which events have consumers; default: that of the platform.
    """
    registry = registry or get_registry()
    keyring = Keyring.from_file(settings.keyring)
    async with (
        open_database(
            settings.mongo_url.get_secret_value(), settings.mongo_database, driver=settings.mongo_driver
        ) as db,
        Broker(settings.amqp_url.get_secret_value(), service) as broker,
    ):
        vault = Vault(db, keyring, clock, on_purpose_denied=_count_denied_read)
        yield Chassis(
            service=service,
            settings=settings,
            registry=registry,
            clock=clock,
            new_id=new_id,
            keyring=keyring,
            db=db,
            broker=broker,
            vault=vault,
            token_sealer=TokenSealer(keyring),
            outbox=Outbox(db, service, clock, has_consumer=registry.has_consumer),
            rpc_client=RpcClient(broker, service, clock),
            mail_queue=mail.MailQueue(db, vault, clock),
            mail_log=mail.MailLog(db, vault),
            leases=Leases(db),
        )


async def _count_denied_read(associated_data: str, purpose: Purpose) -> None:
    _denied_reads.labels(associated_data, purpose.value).inc()
