"""The other services as identity sees them, over the real broker: agreements, parts of exports, receipts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from google.protobuf.message import Message

from services.identity.domain.privacy_requests.lifecycle import OTHER_SERVICES
from shared.bus import Broker, RpcContext, RpcError, RpcHandler, RpcServer, event_type
from shared.bus.envelope import EventEnvelope
from shared.bus.topology import events_exchange
from shared.clock import utc_now
from shared.contracts import common_v1, disclosure_v1
from shared.ids import new_id
from tests.support.fakes import NOON

Agreement = tuple[bool, list[str], datetime]


def _open() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(slots=True)
class FakePeers:
    """What the five others hold and know."""

    broker: Broker
    agreements: dict[str, Agreement] = field(default_factory=dict)
    fields: dict[str, list[str]] = field(default_factory=dict)
    """By agreement: the fields that it names."""
    purposes: dict[str, list[str]] = field(default_factory=dict)
    """By agreement, where they are others than those of every partner."""
    asked: list[str] = field(default_factory=list)
    pages: dict[str, list[list[tuple[str, bytes]]]] = field(default_factory=dict)
    """By service: the pages of files that it hands over."""
    answering: asyncio.Event = field(default_factory=_open)
    """Cleared, answers about agreements are held back."""
    silent: set[str] = field(default_factory=set)

    async def get_agreement(
        self, request: disclosure_v1.AgreementGetRequest, _asked: RpcContext
    ) -> disclosure_v1.AgreementGetReply:
        self.asked.append(request.agreement_id)
        in_force, scopes, ends_at = self.agreements.get(request.agreement_id, (False, [], NOON))
        reply = disclosure_v1.AgreementGetReply(
            active=in_force,
            scopes=scopes,
            fields=self.fields.get(request.agreement_id, []),
            purposes=self.purposes.get(request.agreement_id, ["partner_service"]),
        )
        reply.ends_at.FromDatetime(ends_at)
        await self.answering.wait()
        return reply

    def export_page_handler(self, service: str) -> RpcHandler:
        async def page(request: common_v1.ExportPageRequest, _asked: RpcContext) -> common_v1.ExportPageReply:
            if service in self.silent:
                raise RpcError("core.service.unavailable", 503)
            pages = self.pages.get(service, [[("data.json", b"{}")]])
            number = int(request.cursor or 0)
            items = [common_v1.ExportItem(path=path, content=content) for path, content in pages[number]]
            following = str(number + 1) if number + 1 < len(pages) else ""
            return common_v1.ExportPageReply(items=items, next_cursor=following)

        return RpcHandler(f"{service}.export.page", common_v1.ExportPageRequest, page)

    async def publish_event(self, fact: Message, *, by: str) -> None:
        """Tell a fact as the service *by* does."""
        envelope = EventEnvelope(
            id=new_id("evt"),
            type=event_type(fact, by),
            source=f"/{by}",
            time=utc_now(),
            subject="",
            traceparent="",
            body=fact.SerializeToString(),
        )
        async with self.broker.publish_connection.acquire_channel() as channel:
            exchange = await events_exchange(channel)
            await exchange.publish(envelope.to_message(), envelope.type, mandatory=True, timeout=10)


@asynccontextmanager
async def open_fake_peers(amqp_url: str) -> AsyncIterator[FakePeers]:
    """Answer until the context ends."""
    async with Broker(amqp_url, "others") as broker:
        found = FakePeers(broker)
        answers = [
            RpcHandler("disclosure.agreement.get", disclosure_v1.AgreementGetRequest, found.get_agreement),
            *(found.export_page_handler(service) for service in OTHER_SERVICES),
        ]
        task = asyncio.create_task(RpcServer(broker, answers, utc_now).run())
        try:
            yield found
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def receipt(erasure_id: str, *, erased: int = 1, kept: str = "") -> common_v1.ErasureCompleted:
    """Return what a service tells when it has erased."""
    fact = common_v1.ErasureCompleted(erasure_id=erasure_id, erased_counts={"things": erased})
    fact.completed_at.FromDatetime(utc_now())
    if kept:
        fact.retained_items.add(description=kept, reason="bookkeeping duties")
    return fact
