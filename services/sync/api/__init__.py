"""Sync over HTTP: WebDAV for devices, JSON for the privacy centre and for staff."""

from services.sync.api.backups import BackupsApi
from services.sync.api.usage import UsageApi
from services.sync.api.webdav import WebDav

__all__ = ["BackupsApi", "UsageApi", "WebDav"]
