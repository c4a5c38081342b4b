"""Where a webhook may go: public addresses over HTTPS, and nothing inside our network (SSRF)."""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

from shared.errors import FieldProblem, InvalidInputError

_MAX_URL_LENGTH = 500
_TRANSLATED = ip_network("64:ff9b::/96")
_OTHER_TRANSLATED = ip_network("64:ff9b:1::/48")


class WebhookTargetError(InvalidInputError):
    """This URL cannot receive webhooks."""

    code = "webhook.target.not_allowed"
    remedy = "Give an https URL with a public host name, without user name, password or fragment."


class PrivateAddressError(OSError):
    """The host name stands for an address inside a private network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPolicy:
    """Checks URLs when they are registered, and again what their names stand for when a webhook is sent."""

    allows_private: bool
    """Only in local mode: plain HTTP, loopback and private addresses."""

    def check_url(self, url: str) -> None:
        """Raise WebhookTargetError for a URL that may not be registered."""
        fault = self._find_fault(url)
        if fault:
            raise WebhookTargetError(fields=(FieldProblem(field="url", code="not_allowed", message=fault),))

    def check_host(self, host: str) -> None:
        """Raise PrivateAddressError when *host* is an address that may not be called; a name is for the resolver."""
        address = _parse_address(host)
        if address is not None and not self.allows_private and not is_public(address):
            raise PrivateAddressError("a private address")

    def _find_fault(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return "This is no URL."
        if not url.isascii() or not url.isprintable() or " " in url or len(url) > _MAX_URL_LENGTH:
            return f"A URL is ASCII without blanks, of at most {_MAX_URL_LENGTH} characters."
        if parts.scheme != "https" and not (self.allows_private and parts.scheme == "http"):
            return "The URL must start with https://."
        if not host or parts.username is not None or parts.password is not None or parts.fragment:
            return "The URL has a host, and no user name, password or fragment."
        try:
            self.check_host(host)
        except PrivateAddressError:
            return "The host is inside a private network."
        return "" if self.allows_private or "." in host or ":" in host else "The host is not a public name."


class PublicResolver(AbstractResolver):
    """Resolves names and refuses those that stand for a private address.

    The connection goes to the addresses that were checked: a name that changes in between changes nothing.
    """

    def __init__(self, policy: TargetPolicy) -> None:
        self._policy = policy
        self._resolver = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of *host*; PrivateAddressError when one of them may not be called."""
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            self._policy.check_host(each["host"])
        return found

    async def close(self) -> None:
        """Close the resolver."""
        await self._resolver.close()


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether *address* is on the public internet, also where it contains an IPv4 address."""
    if isinstance(address, IPv6Address):
        if address in _OTHER_TRANSLATED:
            return False
        inner = _inner_address(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner_address(address: IPv6Address) -> IPv4Address | None:
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def _parse_address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None
