"""The simulator's webhooks: signed events about what changed in its books, sent until they are accepted."""

import asyncio
import hashlib
import hmac
import json
import sqlite3
from datetime import datetime, timedelta

import aiohttp

from services.payments.ports.simulator.books import Row, SimulatorBooks
from services.payments.ports.simulator.card_pages import derive_id
from shared.clock import Clock
from shared.settings import Secret

BATCH_SIZE = 64
AT_ONCE = 8
MAX_TRIES = 12
LONGEST_DELAY = timedelta(minutes=5)
_INTERVAL = timedelta(seconds=0.5)
_TIMEOUT = aiohttp.ClientTimeout(total=10)

_WATCHES = (
    """
    CREATE TABLE IF NOT EXISTS events (
        id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT, object_id TEXT, tries INTEGER DEFAULT 0,
        due_at REAL DEFAULT 0
    )
    """,
    """
    CREATE TEMP TRIGGER IF NOT EXISTS payment_moved AFTER UPDATE OF status ON payments
    WHEN NEW.status <> OLD.status BEGIN
        INSERT INTO events (type, object_id) VALUES ('payment_intent.' || CASE NEW.status
            WHEN 'captured' THEN 'succeeded' WHEN 'authorized' THEN 'amount_capturable_updated'
            WHEN 'failed' THEN 'payment_failed' ELSE NEW.status END, NEW.id);
    END
    """,
    """
    CREATE TEMP TRIGGER IF NOT EXISTS payment_made AFTER INSERT ON payments WHEN NEW.status <> 'processing' BEGIN
        INSERT INTO events (type, object_id) VALUES ('payment_intent.' || CASE NEW.status
            WHEN 'failed' THEN 'payment_failed' ELSE NEW.status END, NEW.id);
    END
    """,
    """
    CREATE TEMP TRIGGER IF NOT EXISTS refund_made AFTER INSERT ON refunds BEGIN
        INSERT INTO events (type, object_id) VALUES ('refund.created', NEW.id);
    END
    """,
    """
    CREATE TEMP TRIGGER IF NOT EXISTS refund_moved AFTER UPDATE OF status ON refunds
    WHEN NEW.status <> OLD.status BEGIN
        INSERT INTO events (type, object_id) VALUES (
            CASE NEW.status WHEN 'failed' THEN 'refund.failed' ELSE 'refund.updated' END, NEW.id);
    END
    """,
    """
    CREATE TEMP TRIGGER IF NOT EXISTS dispute_opened AFTER INSERT ON disputes BEGIN
        INSERT INTO events (type, object_id) VALUES ('charge.dispute.created', NEW.id);
    END
    """,
    """
    CREATE TEMP TRIGGER IF NOT EXISTS dispute_moved AFTER UPDATE OF status ON disputes
    WHEN NEW.status <> OLD.status BEGIN
        INSERT INTO events (type, object_id) VALUES (
            CASE WHEN NEW.status IN ('won', 'lost') THEN 'charge.dispute.closed' ELSE 'charge.dispute.updated' END,
            NEW.id);
    END
    """,
    """
    CREATE TEMP TRIGGER IF NOT EXISTS card_declined AFTER UPDATE OF count ON page_declines BEGIN
        INSERT INTO events (type, object_id)
        VALUES ('setup_intent.setup_failed', replace(NEW.page_id, 'simcp_', 'simseti_'));
    END
    """,
)
"""Triggers see every change, also those of a later version; being temporary, they end with the connection."""


class SimulatedWebhooks:
    """Sends an event for each change, as the processor does: a moment later, at least once, in no order."""

    def __init__(self, books: SimulatorBooks, *, url: str, secret: Secret, clock: Clock) -> None:
        self._books, self._url, self._clock = books, url, clock
        self._secret = secret.get_secret_value().encode()

    async def run(self) -> None:
        """Send events until cancelled."""
        await self.watch_books()
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
            while True:
                await self.send_due(http)
                await asyncio.sleep(_INTERVAL.total_seconds())

    async def watch_books(self) -> None:
        """Record an event for each change from now on."""
        for statement in _WATCHES:
            await self._books.run(lambda books, statement=statement: books.execute(statement))  # type: ignore[misc] # mypy cannot infer a lambda with a default

    async def send_due(self, http: aiohttp.ClientSession) -> int:
        """Send the events that are due; return how many were accepted."""
        now = self._clock()

        def read(books: sqlite3.Connection) -> list[Row]:
            query = "SELECT * FROM events WHERE due_at <= ? ORDER BY id LIMIT ?"
            return [dict(row) for row in books.execute(query, (now.timestamp(), BATCH_SIZE)).fetchall()]

        due, accepted = await self._books.run(read), 0
        for start in range(0, len(due), AT_ONCE):
            batch = due[start : start + AT_ONCE]
            outcomes = await asyncio.gather(*(self._send(http, row, now) for row in batch))
            accepted += sum(outcomes)
            await self._record_tries(batch, outcomes, now)
        return accepted

    async def _send(self, http: aiohttp.ClientSession, row: Row, at: datetime) -> bool:
        event_key = f"{row['id']} {row['type']} {row['object_id']}"
        body = json.dumps(
            {
                "id": f"simevt_{derive_id(event_key)}",
                "object": "event",
                "type": row["type"],
                "created": int(at.timestamp()),
                "data": {"object": {"id": row["object_id"]}},
            }
        ).encode()
        timestamp = int(at.timestamp())
        digest = hmac.new(self._secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "Stripe-Signature": f"t={timestamp},v1={digest}"}
        try:
            async with http.post(self._url, data=body, headers=headers) as answer:
                return answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _record_tries(self, rows: list[Row], outcomes: list[bool], at: datetime) -> None:
        def record(books: sqlite3.Connection) -> None:
            for row, is_accepted in zip(rows, outcomes, strict=True):
                tries = row["tries"] + 1
                if is_accepted or tries >= MAX_TRIES:
                    books.execute("DELETE FROM events WHERE id = ?", (row["id"],))
                    continue
                delay = min(timedelta(seconds=2**tries), LONGEST_DELAY)
                due_at = (at + delay).timestamp()
                books.execute("UPDATE events SET tries = ?, due_at = ? WHERE id = ?", (tries, due_at, row["id"]))

        await self._books.run(record)
