"""Carding: someone tests stolen cards, which shows as declines. Each decline over a budget doubles the wait.

Counted in the memory of the process, under keys that are hashed with a key of the process: nothing that is derived
from a card number, and no address, is stored (PCI DSS 3.5.1).
"""

import hashlib
import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_IPV4_BLOCK, _IPV6_BLOCK = 24, 48
"""An attacker rents addresses by the block: IPv4 /24; IPv6 /48, what one site gets (RFC 6177)."""
_BIN_DIGITS = 6
_MAX_KEYS = 50_000


class CardingScope(StrEnum):
    """What declines are counted for."""

    ACCOUNT = "account"
    ADDRESS = "address"
    RANGE = "range"
    """The first digits of the number: the issuer. Generated numbers share them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineBudget:
    """How many declines within *window* are nothing unusual, and the wait after the first one over it."""

    free: int
    window: timedelta = timedelta(hours=1)
    first_wait: timedelta = timedelta(minutes=1)
    longest_wait: timedelta = timedelta(hours=24)

    def wait_after(self, declines: int) -> timedelta:
        """Return how long to wait after that many declines."""
        over = declines - self.free
        if over <= 0:
            return timedelta()
        doublings = min(over - 1, 20)
        return min(self.first_wait * (1 << doublings), self.longest_wait)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAttempt:
    """Who tries which card, as far as it is known: a stored card has no range any more."""

    account_id: str
    address: str
    number_start: str = ""
    """The first digits of the number."""

    def iter_keys(self) -> Iterator[tuple[CardingScope, str]]:
        """Yield the scopes that the attempt counts for."""
        yield CardingScope.ACCOUNT, self.account_id
        if block := network_block(self.address):
            yield CardingScope.ADDRESS, block
        if len(self.number_start) >= _BIN_DIGITS:
            yield CardingScope.RANGE, self.number_start[:_BIN_DIGITS]

    def __repr__(self) -> str:
        return "CardAttempt(***)"


def network_block(address: str) -> str:
    """Return the block of an IP address; empty when it is none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    prefix = _IPV4_BLOCK if parsed.version == 4 else _IPV6_BLOCK
    return str(ipaddress.ip_network((parsed, prefix), strict=False))


@dataclass(slots=True)
class _Declines:
    """The declines of one key: how many count, when the first of them was, and until when to wait."""

    count: int
    since: datetime
    blocked_until: datetime


class DeclineCounter:
    """Counts declines by scope, with a budget for each."""

    def __init__(self, budgets: Mapping[CardingScope, DeclineBudget], *, secret: bytes) -> None:
        """*secret* is random and new in each process."""
        self._budgets = budgets
        self._secret = secret
        self._declines: dict[bytes, _Declines] = {}

    def get_wait(self, attempt: CardAttempt, *, at: datetime) -> tuple[CardingScope, timedelta] | None:
        """Return the longest wait of *attempt* and its scope; None when it may go on."""
        waits = [
            (scope, found.blocked_until - at)
            for scope, value in attempt.iter_keys()
            if (found := self._declines.get(self._hash(scope, value))) and found.blocked_until > at
        ]
        return max(waits, key=lambda wait: wait[1], default=None)

    def count_decline(self, attempt: CardAttempt, *, at: datetime) -> list[CardingScope]:
        """Count a decline; return the scopes that now exceed their budget."""
        if len(self._declines) >= _MAX_KEYS:
            self._evict(at)
        return [scope for scope, value in attempt.iter_keys() if self._count(scope, value, at)]

    def _count(self, scope: CardingScope, value: str, at: datetime) -> bool:
        budget, key = self._budgets[scope], self._hash(scope, value)
        found = self._declines.get(key)
        # A wait may outlast the window: its end must not be a new start.
        if found is None or at >= max(found.since + budget.window, found.blocked_until + budget.window):
            found = self._declines[key] = _Declines(count=0, since=at, blocked_until=at)
        found.count += 1
        found.blocked_until = max(found.blocked_until, at + budget.wait_after(found.count))
        return found.count > budget.free

    def _hash(self, scope: CardingScope, value: str) -> bytes:
        return hashlib.blake2b(f"{scope} {value}".encode(), key=self._secret, digest_size=16).digest()

    def _evict(self, at: datetime) -> None:
        """Drop what no longer waits, and if that is not enough the oldest, to bound the memory."""
        waiting = {key: found for key, found in self._declines.items() if found.blocked_until > at}
        self._declines = dict(list(waiting.items())[-_MAX_KEYS // 2 :])
