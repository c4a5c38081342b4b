"""What an operator can configure of sync."""

from dataclasses import dataclass
from datetime import timedelta

from shared.settings import CommonSettings, Env

_GIGABYTE = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of sync."""

    common: CommonSettings
    blob_store: str
    """Where blobs and backups are stored: ``folder`` (one machine) or ``gridfs`` (shared by all replicas)."""
    quota_bytes: int
    """The quota of each account in bytes."""
    backup_interval: timedelta
    """The time between two backups of all accounts."""
    backup_retention: timedelta
    """How long a backup is kept; never longer than six months, whatever is set (C19)."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; an invalid one fails with its name."""
        return cls(
            common=CommonSettings.from_env(env, "sync", port=8093),
            blob_store=env.choice("SYNC_BLOB_STORE", "folder", ("folder", "gridfs")),
            quota_bytes=env.integer("SYNC_QUOTA_BYTES", 10 * _GIGABYTE, least=1 << 20, most=1 << 50),
            backup_interval=env.seconds("SYNC_BACKUP_INTERVAL_SECONDS", 86_400, least=60),
            backup_retention=env.seconds("SYNC_BACKUP_RETENTION_SECONDS", 90 * 86_400, least=60),
        )
