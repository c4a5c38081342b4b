"""Lets devices in: asks identity about an app password, and remembers the answer for a minute at most."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from services.sync.domain.visitors import Visitor
from services.sync.errors import CredentialRefusedError, ReadOnlyError
from shared.clock import Clock, monotonic
from shared.errors import TooManyRequestsError, UnavailableError
from shared.settings import Secret

Verify = Callable[[str, Secret], Awaitable[Visitor | None]]
"""Asks identity whether a user name and an app password belong together."""

REMEMBERED = timedelta(seconds=60)
REFUSALS_REMEMBERED = timedelta(seconds=5)
"""A device with a wrong password asks again and again: identity hears of it every few seconds."""
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class _Known:
    visitor: Visitor | None
    until: float


class Failures:
    """Counts the wrong passwords of each client: *most* in *per* seconds, then no more are looked at for a while."""

    def __init__(self, most: int = 60, per: float = 60.0) -> None:
        self._most, self._each = most, per / most
        self._forgiven_at: dict[str, float] = {}

    def check(self, client: str, now: float) -> None:
        """Refuse a client with too many wrong passwords."""
        wait = self._forgiven_at.get(client, now) - now - (self._most - 1) * self._each
        if wait > 0:
            raise TooManyRequestsError("Too many wrong passwords.", retry_after=ceil(wait))

    def note(self, client: str, now: float) -> None:
        """Count a wrong password; a client is forgotten once all are forgiven."""
        if len(self._forgiven_at) >= _MOST:
            self._forgiven_at = {name: at for name, at in self._forgiven_at.items() if at > now}
        self._forgiven_at[client] = max(self._forgiven_at.get(client, now), now) + self._each


class Visitors:
    """Admits devices."""

    def __init__(self, verify: Verify, clock: Clock) -> None:
        self._verify, self._clock = verify, clock
        self._known: dict[bytes, _Known] = {}
        self._asking: dict[bytes, asyncio.Future[Visitor | None]] = {}
        self._failures = Failures()
        self._drops = 0

    async def admit(self, username: str, password: Secret, *, writes: bool, client: str) -> Visitor:
        """Return who comes in; CredentialRefusedError, or ReadOnlyError when it *writes* and may only read.

        A *client* that guesses is not asked about again before a while: TooManyRequestsError.
        """
        key = hashlib.sha256(f"{username}\0{password.reveal()}".encode()).digest()
        known = self._known.get(key)
        if known is None or monotonic() >= known.until:
            self._failures.check(client, monotonic())
            visitor = await self._asked(key, username, password)
            if visitor is None:
                self._failures.note(client, monotonic())
        else:
            visitor = known.visitor
        if visitor is None or visitor.until <= self._clock():
            raise CredentialRefusedError
        if writes and not visitor.may_write:
            raise ReadOnlyError
        return visitor

    async def _asked(self, key: bytes, username: str, password: Secret) -> Visitor | None:
        """Ask identity once, however many requests wait for the answer."""
        if key in self._asking:
            return await asyncio.shield(self._asking[key])
        self._asking[key] = future = asyncio.get_running_loop().create_future()
        asked_after = self._drops
        try:
            visitor = await self._verify(username, password)
        except BaseException as fault:
            future.set_exception(fault if isinstance(fault, Exception) else UnavailableError())
            future.exception()  # it is raised here; whether anybody else waits for it is their affair
            raise
        finally:
            del self._asking[key]
        future.set_result(visitor)
        self._keep(key, visitor, asked_after)
        return visitor

    def _keep(self, key: bytes, visitor: Visitor | None, asked_after: int) -> None:
        if asked_after != self._drops:
            return  # something was revoked while identity answered: the answer may be the old one
        if len(self._known) >= _MOST:
            self._known.pop(next(iter(self._known)))
        lifetime = REMEMBERED if visitor is not None else REFUSALS_REMEMBERED
        self._known[key] = _Known(visitor, monotonic() + lifetime.total_seconds())

    def drop_device(self, device: str) -> None:
        """Forget a device: its app password was revoked."""
        self._drop(lambda visitor: visitor.device == device)

    def drop_account(self, account: str) -> None:
        """Forget all devices of an account."""
        self._drop(lambda visitor: visitor.account == account)

    def _drop(self, which: Callable[[Visitor], bool]) -> None:
        self._drops += 1
        self._known = {
            key: known for key, known in self._known.items() if known.visitor is None or not which(known.visitor)
        }
