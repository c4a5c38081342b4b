"""The other services as identity sees them, over the real broker: agreements, parts of exports, receipts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from google.protobuf.message import Message

from services.identity.domain.requests import OTHERS
from shared.bus import Answer, Answerer, Asked, Broker, QuestionRefusedError, event_type
from shared.bus.envelope import Envelope
from shared.bus.topology import facts_exchange
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
class Others:
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

    async def agreement(
        self, request: disclosure_v1.AgreementReadRequest, _asked: Asked
    ) -> disclosure_v1.AgreementReadReply:
        self.asked.append(request.agreement_id)
        in_force, scopes, ends_at = self.agreements.get(request.agreement_id, (False, [], NOON))
        reply = disclosure_v1.AgreementReadReply(
            in_force=in_force,
            scopes=scopes,
            fields=self.fields.get(request.agreement_id, []),
            purposes=self.purposes.get(request.agreement_id, ["partner_service"]),
        )
        reply.ends_at.FromDatetime(ends_at)
        await self.answering.wait()
        return reply

    def page_of(self, service: str) -> Answer:
        async def page(request: common_v1.ExportPageRequest, _asked: Asked) -> common_v1.ExportPageReply:
            if service in self.silent:
                raise QuestionRefusedError("service.unavailable", 503)
            pages = self.pages.get(service, [[("data.json", b"{}")]])
            number = int(request.cursor or 0)
            items = [common_v1.ExportItem(path=path, content=content) for path, content in pages[number]]
            following = str(number + 1) if number + 1 < len(pages) else ""
            return common_v1.ExportPageReply(items=items, next_cursor=following)

        return Answer(f"{service}.export.page", common_v1.ExportPageRequest, page)

    async def tell(self, fact: Message, *, by: str) -> None:
        """Tell a fact as the service *by* does."""
        envelope = Envelope(
            id=new_id("evt"),
            type=event_type(fact, by),
            source=f"/{by}",
            time=utc_now(),
            subject="",
            traceparent="",
            body=fact.SerializeToString(),
        )
        async with self.broker.publishing.channel() as channel:
            exchange = await facts_exchange(channel)
            await exchange.publish(envelope.to_message(), envelope.type, mandatory=True, timeout=10)


@asynccontextmanager
async def others(amqp_url: str) -> AsyncIterator[Others]:
    """Answer until the context ends."""
    async with Broker(amqp_url, "others") as broker:
        found = Others(broker)
        answers = [
            Answer("disclosure.agreement.read", disclosure_v1.AgreementReadRequest, found.agreement),
            *(found.page_of(service) for service in OTHERS),
        ]
        task = asyncio.create_task(Answerer(broker, answers, utc_now).run())
        try:
            yield found
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def receipt(erasure_id: str, *, erased: int = 1, kept: str = "") -> common_v1.ErasureCompleted:
    """Return what a service tells when it has erased."""
    fact = common_v1.ErasureCompleted(erasure_id=erasure_id, erased={"things": erased})
    fact.completed_at.FromDatetime(utc_now())
    if kept:
        fact.kept.add(what=kept, why="bookkeeping duties")
    return fact
