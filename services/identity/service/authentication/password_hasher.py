"""Argon2id in a bounded pool off the loop: memory and time are limited, beyond the bound callers must wait."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.identity.domain.authentication.breached import BreachedPasswords
from services.identity.domain.authentication.passwords import validate_password
from services.identity.errors import PasswordHashingBusyError, PasswordNotAcceptableError
from shared.errors import FieldProblem
from shared.ids import new_token, random_bytes

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Parameters:
    """The parameters of Argon2id; they stand in each hash, so that they can change."""

    memory_kib: int = 19 * 1024
    rounds: int = 2
    lanes: int = 1


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """Whether a password is right, and whether its hash should be made anew with today's parameters."""

    is_correct: bool
    needs_rehash: bool = False


class Argon2PasswordHasher:
    """Hashes and checks passwords."""

    def __init__(
        self,
        *,
        threads: int,
        max_waiting: int,
        parameters: Argon2Parameters,
        breached: Sequence[BreachedPasswords] = (),
    ) -> None:
        """*threads* hashes are made at once, *waiting* more may wait; each takes ``cost.memory_kib`` of memory.

        No password in one of *breached* is taken.
        """
        self._breached = tuple(breached)
        self._argon2 = PasswordHasher(parameters.rounds, parameters.memory_kib, parameters.lanes)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._slots = BoundedSemaphore(threads + max_waiting)
        # What an unknown address is checked against: it takes as long, and no password is right (I-14).
        self._dummy_hash = self._hash(new_token())

    async def hash_new(self, password: str, *, address: str, second_factor: bool = False) -> str:
        """Return the hash of a password that somebody wants to have; the only way in: no path skips the rules.

        With a *second_factor*, a shorter one will do.
        """
        issue = validate_password(password, address=address, second_factor=second_factor, breached=self._breached)
        if issue is not None:
            raise PasswordNotAcceptableError((FieldProblem(field="password", code=issue.code, message=issue.message),))
        return await self._run(lambda: self._hash(password))

    async def rehash(self, password: str) -> str:
        """Return a new hash of a password that was just found right, with today's parameters."""
        return await self._run(lambda: self._hash(password))

    async def verify(self, password: str, stored: str | None) -> VerificationResult:
        """Tell whether *password* is the one behind *stored*; without one it takes the same time, and is wrong."""
        return await self._run(lambda: self._verify(password, stored))

    def close(self) -> None:
        """Finish what is running and take nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _hash(self, password: str) -> str:
        return self._argon2.hash(password, salt=random_bytes(16))

    def _verify(self, password: str, stored: str | None) -> VerificationResult:
        try:
            self._argon2.verify(stored or self._dummy_hash, password)
        except (VerificationError, InvalidHashError):
            return VerificationResult(is_correct=False)
        return VerificationResult(stored is not None, self._argon2.check_needs_rehash(stored or self._dummy_hash))

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._slots.acquire(blocking=False):
            raise PasswordHashingBusyError(retry_after=1)
        job = self._pool.submit(work)
        # Freed when the thread is, not when the caller is: one who hangs up makes no room for the next.
        job.add_done_callback(self._release_slot)
        return await asyncio.wrap_future(job)

    def _release_slot(self, _job: Future[T]) -> None:
        self._slots.release()
