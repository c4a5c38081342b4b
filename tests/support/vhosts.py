"""A virtual host for each area of tests: none answers the questions, or hears the facts, of another."""

from urllib.parse import quote, unquote, urlsplit

import aiohttp

MANAGEMENT = 2
"""How far the management API is from the broker's port in the local stack (shared/stack/settings.py)."""


async def own_vhost(amqp_url: str, area: str) -> str:
    """Make a virtual host for *area* on the broker of *amqp_url* and return its address."""
    parts = urlsplit(amqp_url)
    assert parts.port is not None, "the broker of the tests names its port"
    name = "-".join(part for part in (unquote(parts.path.strip("/")), area) if part)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    auth = aiohttp.encode_basic_auth(user, password)
    base = f"http://{parts.hostname}:{parts.port + MANAGEMENT}/api"
    rights = {"configure": ".*", "write": ".*", "read": ".*"}
    async with aiohttp.ClientSession(headers={"Authorization": auth}) as http:
        host = quote(name, safe="")
        for path, body in ((f"/vhosts/{host}", {}), (f"/permissions/{host}/{quote(user, safe='')}", rights)):
            async with http.put(base + path, json=body) as answer:
                assert answer.status in {201, 204}, await answer.text()
    return parts._replace(path=f"/{quote(name, safe='')}").geturl()
