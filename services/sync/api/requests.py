"""One request of a device: who it is, which tree and address it means, on what conditions."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from services.sync.api.addresses import Address, Addresses, address_of
from services.sync.api.headers import conditions_of
from services.sync.domain.visitors import Visitor
from services.sync.errors import CredentialRefusedError, PathRefusedError
from services.sync.service.acts import Act
from services.sync.service.visitors import Visitors
from shared.errors import ForbiddenError
from shared.settings import Secret
from shared.web import client_address

READS = frozenset({"OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT"})
_LONGEST_CREDENTIAL = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A request that was let in."""

    request: web.Request
    address: Address
    act: Act
    still: Callable[[], Awaitable[object]]
    """Raises once the device may no longer do this: its app password was revoked meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Lets requests in."""

    visitors: Visitors
    addresses: Addresses

    async def admit(self, request: web.Request) -> Asking:
        """Return what is asked; CredentialRefusedError comes before anything that could be told of the tree."""
        username, password = _credentials(request)
        writes = request.method not in READS

        async def admit() -> Visitor:
            return await self.visitors.admit(username, password, writes=writes, client=client_address(request))

        visitor = await admit()
        if request.rel_url.raw_fragment:
            raise PathRefusedError
        address = address_of(request.rel_url.raw_path)
        if address.username != visitor.username:
            # The same for a tree that exists and for one that does not.
            raise ForbiddenError("This is not the tree of this account.")
        conditions = conditions_of(request, self.addresses, visitor.username)
        act = Act(visitor=visitor, path=address.path, conditions=conditions)
        return Asking(request=request, address=address, act=act, still=admit)


def _credentials(request: web.Request) -> tuple[str, Secret]:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic" or len(given) > _LONGEST_CREDENTIAL:
        raise CredentialRefusedError
    try:
        username, colon, password = base64.b64decode(given.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError) as fault:
        raise CredentialRefusedError from fault
    if not colon or not username or not password:
        raise CredentialRefusedError
    return username, Secret(password)
