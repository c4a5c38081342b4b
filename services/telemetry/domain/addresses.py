"""The part of a client's address that installations are counted by."""

from ipaddress import IPv4Address, ip_address, ip_network

IPV6_LINE = 64
"""One line has a whole /64 of IPv6: a device changes its address within it every day."""


def network_of(address: str) -> str:
    """Return the IPv4 address, or the /64 of the IPv6 address; a text that is no address is returned as it is."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, IPV6_LINE), strict=False))
