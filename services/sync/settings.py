"""What an operator can configure of sync."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, Self

from pydantic import Field

from shared.settings import CommonSettings, Duration, EnvSettings

_GIGABYTE = 1 << 30


class Settings(EnvSettings):
    """The settings of sync."""

    common: CommonSettings
    blob_store: Literal["folder", "gridfs"] = Field(
        "folder",
        validation_alias="SYNC_BLOB_STORE",
        description="where blobs and backups are stored: folder (one machine) or gridfs (shared by all replicas)",
    )
    quota_bytes: int = Field(
        10 * _GIGABYTE,
        validation_alias="SYNC_QUOTA_BYTES",
        ge=1 << 20,
        le=1 << 50,
        description="the quota of each account in bytes",
    )
    backup_interval: Duration = Field(
        timedelta(days=1),
        validation_alias="SYNC_BACKUP_INTERVAL_SECONDS",
        ge=timedelta(minutes=1),
        description="the time between two backups of all accounts",
    )
    backup_retention: Duration = Field(
        timedelta(days=90),
        validation_alias="SYNC_BACKUP_RETENTION_SECONDS",
        ge=timedelta(minutes=1),
        description="how long a backup is kept; never longer than six months, whatever is set (C19)",
    )

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; an invalid one fails with its name."""
        return cls.read(environment, common=CommonSettings.from_env(environment, "sync", port=8093))
