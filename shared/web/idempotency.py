"""Idempotency-Key: a retried request has its effect once and gets the same reply (Stripe's semantics).

A key is scoped to its caller. Of the key and the parsed request only keyed digests are stored: the order of JSON
members and the blanks between them make no other request. Status and body of the reply (not its headers) are stored for
24 hours, encrypted under the caller's key, and erased with the account.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from aiohttp import web
from pydantic import BaseModel

from shared.crypto import KeyDestroyedError, Vault
from shared.errors import MalformedError, UnauthenticatedError, UnavailableError
from shared.ids import new_id
from shared.mongo import Collection, Database, Document, DuplicateError, Index, Insert, Replace, Write
from shared.personal import Category, Personal, retain_for
from shared.policy.purposes import Purpose
from shared.web.context import RequestContext
from shared.web.errors import (
    IdempotencyConflictError,
    IdempotencyKeyMissingError,
    IdempotencyKeyReusedError,
    IdempotentReplyNotStoredError,
)
from shared.web.problems import PROBLEM_MEDIA_TYPE, replay_problem

IDEMPOTENCY_TTL = timedelta(hours=24)
CLAIM_TTL = timedelta(seconds=60)
"""The maximum duration of a request; after it the process counts as dead and a retry runs the request again."""
_HANDLER_TIMEOUT = CLAIM_TTL - timedelta(seconds=5)
_MAX_KEY_LENGTH = 255
_WITHOUT_EFFECT = (400, 404, 422, 429)
_PUBLIC_OWNER = "public"
_ASSOCIATED_DATA = "idempotency.reply"
_PERSONAL = Personal(
    Category.PSEUDONYM, {Purpose.ACCOUNT, Purpose.OPERATIONS}, retain_for(IDEMPOTENCY_TTL / timedelta(days=1))
)

RunRequest = Callable[[RequestContext], Awaitable[web.Response]]
SealReply = Callable[[str, str, bytes], Awaitable[bytes]]


class IdempotencyDocument(Document):
    """An idempotency record: in progress while *status* is 0, completed afterwards."""

    collection: ClassVar[str] = "idempotency"
    indexes: ClassVar[tuple[Index, ...]] = (Index("created_at", expire_after=IDEMPOTENCY_TTL), Index("owner"))
    subject: ClassVar[str | None] = "owner"

    owner: Annotated[str, _PERSONAL]
    request: str
    claim: str
    claimed_until: datetime
    status: int = 0
    content_type: str = ""
    reply: Annotated[bytes, _PERSONAL] = b""
    """Encrypted; empty if the reply contained a secret and is not stored."""
    created_at: datetime

    def is_expired(self, at: datetime) -> bool:
        """Return whether the key may be used again; the database deletes the record soon."""
        return self.created_at + IDEMPOTENCY_TTL <= at


class IdempotencyStore:
    """Runs each keyed request once and repeats its reply."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault
        self._rows: Collection[IdempotencyDocument] = db.get_collection(IdempotencyDocument)

    async def run_once(
        self, call: RequestContext, inputs: Mapping[str, BaseModel], run: RunRequest, *, store_reply: bool = True
    ) -> web.Response:
        """Return the reply of *run*, or the stored reply of the first request with this key.

        *inputs* is the parsed request. A reply that shows a secret (*store_reply* False) is not stored. Neither is one
        that had no effect (400, 404, 422) nor a failure (5xx, 429, an exception): the key is free again, also for a
        corrected request.
        """
        claim = self.build_record(call, inputs)
        stored = await self._claim(claim, call.now)
        if stored is not None:
            return await self.replay_reply(stored, claim, call.request)
        reply = await self._run_first(claim, call.start_idempotent(claim.id), run)
        await self._db.with_transaction(lambda: self._store_reply(claim, reply, store_reply=store_reply))
        return reply

    def build_record(self, call: RequestContext, inputs: Mapping[str, BaseModel]) -> IdempotencyDocument:
        """Return the record that claims the key for this request."""
        owner = call.principal.id or _PUBLIC_OWNER
        request = f"{call.request.method} {call.request.path} {_digest_inputs(inputs)}"
        return IdempotencyDocument(
            id=self._vault.blind_index(
                "idempotency.key", f"{call.principal.kind} {owner} {parse_idempotency_key(call.request)}"
            ),
            owner=owner,
            request=self._vault.blind_index("idempotency.request", request),
            claim=new_id("claim"),
            claimed_until=call.now + CLAIM_TTL,
            created_at=call.now,
        )

    async def _claim(self, claim: IdempotencyDocument, at: datetime) -> IdempotencyDocument | None:
        """Claim the key and return None, or return the existing record of the key."""
        try:
            await self._rows.insert_one(claim)
        except DuplicateError:
            found = await self._rows.get(claim.id)
            if found is None:  # released or expired in between: the client may retry at once
                raise IdempotencyConflictError(retry_after=1) from None
            is_dead = found.status == 0 and found.request == claim.request and found.claimed_until <= at
            if not (is_dead or found.is_expired(at)):
                return found
            if not await self._rows.replace_one(claim, expect={"claim": found.claim}):
                raise IdempotencyConflictError(retry_after=1) from None
        return None

    async def _run_first(self, row: IdempotencyDocument, call: RequestContext, run: RunRequest) -> web.Response:
        try:
            reply = await run_in_time(run(call))
        except UnavailableError:
            # Not released: its effects are unknown, so it must not run again before the claim expires.
            raise
        except Exception:
            await self._release(row)
            raise
        if is_without_effect(reply.status):
            await self._release(row)
        return reply

    async def _release(self, row: IdempotencyDocument) -> None:
        await self._rows.delete_many({"_id": row.id, "claim": row.claim})

    async def _store_reply(self, row: IdempotencyDocument, reply: web.Response, *, store_reply: bool) -> None:
        """Store the reply, unless the record is gone: this request may have erased the account."""
        if await self._rows.get(row.id) is None:
            return  # sealing would create a new key for the erased account
        change = await self._seal_reply(row, reply, self._vault.seal, store_reply=store_reply)
        await self._rows.update_one({"_id": row.id, "claim": row.claim}, {"$set": change})

    async def _seal_reply(
        self, row: IdempotencyDocument, reply: web.Response, seal: SealReply, *, store_reply: bool
    ) -> dict[str, int | str | bytes]:
        body = reply.body if isinstance(reply.body, bytes) else b""
        is_secret = not store_reply and reply.status < 400
        sealed = b"" if is_secret else await seal(row.owner, f"{_ASSOCIATED_DATA}.{row.id}", body)
        return {"status": reply.status, "content_type": reply.content_type, "reply": sealed}

    async def find_record(self, key: str) -> IdempotencyDocument | None:
        """Return the record of *key*; None when there is none."""
        return await self._rows.get(key)

    async def build_write(
        self,
        record: IdempotencyDocument,
        reply: web.Response,
        *,
        expired: IdempotencyDocument | None,
        store_reply: bool,
    ) -> Write:
        """Return the write of *record* with its reply, in place of the *expired* one.

        Its error is IdempotencyConflictError, when the key has got another record. UnauthenticatedError when the
        account of the caller is erased.
        """
        try:
            sealed = await self._seal_reply(record, reply, self._vault.seal_for_existing, store_reply=store_reply)
        except KeyDestroyedError:
            raise UnauthenticatedError from None
        completed = record.model_copy(update=sealed)
        if expired is None:
            return Insert(completed, on_duplicate=IdempotencyConflictError)
        return Replace(completed, expect={"claim": expired.claim}, on_missing=IdempotencyConflictError)

    async def ensure_owner_key(self, owner: str) -> None:
        """Create the key that seals the replies of *owner*, if there is none."""
        await self._vault.ensure_key(owner)

    async def commit_writes(self, owner: str, writes: Sequence[Write]) -> None:
        """Store *writes* in one transaction, which conflicts with an erasure of *owner*.

        UnauthenticatedError when the account is erased.
        """
        await self._db.commit_writes([self._vault.build_key_lock(owner, on_missing=UnauthenticatedError), *writes])

    async def replay_reply(
        self, found: IdempotencyDocument, claim: IdempotencyDocument, request: web.Request
    ) -> web.Response:
        """Return the stored reply to a repeated request; an error when it is another request, or still running."""
        if found.request != claim.request:
            raise IdempotencyKeyReusedError
        if found.status == 0:
            raise IdempotencyConflictError(retry_after=2)
        if not found.reply:
            raise IdempotentReplyNotStoredError
        body = await self._vault.open(found.owner, f"{_ASSOCIATED_DATA}.{found.id}", found.reply)
        if found.content_type == PROBLEM_MEDIA_TYPE:
            body = replay_problem(body, request)
        headers = {"Idempotency-Replayed": "true"}
        return web.Response(status=found.status, body=body, content_type=found.content_type, headers=headers)


