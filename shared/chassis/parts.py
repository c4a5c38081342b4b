"""What a service is given, and what it gives back."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from shared import bus, mail, observe
from shared.bus import Answer, Asker, Broker, Outbox, Subscription
from shared.clock import Clock, utc_now
from shared.crypto import Keyring, Links, Vault
from shared.crypto.vault import SubjectKey
from shared.ids import NewId, new_id
from shared.mail import MailLog, MailRow, Post
from shared.mongo import Database, Document, Leases, open_database
from shared.policy import Purpose
from shared.promises import Probe
from shared.settings import Platform
from shared.web import DOCUMENTS as WEB_DOCUMENTS
from shared.web import IdempotencyRow, Route, Trust

DOCUMENTS: tuple[type[Document], ...] = (
    *Leases.documents,
    *bus.DOCUMENTS,
    *WEB_DOCUMENTS,
    SubjectKey,
    MailRow,
    MailLog,
)
"""What the chassis itself stores, in the database of each service."""

_refused = observe.counter("purpose_refused_total", "Reads refused for their purpose (C06).", ("place", "purpose"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chassis:
    """The open parts; a service's ``compose`` takes from it what it needs, by name."""

    service: str
    platform: Platform
    clock: Clock
    new_id: NewId
    keyring: Keyring
    db: Database
    broker: Broker
    vault: Vault
    links: Links
    outbox: Outbox
    asker: Asker
    post: Post
    leases: Leases

    async def forget(self, account_id: str) -> dict[str, int]:
        """Erase what the chassis itself holds of an account, its key last; call it in the transaction of an erasure."""
        erased = {
            IdempotencyRow.collection: await self.db.collection(IdempotencyRow).delete({"owner": account_id}),
            MailRow.collection: await self.db.collection(MailRow).delete({"owner": account_id}),
            SubjectKey.collection: int(await self.vault.forget(account_id)),
        }
        return {name: count for name, count in erased.items() if count}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a service consists of; the chassis runs it."""

    routes: Sequence[Route] = ()
    documents: Sequence[type[Document]] = ()
    subscriptions: Sequence[Subscription] = ()
    answers: Sequence[Answer] = ()
    workers: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """Tasks that run as long as the service does, by name; one that ends or fails is begun anew after a pause."""
    probes: Sequence[Probe] = ()
    """Those of the service; the chassis adds C01, C17 and C18, which are the same everywhere."""
    prepare: Callable[[], Awaitable[None]] | None = None
    """Run once the collections are there and before anything else; it may fail and is then repeated."""
    trust: Trust | None = None
    """Whom to believe; identity has its own, everybody else asks identity."""
    raw: Callable[[web.Application], None] | None = None
    """Adds aiohttp handlers of the service's own (WebDAV)."""
    sends_mail: bool = False
    close: Callable[[], None] | None = None


def documents_of(parts: Parts) -> tuple[type[Document], ...]:
    """Return all that a service stores: what the chassis keeps for it, and its own."""
    return (*DOCUMENTS, *parts.documents)


@asynccontextmanager
async def open_chassis(service: str, platform: Platform, *, clock: Clock = utc_now) -> AsyncIterator[Chassis]:
    """Open the parts; nothing is waited for, a wrong setting is a SettingError."""
    keyring = Keyring.load(platform.keyring)
    async with (
        open_database(platform.mongo_url.reveal(), platform.mongo_database, driver=platform.mongo_driver) as db,
        Broker(platform.amqp_url.reveal(), service) as broker,
    ):
        vault = Vault(db, keyring, clock, on_refused=_count_refusal)
        yield Chassis(
            service=service,
            platform=platform,
            clock=clock,
            new_id=new_id,
            keyring=keyring,
            db=db,
            broker=broker,
            vault=vault,
            links=Links(keyring),
            outbox=Outbox(db, service, clock),
            asker=Asker(broker, service, clock),
            post=mail.Post(db, vault, clock),
            leases=Leases(db),
        )


async def _count_refusal(place: str, purpose: Purpose) -> None:
    _refused.labels(place, purpose.value).inc()
