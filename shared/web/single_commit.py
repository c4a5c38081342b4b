"""Idempotency-Key for a handler that only prepares: its writes and the stored reply are one transaction.

``IdempotencyStore`` stores a claim before the handler runs, since the handler has effects that must not happen twice.
A handler whose only effects are deferred writes, and calls that are idempotent, needs none: it may run again for a
repeated request, whose transaction then finds the record of the first and answers with the stored reply.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from aiohttp import web
from pydantic import BaseModel

from shared.errors import ServiceError, UnauthenticatedError
from shared.mongo import Write
from shared.web.context import RequestContext
from shared.web.errors import IdempotencyConflictError
from shared.web.idempotency import (
    IdempotencyDocument,
    IdempotencyStore,
    RunRequest,
    is_without_effect,
    run_in_time,
)
from shared.web.problems import ProblemRenderer


@dataclass(frozen=True, slots=True, kw_only=True)
class _PendingReply:
    """A request that was handled and whose reply is not stored yet."""

    call: RequestContext
    record: IdempotencyDocument
    expired: IdempotencyDocument | None
    store_reply: bool


@dataclass(frozen=True, slots=True)
class SingleCommit:
    """Runs each keyed request of one route once; the effects and the reply are stored together or not at all."""

    store: IdempotencyStore
    problems: ProblemRenderer
    _running: set[str] = field(default_factory=set)
    """The keys of the requests that this process is running."""

    async def run_once(
        self, call: RequestContext, inputs: Mapping[str, BaseModel], run: RunRequest, *, store_reply: bool = True
    ) -> web.Response:
        """Return the reply of *run*, or the stored reply of the first request with this key.

        *run* is called for a repeated request, too; its writes are not stored then. IdempotencyConflictError while
        this process runs a request with the same key. A failure (5xx, 429) and a request without an effect (400, 404,
        422) store nothing: the key is free again.
        """
        record = self.store.build_record(call, inputs)
        with self._hold(record.id):
            await self.store.ensure_owner_key(record.owner)
            writes: list[Write] = []
            reply = await run_in_time(run(call.start_idempotent(record.id, writes)))
            # Most requests are the first with their key, so the record is looked for when something is in the way: a
            # repetition is refused by the handler, which finds its own effect, or by the record at the commit.
            expired: IdempotencyDocument | None = None
            if reply.status >= 400:
                expired = await self.store.find_record(record.id)
                if expired is not None and not expired.is_expired(call.now):
                    return await self.store.replay_reply(expired, record, call.request)
            if is_without_effect(reply.status):
                return reply
            pending = _PendingReply(call=call, record=record, expired=expired, store_reply=store_reply)
            return await self._commit(pending, reply, writes)

    async def _commit(self, pending: _PendingReply, reply: web.Response, writes: list[Write]) -> web.Response:
        record = await self.store.build_write(
            pending.record, reply, expired=pending.expired, store_reply=pending.store_reply
        )
        try:
            await self.store.commit_writes(pending.record.owner, [record, *writes])
        except IdempotencyConflictError:
            return await self._settle_conflict(pending, reply, writes)
        except ServiceError as fault:
            if fault.status >= 500 or isinstance(fault, UnauthenticatedError):
                raise
            # A write was refused, so none is stored; the refusal is the reply to this key.
            refusal = self.problems.render(fault, pending.call.request)
            if is_without_effect(refusal.status):
                return refusal
            return await self._commit(replace(pending, store_reply=True), refusal, [])
        return reply

    async def _settle_conflict(self, pending: _PendingReply, reply: web.Response, writes: list[Write]) -> web.Response:
        """Replay the record that the key has; one that has expired is replaced instead."""
        found = await self.store.find_record(pending.record.id)
        if found is None or found == pending.expired:
            raise IdempotencyConflictError(retry_after=1)
        if found.is_expired(pending.call.now):
            return await self._commit(replace(pending, expired=found), reply, writes)
        return await self.store.replay_reply(found, pending.record, pending.call.request)

    @contextmanager
    def _hold(self, key: str) -> Iterator[None]:
        if key in self._running:
            raise IdempotencyConflictError(retry_after=2)
        self._running.add(key)
        try:
            yield
        finally:
            self._running.discard(key)
