"""Authenticates devices: asks identity about an app password and caches the answer for at most a minute."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from cachetools import TLRUCache

from services.sync.domain.devices import Device
from services.sync.errors import InvalidDeviceCredentialsError, ReadOnlyAppPasswordError
from shared.clock import Clock, monotonic
from shared.errors import TooManyRequestsError, UnavailableError
from shared.settings import Secret

VerifyCredential = Callable[[str, Secret], Awaitable[Device | None]]
"""Verifies a user name and an app password with identity."""

AUTH_CACHE_TTL = timedelta(seconds=60)
AUTH_FAILURE_CACHE_TTL = timedelta(seconds=5)
"""How long a wrong password is cached: a client that repeats it reaches identity every few seconds only."""
_MAX_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class _CachedResult:
    device: Device | None
    """None when identity refused the password."""


def _expires_at(_key: bytes, result: _CachedResult, now: float) -> float:
    lifetime = AUTH_CACHE_TTL if result.device is not None else AUTH_FAILURE_CACHE_TTL
    return now + lifetime.total_seconds()


class AuthThrottle:
    """Counts the wrong passwords of each client: after *limit* in *period* seconds it is throttled."""

    def __init__(self, limit: int = 60, window_seconds: float = 60.0) -> None:
        self._limit, self._interval = limit, window_seconds / limit
        self._reset_at: dict[str, float] = {}

    def check(self, client: str, now: float) -> None:
        """Raise TooManyRequestsError for a client with too many wrong passwords."""
        wait = self._reset_at.get(client, now) - now - (self._limit - 1) * self._interval
        if wait > 0:
            raise TooManyRequestsError("Too many wrong passwords.", retry_after=ceil(wait))

    def hit(self, client: str, now: float) -> None:
        """Count a wrong password; a client is dropped once its count has decayed to zero."""
        if len(self._reset_at) >= _MAX_ENTRIES:
            self._reset_at = {name: at for name, at in self._reset_at.items() if at > now}
        self._reset_at[client] = max(self._reset_at.get(client, now), now) + self._interval


class DeviceAuthenticator:
    """Authenticates devices."""

    def __init__(self, verify: VerifyCredential, clock: Clock) -> None:
        self._verify, self._clock = verify, clock
        self._cache: TLRUCache[bytes, _CachedResult] = TLRUCache(_MAX_ENTRIES, ttu=_expires_at, timer=monotonic)
        self._pending: dict[bytes, asyncio.Future[Device | None]] = {}
        self._throttle = AuthThrottle()
        self._invalidations = 0

    async def authenticate(self, username: str, password: Secret, *, writes: bool, client: str) -> Device:
        """Return the device; InvalidDeviceCredentialsError for wrong credentials.

        ReadOnlyAppPasswordError when it *writes* with an app password that may only read.

        TooManyRequestsError for a *client* that guesses: identity is not asked again for a while.
        """
        key = hashlib.sha256(f"{username}\0{password.get_secret_value()}".encode()).digest()
        known = self._cache.get(key)
        if known is None:
            self._throttle.check(client, monotonic())
            device = await self._verify_once(key, username, password)
            if device is None:
                self._throttle.hit(client, monotonic())
        else:
            device = known.device
        if device is None or device.expires_at <= self._clock():
            raise InvalidDeviceCredentialsError
        if writes and not device.can_write:
            raise ReadOnlyAppPasswordError
        return device

    async def _verify_once(self, key: bytes, username: str, password: Secret) -> Device | None:
        """Ask identity once, however many requests wait for the answer."""
        if key in self._pending:
            return await asyncio.shield(self._pending[key])
        self._pending[key] = future = asyncio.get_running_loop().create_future()
        invalidations_before = self._invalidations
        try:
            device = await self._verify(username, password)
        except BaseException as fault:
            future.set_exception(fault if isinstance(fault, Exception) else UnavailableError())
            future.exception()  # raised here only: other requests that wait for the same answer run on
            raise
        finally:
            del self._pending[key]
        future.set_result(device)
        self._cache_result(key, device, invalidations_before)
        return device

    def _cache_result(self, key: bytes, device: Device | None, invalidations_before: int) -> None:
        if invalidations_before != self._invalidations:
            return  # a password was revoked while identity answered: the answer may predate it
        self._cache[key] = _CachedResult(device)

    def invalidate_device(self, device: str) -> None:
        """Drop what is cached of a device whose app password was revoked."""
        self._invalidate_where(lambda visitor: visitor.id == device)

    def invalidate_account(self, account: str) -> None:
        """Drop what is cached of all devices of an account."""
        self._invalidate_where(lambda visitor: visitor.account == account)

    def _invalidate_where(self, matches: Callable[[Device], bool]) -> None:
        self._invalidations += 1
        for key in list(self._cache):
            known = self._cache.get(key)
            if known is not None and known.device is not None and matches(known.device):
                self._cache.pop(key, None)
