"""Idempotency-Key: repeating a request has the effect once and gives the same answer (Stripe's semantics).

The key belongs to its caller. Neither the key nor the body is kept, only their keyed digests; the reply's status and
body are kept (its headers are not), sealed under the caller's own key, for 24 hours, and go with the account.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from aiohttp import web

from shared.crypto import Vault
from shared.errors import MalformedError, UnavailableError
from shared.ids import new_id
from shared.mongo import Collection, Database, Document, DuplicateError, Index
from shared.personal import Category, Personal, keep_for
from shared.policy.purposes import Purpose
from shared.web.call import Call
from shared.web.errors import InFlightError, KeyMissingError, KeyReusedError, ReplyNotKeptError
from shared.web.problems import PROBLEM_TYPE, again

LIFE = timedelta(hours=24)
CLAIM = timedelta(seconds=60)
"""How long a request may be worked on; after that its process is taken for dead and a repetition runs it again."""
_RUN = CLAIM - timedelta(seconds=5)
_LONGEST_KEY = 255
_NOBODY = "public"
_PLACE = "idempotency.reply"
_HELD = Personal(Category.PSEUDONYM, {Purpose.ACCOUNT, Purpose.OPERATIONS}, keep_for(LIFE / timedelta(days=1)))

Run = Callable[[Call], Awaitable[web.Response]]


class IdempotencyRow(Document):
    """One request with a key: claimed while ``status`` is 0, answered afterwards."""

    collection: ClassVar[str] = "idempotency"
    indexes: ClassVar[tuple[Index, ...]] = (Index("created_at", expire_after=LIFE), Index("owner"))
    subject: ClassVar[str | None] = "owner"

    owner: Annotated[str, _HELD]
    request: str
    claim: str
    claimed_until: datetime
    status: int = 0
    content_type: str = ""
    reply: Annotated[bytes, _HELD] = b""
    """Sealed; empty where the answer was a secret and is not kept."""
    created_at: datetime


class Replays:
    """Runs each keyed request once and repeats its reply."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault
        self._rows: Collection[IdempotencyRow] = db.collection(IdempotencyRow)

    async def once(self, call: Call, body: bytes, run: Run, *, secret_reply: bool = False) -> web.Response:
        """Return what *run* returns, or returned the first time; one that shows a secret is not kept.

        A request that failed (5xx, 429, an exception) is not kept either: its repetition runs anew.
        """
        wanted = self._wanted(call, body)
        found = await self._claimed(wanted, call.now)
        if found is not None:
            return await self._again(found, wanted, call.request)
        reply = await self._first(wanted, replace(call, operation=wanted.id), run)
        await self._db.transact(lambda: self._keep(wanted, reply, secret_reply=secret_reply))
        return reply

    def _wanted(self, call: Call, body: bytes) -> IdempotencyRow:
        """Return the row that claims this request."""
        owner = call.who.id or _NOBODY
        request = f"{call.request.method} {call.request.path_qs} {hashlib.sha256(body).hexdigest()}"
        return IdempotencyRow(
            id=self._vault.blind("idempotency.key", f"{call.who.kind} {owner} {key_of(call.request)}"),
            owner=owner,
            request=self._vault.blind("idempotency.request", request),
            claim=new_id("claim"),
            claimed_until=call.now + CLAIM,
            created_at=call.now,
        )

    async def _claimed(self, wanted: IdempotencyRow, at: datetime) -> IdempotencyRow | None:
        """Claim the key and return None, or return the row that answers or works on it already."""
        try:
            await self._rows.insert(wanted)
        except DuplicateError:
            found = await self._rows.get(wanted.id)
            if found is None:  # released or swept just now: the client may try again at once
                raise InFlightError(retry_after=1) from None
            is_dead = found.status == 0 and found.request == wanted.request and found.claimed_until <= at
            if not (is_dead or found.created_at + LIFE <= at):
                return found
            if not await self._rows.replace(wanted, expect={"claim": found.claim}):
                raise InFlightError(retry_after=1) from None
        return None

    async def _first(self, row: IdempotencyRow, call: Call, run: Run) -> web.Response:
        try:
            async with asyncio.timeout(_RUN.total_seconds()):
                reply = await run(call)
        except TimeoutError as fault:
            # Not released: what it did is unknown, so nobody runs it again before the claim has ended.
            raise UnavailableError(retry_after=int(CLAIM.total_seconds())) from fault
        except Exception:
            await self._release(row)
            raise
        if reply.status >= 500 or reply.status == 429:
            await self._release(row)
        return reply

    async def _release(self, row: IdempotencyRow) -> None:
        await self._rows.delete({"_id": row.id, "claim": row.claim})

    async def _keep(self, row: IdempotencyRow, reply: web.Response, *, secret_reply: bool) -> None:
        """Keep the reply, unless the row is gone: the account may have been erased by this very request."""
        if await self._rows.get(row.id) is None:
            return  # and nothing is sealed, which would make the account a new key
        body = reply.body if isinstance(reply.body, bytes) else b""
        is_secret = secret_reply and reply.status < 400
        sealed = b"" if is_secret else await self._vault.seal(row.owner, f"{_PLACE}.{row.id}", body)
        change = {"status": reply.status, "content_type": reply.content_type, "reply": sealed}
        await self._rows.update({"_id": row.id, "claim": row.claim}, {"$set": change})

    async def _again(self, found: IdempotencyRow, wanted: IdempotencyRow, request: web.Request) -> web.Response:
        if found.request != wanted.request:
            raise KeyReusedError
        if found.status == 0:
            raise InFlightError(retry_after=2)
        if not found.reply:
            raise ReplyNotKeptError
        body = await self._vault.open(found.owner, f"{_PLACE}.{found.id}", found.reply)
        if found.content_type == PROBLEM_TYPE:
            body = again(body, request)
        headers = {"Idempotency-Replayed": "true"}
        return web.Response(status=found.status, body=body, content_type=found.content_type, headers=headers)


def key_of(request: web.Request) -> str:
    """Return the Idempotency-Key: a quoted string as the IETF draft has it, or bare as Stripe has it."""
    key = request.headers.get("Idempotency-Key", "").strip()
    bare = key[1:-1] if len(key) >= 2 and key[0] == key[-1] == '"' else key
    if not bare:
        raise KeyMissingError
    if len(bare) > _LONGEST_KEY or not bare.isascii() or not bare.isprintable():
        raise MalformedError(f"An Idempotency-Key has at most {_LONGEST_KEY} printable ASCII characters.")
    return bare
