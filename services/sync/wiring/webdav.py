"""The WebDAV server."""

from services.sync.api import WebDav
from services.sync.api.auth import DavAuthenticator
from services.sync.api.hrefs import HrefBuilder
from services.sync.service.access.devices import DeviceAuthenticator
from services.sync.service.oversight.statistics import UsageStatistics
from services.sync.wiring.tree import TreeModule


def build_webdav(
    tree: TreeModule, *, devices: DeviceAuthenticator, statistics: UsageStatistics, public_url: str
) -> WebDav:
    """Return the WebDAV server at *public_url*; it counts its requests in *statistics*."""
    hrefs = HrefBuilder.from_public_url(public_url)
    return WebDav(
        authenticator=DavAuthenticator(devices=devices, hrefs=hrefs),
        hrefs=hrefs,
        reader=tree.reader,
        writer=tree.writer,
        transfers=tree.transfers,
        uploads=tree.uploads,
        locks=tree.locks,
        sync_collection=tree.sync_collection,
        statistics=statistics,
    )
