"""Programs for customers: check a WebDAV server, restore files from a backup."""

from services.sync.cli.check import app as check
from services.sync.cli.restore import app as restore

COMMANDS = {"check": check, "restore": restore}

__all__ = ["COMMANDS"]
