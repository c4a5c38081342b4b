"""The country of an IP address."""

from ipaddress import ip_address

from iptocc import country_code


def lookup_country(client_ip: str) -> str:
    """Return the country (ISO 3166-1 alpha-2) of *address*, or an empty string.

    The tables of the registries are bundled with the library: no service is queried, and the address is not stored
    (C01). They give the holder of a block, not its use; about one in twenty differs.
    """
    try:
        ip = ip_address(client_ip)
    except ValueError:
        return ""
    mapped = getattr(ip, "ipv4_mapped", None)
    return country_code(str(mapped or ip)) or ""
