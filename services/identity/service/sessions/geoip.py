"""Where a client is, as coarse as it helps its owner: a country."""

from ipaddress import ip_address

from iptocc import country_code


def lookup_country(client_ip: str) -> str:
    """Return the country (ISO 3166-1, two letters) that *address* was given to, or an empty string.

    Looked up in this process, in the registries' tables that come with the library: nobody else learns the address, and
    it is not kept (C01). Whom a block was given to is not always where it is used; about one in twenty differs.
    """
    try:
        ip = ip_address(client_ip)
    except ValueError:
        return ""
    mapped = getattr(ip, "ipv4_mapped", None)
    return country_code(str(mapped or ip)) or ""
