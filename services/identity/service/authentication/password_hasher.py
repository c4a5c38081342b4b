"""Argon2id in a bounded thread pool off the event loop. Beyond the bound, callers are rejected."""

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
from services.identity.domain.authentication.sameness import normalize_password
from services.identity.errors import PasswordHashingBusyError, PasswordNotAcceptableError
from shared.errors import FieldProblem
from shared.ids import new_token, random_bytes

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Parameters:
    """The parameters of Argon2id. Each hash carries its own, so they can change."""

    memory_kib: int = 19 * 1024
    rounds: int = 2
    lanes: int = 1


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """Whether a password is correct, and whether its hash has outdated parameters."""

    is_correct: bool
    needs_rehash: bool = False


class Argon2PasswordHasher:
    """Hashes and verifies passwords."""

    def __init__(
        self,
        *,
        threads: int,
        max_waiting: int,
        parameters: Argon2Parameters,
        breached: Sequence[BreachedPasswords] = (),
    ) -> None:
        """Hash with *threads* threads and at most *max_waiting* queued jobs; each job takes ``parameters.memory_kib``.

        Passwords in *breached* are not accepted.
        """
        self._breached = tuple(breached)
        self._argon2 = PasswordHasher(parameters.rounds, parameters.memory_kib, parameters.lanes)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._slots = BoundedSemaphore(threads + max_waiting)
        # Verified for unknown addresses: it takes as long, and no password matches (I-14).
        self._dummy_hash = self._hash(new_token())

    async def hash_new(self, password: str, *, address: str, second_factor: bool = False) -> str:
        """Return the hash of a new password; PasswordNotAcceptableError if it breaks a rule. No path skips the rules.

        With a *second_factor*, it may be shorter.
        """
        issue = validate_password(password, address=address, second_factor=second_factor, breached=self._breached)
        if issue is not None:
            raise PasswordNotAcceptableError((FieldProblem(field="password", code=issue.code, message=issue.message),))
        return await self._run(lambda: self._hash(normalize_password(password)))

    async def rehash(self, password: str) -> str:
        """Return a hash with current parameters, for a password that was just verified."""
        return await self._run(lambda: self._hash(normalize_password(password)))

    async def verify(self, password: str, stored: str | None) -> VerificationResult:
        """Verify *password*. Without *stored* it takes as long, and the result is incorrect."""
        return await self._run(lambda: self._verify(password, stored))

    def close(self) -> None:
        """Finish the running jobs and accept no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _hash(self, password: str) -> str:
        return self._argon2.hash(password, salt=random_bytes(16))

    def _verify(self, password: str, stored: str | None) -> VerificationResult:
        password_hash, normalized = stored or self._dummy_hash, normalize_password(password)
        if self._matches(normalized, password_hash):
            return VerificationResult(stored is not None, self._argon2.check_needs_rehash(password_hash))
        # Hashes from before decision 15 are of the password as it was typed. Once opened, they are renewed.
        is_correct = normalized != password and self._matches(password, password_hash)
        return VerificationResult(is_correct and stored is not None, needs_rehash=True)

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._slots.acquire(blocking=False):
            raise PasswordHashingBusyError(retry_after=1)
        job = self._pool.submit(work)
        # Released when the thread is done, not when the caller leaves: a disconnect must not free a slot.
        job.add_done_callback(self._release_slot)
        return await asyncio.wrap_future(job)

    def _release_slot(self, _job: Future[T]) -> None:
        self._slots.release()
