"""Sync over HTTP: WebDAV for devices, JSON for the privacy centre and for staff; and the commands."""

from services.sync.api.check import app as check
from services.sync.api.json import SyncApi
from services.sync.api.restore import app as restore
from services.sync.api.webdav import WebDav

COMMANDS = {"check": check, "restore": restore}

__all__ = ["COMMANDS", "SyncApi", "WebDav"]
