"""The settings of disclosure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Self

from pydantic import Field

from shared.settings import CommonSettings, Duration, EnvSettings


class Settings(EnvSettings):
    """The settings of disclosure."""

    common: CommonSettings
    notice_deadline: Duration = Field(
        timedelta(days=3),
        validation_alias="DISCLOSURE_NOTICE_DEADLINE_SECONDS",
        ge=timedelta(minutes=1),
        description="how long after approval a case may have accounts without a final notice (C16)",
    )
    probe_stale_after: Duration = Field(
        timedelta(minutes=10),
        validation_alias="DISCLOSURE_PROBE_STALE_AFTER_SECONDS",
        ge=timedelta(seconds=10),
        description="the age of a probe result after which its promise counts as unknown",
    )

    checkpoint_interval: Duration = Field(
        timedelta(hours=1),
        validation_alias="DISCLOSURE_CHECKPOINT_INTERVAL_SECONDS",
        ge=timedelta(seconds=1),
        le=timedelta(days=1),
        description="how often the ledger's log publishes a checkpoint when no proof asks for one",
    )

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; SettingError names an invalid one."""
        return cls.read(environment, common=CommonSettings.from_env(environment, "disclosure", port=8096))
