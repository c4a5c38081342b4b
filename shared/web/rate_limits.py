"""Rate limits: a token bucket for each caller, in the memory of the process."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from ipaddress import IPv6Address, IPv6Network
from math import ceil

from shared.errors import TooManyRequestsError
from shared.ids import random_bytes

_KEY_LIFETIME = 3600.0
_MAX_CALLERS = 20_000
_LINE_PREFIX_BITS = 64
"""What a provider gives to one line at least (RFC 6177)."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most *count* requests in *per*, refilled steadily, for each principal or client address."""

    count: int
    per: timedelta
    name: str = "default"
    forgets_callers: bool = False
    """Keep a keyed digest of each caller instead of its address. The key lives an hour, and the counts with it."""

    @property
    def policy(self) -> str:
        """The value of RateLimit-Policy."""
        return f'"{self.name}";q={self.count};w={int(self.per.total_seconds())}'


def group_address(caller: str) -> str:
    """Return the network of an IPv6 address, since one line has 2^64 addresses; other callers as they are."""
    if ":" not in caller:
        return caller
    try:
        address = IPv6Address(caller.partition("%")[0])
    except ValueError:
        return caller
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, _LINE_PREFIX_BITS), strict=False))


class TokenBuckets:
    """The token buckets of one rate limit; a full bucket is dropped."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._token_interval = limit.per.total_seconds() / limit.count
        self._full_at: dict[str, float] = {}
        self._key, self._key_hour = b"", -1

    def hit(self, caller: str, at: float) -> dict[str, str]:
        """Take a token at the monotonic time *at* and return the headers; TooManyRequestsError if none is left."""
        if self._limit.forgets_callers:
            caller = self._digest(caller, at)
        caller = group_address(caller)
        # "The time at which the bucket is full again" is the whole state (the generic cell rate algorithm).
        before = max(self._full_at.pop(caller, at), at)
        full_at = before + self._token_interval
        wait = full_at - at - self._limit.count * self._token_interval
        exceeded = wait > 1e-9
        if len(self._full_at) >= _MAX_CALLERS:
            self._evict(at)
        self._full_at[caller] = before if exceeded else full_at  # popped before: the dict is in order of use
        if exceeded:
            raise TooManyRequestsError(
                f"At most {self._limit.count} requests in {int(self._limit.per.total_seconds())} seconds.",
                retry_after=ceil(wait),
                headers=self._headers(0, ceil(wait)),
            )
        used = full_at - at
        return self._headers(int(self._limit.count - used / self._token_interval + 1e-9), ceil(used))

    def _digest(self, caller: str, at: float) -> str:
        hour = int(at // _KEY_LIFETIME)
        if hour != self._key_hour:
            self._key, self._key_hour = random_bytes(32), hour
            self._full_at.clear()  # the old digests could never be hit again
        return blake2b(caller.encode(), key=self._key, digest_size=16).hexdigest()

    def give_back(self, caller: str) -> None:
        """Return a token that was taken: the request was none of those that the limit counts."""
        caller = group_address(caller)
        if caller in self._full_at:
            self._full_at[caller] -= self._token_interval

    def _headers(self, remaining: int, seconds: int) -> dict[str, str]:
        return {"RateLimit-Policy": self._limit.policy, "RateLimit": f'"{self._limit.name}";r={remaining};t={seconds}'}

    def _evict(self, at: float) -> None:
        """Drop full buckets, and if too many are in use the least recently used ones, to bound the memory."""
        in_use = {caller: full_at for caller, full_at in self._full_at.items() if full_at > at}
        self._full_at = dict(list(in_use.items())[-_MAX_CALLERS // 2 :])
