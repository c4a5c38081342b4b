"""Carding: someone tests stolen cards, which shows as declines. Each decline over a budget doubles the wait."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_IPV4_BLOCK, _IPV6_BLOCK = 24, 48
"""An attacker rents addresses by the block: IPv4 /24; IPv6 /48, what one site gets (RFC 6177)."""
_BIN_DIGITS = 6


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineTally:
    """The declines of one key: how many count, when the first of them was, and until when to wait."""

    count: int
    started_at: datetime
    blocked_until: datetime
    forget_at: datetime
    """When it counts no more. A wait may outlast the window: its end must not be a new start."""


def add_decline(tally: DeclineTally | None, budget: DeclineBudget, *, at: datetime) -> DeclineTally:
    """Return *tally* with one more decline; a new one where it is None or counts no more."""
    if tally is None or at >= tally.forget_at:
        tally = DeclineTally(count=0, started_at=at, blocked_until=at, forget_at=at)
    count = tally.count + 1
    blocked_until = max(tally.blocked_until, at + budget.wait_after(count))
    return DeclineTally(
        count=count,
        started_at=tally.started_at,
        blocked_until=blocked_until,
        forget_at=max(tally.started_at, blocked_until) + budget.window,
    )
