"""The simulator's own books in SQLite: they survive the process, and a test can compare ours with them."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Row = Mapping[str, Any]

_TABLES = """
CREATE TABLE IF NOT EXISTS cards (
    id TEXT PRIMARY KEY, last4 TEXT, exp_month INTEGER, exp_year INTEGER, brand TEXT
);
CREATE TABLE IF NOT EXISTS card_pages (id TEXT PRIMARY KEY, return_url TEXT, card TEXT);
CREATE TABLE IF NOT EXISTS page_declines (page_id TEXT PRIMARY KEY, page_key TEXT, count INTEGER, reason TEXT);
CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY, key TEXT UNIQUE, charge_id TEXT, behaviour TEXT, amount INTEGER, currency TEXT,
    automatic INTEGER, status TEXT, authorized INTEGER DEFAULT 0, captured INTEGER DEFAULT 0,
    decline TEXT, cancel TEXT, authorized_until TEXT
);
CREATE INDEX IF NOT EXISTS payments_by_charge ON payments (charge_id);
CREATE TABLE IF NOT EXISTS refunds (
    id TEXT PRIMARY KEY, key TEXT UNIQUE, payment_id TEXT, amount INTEGER, status TEXT, failure TEXT, reads INTEGER
);
CREATE INDEX IF NOT EXISTS refunds_by_payment ON refunds (payment_id);
CREATE TABLE IF NOT EXISTS disputes (
    id TEXT PRIMARY KEY, payment_id TEXT UNIQUE, amount INTEGER, status TEXT, reason TEXT
);
CREATE TABLE IF NOT EXISTS authentications (id TEXT PRIMARY KEY, return_url TEXT);
CREATE TABLE IF NOT EXISTS answered (key TEXT PRIMARY KEY, request TEXT);
CREATE TABLE IF NOT EXISTS silenced (key TEXT PRIMARY KEY);
"""


class SimulatorBooks:
    """The books of the simulator, in the file *path*, or in memory without one.

    The journal mode keeps what was committed when the process is killed. One thread works at a time.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return the result of *work* in one transaction, outside of the event loop."""
        return await asyncio.to_thread(self._run_locked, work)

    async def close(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self._close)

    def _run_locked(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            connection = self._connection = self._connection or _open(self._path)
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                return work(connection)

    def _close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _open(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None, timeout=5)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.executescript(_TABLES)
    return connection


def find_row(connection: sqlite3.Connection, table: str, **where: object) -> Row | None:
    """Return the first row of *table* with these values."""
    condition = " AND ".join(f"{column} = ?" for column in where)
    found = connection.execute(f"SELECT * FROM {table} WHERE {condition}", tuple(where.values()))  # noqa: S608 - the names are constants of this package
    row: sqlite3.Row | None = found.fetchone()
    return dict(row) if row is not None else None


def insert_row(connection: sqlite3.Connection, table: str, **values: object) -> None:
    """Insert a row into *table*."""
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))  # noqa: S608 - the names are constants of this package


def update_row(connection: sqlite3.Connection, table: str, row_id: str, **values: object) -> None:
    """Set these values in the row of *table* with that id."""
    changes = ", ".join(f"{column} = ?" for column in values)
    connection.execute(f"UPDATE {table} SET {changes} WHERE id = ?", (*values.values(), row_id))  # noqa: S608 - the names are constants of this package
