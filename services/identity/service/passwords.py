"""Argon2id in a bounded pool off the loop: memory and time are limited, beyond the bound callers must wait."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.identity.domain.breached import Breached
from services.identity.domain.passwords import weakness
from services.identity.errors import PasswordRefusedError, PasswordsBusyError
from shared.errors import FieldProblem
from shared.ids import new_token, random_bytes

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The parameters of Argon2id; they stand in each hash, so that they can change."""

    memory_kib: int = 19 * 1024
    rounds: int = 2
    lanes: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right, and whether its hash should be made anew with today's parameters."""

    right: bool
    outdated: bool = False


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, *, threads: int, waiting: int, cost: Cost, breached: Sequence[Breached] = ()) -> None:
        """*threads* hashes are made at once, *waiting* more may wait; each takes ``cost.memory_kib`` of memory.

        No password in one of *breached* is taken.
        """
        self._breached = tuple(breached)
        self._argon2 = PasswordHasher(cost.rounds, cost.memory_kib, cost.lanes)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._room = BoundedSemaphore(threads + waiting)
        # What an unknown address is checked against: it takes as long, and no password is right (I-14).
        self._nobodys = self._hash(new_token())

    async def new(self, password: str, *, address: str, second_factor: bool = False) -> str:
        """Return the hash of a password that somebody wants to have; the only way in: no path skips the rules.

        With a *second_factor*, a shorter one will do.
        """
        found = weakness(password, address=address, second_factor=second_factor, breached=self._breached)
        if found is not None:
            raise PasswordRefusedError((FieldProblem(field="password", code=found.code, message=found.message),))
        return await self._run(lambda: self._hash(password))

    async def again(self, password: str) -> str:
        """Return a new hash of a password that was just found right, with today's parameters."""
        return await self._run(lambda: self._hash(password))

    async def check(self, password: str, stored: str | None) -> Verdict:
        """Tell whether *password* is the one behind *stored*; without one it takes the same time, and is wrong."""
        return await self._run(lambda: self._check(password, stored))

    def close(self) -> None:
        """Finish what is running and take nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _hash(self, password: str) -> str:
        return self._argon2.hash(password, salt=random_bytes(16))

    def _check(self, password: str, stored: str | None) -> Verdict:
        try:
            self._argon2.verify(stored or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return Verdict(right=False)
        return Verdict(stored is not None, self._argon2.check_needs_rehash(stored or self._nobodys))

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise PasswordsBusyError(retry_after=1)
        job = self._pool.submit(work)
        # Freed when the thread is, not when the caller is: one who hangs up makes no room for the next.
        job.add_done_callback(self._free)
        return await asyncio.wrap_future(job)

    def _free(self, _job: Future[T]) -> None:
        self._room.release()
