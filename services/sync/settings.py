"""All that an operator may change of sync."""

from dataclasses import dataclass
from datetime import timedelta

from shared.settings import CommonSettings, Env

_GIGABYTE = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of sync."""

    common: CommonSettings
    blob_store: str
    """Where blobs and backups are kept: ``folder`` (one machine), or ``gridfs`` (what all replicas share)."""
    quota_bytes: int
    """What each account may store."""
    backup_interval: timedelta
    """How often a backup of all accounts is taken."""
    backup_retention: timedelta
    """How long a backup is kept; never longer than six months, whatever is set (C19)."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; a wrong one fails by its name."""
        return cls(
            common=CommonSettings.from_env(env, "sync", port=8093),
            blob_store=env.choice("SYNC_BLOB_STORE", "folder", ("folder", "gridfs")),
            quota_bytes=env.integer("SYNC_QUOTA_BYTES", 10 * _GIGABYTE, least=1 << 20, most=1 << 50),
            backup_interval=env.seconds("SYNC_BACKUP_INTERVAL_SECONDS", 86_400, least=60),
            backup_retention=env.seconds("SYNC_BACKUP_RETENTION_SECONDS", 90 * 86_400, least=60),
        )
