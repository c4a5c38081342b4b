"""Authenticates a WebDAV request and parses what it addresses."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from services.sync.api.headers import parse_preconditions
from services.sync.api.hrefs import HrefBuilder, ResourcePath, parse_path
from services.sync.domain.devices import Device
from services.sync.domain.operation import DavOperation
from services.sync.errors import InvalidDeviceCredentialsError, InvalidPathError
from services.sync.service.access.devices import DeviceAuthenticator
from shared.errors import ForbiddenError
from shared.settings import Secret
from shared.web import client_address

READ_METHODS = frozenset({"OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT"})
_MAX_CREDENTIAL_LENGTH = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DavRequest:
    """An authenticated request."""

    request: web.Request
    resource_path: ResourcePath
    operation: DavOperation
    reauthorize: Callable[[], Awaitable[object]]
    """Raises once the device may no longer do this, because its app password was revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DavAuthenticator:
    """Authenticates devices by HTTP Basic and an app password."""

    devices: DeviceAuthenticator
    hrefs: HrefBuilder

    async def authenticate(self, request: web.Request) -> DavRequest:
        """Return the authenticated request. Nothing about the tree is revealed before the credentials are verified."""
        username, password = _parse_basic_credentials(request)
        writes = request.method not in READ_METHODS

        async def reauthorize() -> Device:
            return await self.devices.authenticate(username, password, writes=writes, client=client_address(request))

        device = await reauthorize()
        if request.rel_url.raw_fragment:
            raise InvalidPathError
        address = parse_path(request.rel_url.raw_path)
        if address.username != device.username:
            # The same error whether the other tree exists or not.
            raise ForbiddenError("This tree belongs to another account.")
        conditions = parse_preconditions(request, self.hrefs, device.username)
        operation = DavOperation(device=device, path=address.path, preconditions=conditions)
        return DavRequest(request=request, resource_path=address, operation=operation, reauthorize=reauthorize)


def _parse_basic_credentials(request: web.Request) -> tuple[str, Secret]:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic" or len(encoded) > _MAX_CREDENTIAL_LENGTH:
        raise InvalidDeviceCredentialsError
    try:
        username, colon, password = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError) as fault:
        raise InvalidDeviceCredentialsError from fault
    if not colon or not username or not password:
        raise InvalidDeviceCredentialsError
    return username, Secret(password)
