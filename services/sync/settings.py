"""All that an operator may change of sync."""

from dataclasses import dataclass
from datetime import timedelta

from shared.settings import Env, Platform

_GIGABYTE = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of sync."""

    platform: Platform
    blobs: str
    """Where blobs and backups are kept: ``folder`` (one machine), or ``gridfs`` (what all replicas share)."""
    quota_bytes: int
    """What each account may store."""
    backup_every: timedelta
    """How often a backup of all accounts is taken."""
    backup_kept: timedelta
    """How long a backup is kept; never longer than six months, whatever is set (C19)."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; a wrong one fails by its name."""
        return cls(
            platform=Platform.from_env(env, "sync", port=8093),
            blobs=env.choice("SYNC_BLOBS", "folder", ("folder", "gridfs")),
            quota_bytes=env.integer("SYNC_QUOTA_BYTES", 10 * _GIGABYTE, least=1 << 20, most=1 << 50),
            backup_every=env.seconds("SYNC_BACKUP_EVERY_SECONDS", 86_400, least=60),
            backup_kept=env.seconds("SYNC_BACKUP_KEPT_SECONDS", 90 * 86_400, least=60),
        )