async def run_in_time(running: Awaitable[web.Response]) -> web.Response:
    """Await a handler for less than its claim lasts; UnavailableError when it takes longer."""
    try:
        async with asyncio.timeout(_HANDLER_TIMEOUT.total_seconds()):
            return await running
    except TimeoutError as fault:
        raise UnavailableError(retry_after=int(CLAIM_TTL.total_seconds())) from fault


def is_without_effect(status: int) -> bool:
    """Return whether a later or corrected request may use the same key; a 402 or 409 stands for 24 hours."""
    return status >= 500 or status in _WITHOUT_EFFECT


def _digest_inputs(inputs: Mapping[str, BaseModel]) -> str:
    """Return a digest of the parsed request: defaults that were sent and defaults that were left out are the same."""
    values = {name: model.model_dump(mode="json") for name, model in inputs.items()}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def parse_idempotency_key(request: web.Request) -> str:
    """Return the Idempotency-Key: a quoted string (the IETF draft) or a bare one (Stripe)."""
    key = request.headers.get("Idempotency-Key", "").strip()
    bare = key[1:-1] if len(key) >= 2 and key[0] == key[-1] == '"' else key
    if not bare:
        raise IdempotencyKeyMissingError
    if len(bare) > _MAX_KEY_LENGTH or not bare.isascii() or not bare.isprintable():
        raise MalformedError(f"An Idempotency-Key has at most {_MAX_KEY_LENGTH} printable ASCII characters.")
    return bare
