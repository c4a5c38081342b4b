"""The smallest service that has everything: one document, one fact told and heard, a worker, a raw handler.

Run as a process: ``python -m tests.integration.chassis.minimal_service``. TINY_WORKER is a file that the worker fails
on while it exists; TINY_PAUSE are the seconds that a delivery takes; TINY_TRUST=asked asks identity whom to believe.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from aiohttp import web
from pydantic import Field

from shared import observe
from shared.bus import EventDelivery, EventSubscription, on
from shared.chassis import Chassis, ServiceSpec, run
from shared.contracts import common_v1
from shared.mongo import Collection, Document
from shared.registry import EventQueue, Registry
from shared.settings import CommonSettings, Duration, EnvSettings
from shared.web import PUBLIC, JsonBody, RequestContext, Route, View, accept_any_encoding, customer, get, post
from tests.support.http import KnownTrust
from tests.support.listening import build_service


class Settings(EnvSettings):
    common: CommonSettings
    pause: Duration = Field(timedelta(milliseconds=1), validation_alias="TINY_PAUSE")
    worker: Path | None = Field(None, validation_alias="TINY_WORKER")
    trust: Literal["known", "asked"] = Field("known", validation_alias="TINY_TRUST")

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        return cls.read(environment, common=CommonSettings.from_env(environment, "tiny", port=8099))


class Note(Document):
    """A note, and how often the fact of it was heard: once, or something is wrong."""

    collection: ClassVar[str] = "notes"

    made_at: datetime
    traceparent: str = ""
    heard: int = 0


class NoteBody(JsonBody):
    note_id: Annotated[str, Field(pattern=r"^note_\d{1,6}$")]


class NoteView(View):
    note_id: str


@dataclass(frozen=True, slots=True)
class MinimalService:
    chassis: Chassis
    settings: Settings
    notes: Collection[Note]

    def routes(self) -> tuple[Route, ...]:
        return (
            post("/v1/tiny/notes", self.write, access=PUBLIC, status=201, idempotent=True),
            get("/v1/tiny/slow", self.slow, access=PUBLIC),
            get("/v1/tiny/stuck", self.stuck, access=PUBLIC),
            get("/v1/tiny/mine", self.slow, access=customer()),
        )

    async def write(self, call: RequestContext, body: NoteBody) -> NoteView:
        """Keep a note and tell that it was kept."""

        async def keep() -> None:
            note = Note(id=body.note_id, made_at=call.now)
            if await self.notes.get(note.id) is None:
                await self.notes.insert_one(note)
                await self.chassis.outbox.put(common_v1.ErasureCompleted(erasure_id=note.id))

        await self.chassis.db.with_transaction(keep)
        return NoteView(note_id=body.note_id)

    async def slow(self, call: RequestContext) -> NoteView:
        """Take a second."""
        await asyncio.sleep(1)
        return NoteView(note_id="slow")

    async def stuck(self, call: RequestContext) -> NoteView:
        """Take for ever."""
        await asyncio.Event().wait()
        return NoteView(note_id="never")

    async def on_note(self, fact: common_v1.ErasureCompleted, delivery: EventDelivery) -> None:
        trace = {"traceparent": observe.current_traceparent()}
        await self.notes.update_one({"_id": fact.erasure_id}, {"$inc": {"heard": 1}, "$set": trace})
        await asyncio.sleep(self.settings.pause.total_seconds())

    async def work(self) -> None:
        while True:
            if self.settings.worker is not None and self.settings.worker.exists():
                raise RuntimeError("the worker was told to fail")
            await asyncio.sleep(0.05)


def raw(app: web.Application) -> None:
    @accept_any_encoding
    async def keep(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    app.router.add_put("/tiny/raw", keep)


def compose(chassis: Chassis, settings: Settings) -> ServiceSpec:
    tiny = MinimalService(chassis, settings, chassis.db.get_collection(Note))
    heard = on(common_v1.ErasureCompleted, "tiny", tiny.on_note)
    return ServiceSpec(
        routes=tiny.routes(),
        documents=(Note,),
        subscriptions=(EventSubscription(queue="tiny.heard", handlers=(heard,)),),
        workers={"demo-worker": tiny.work},
        token_trust=KnownTrust() if settings.trust == "known" else None,
        extra_routes=raw,
    )


if __name__ == "__main__":
    tiny_service = build_service(
        "tiny",
        publishes=("tiny.erasure.completed.v1", "tiny.promise.checked.v1"),
        queues=(EventQueue(name="tiny.heard", events=("tiny.erasure.completed.v1",), broadcast=False),),
    )
    run("tiny", lambda: Settings.from_env(os.environ), compose, registry=Registry((tiny_service,)))
