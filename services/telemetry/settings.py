"""The settings of telemetry."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from shared.settings import CommonSettings, EnvSettings


def _is_local(settings: dict[str, Any]) -> bool:
    common: CommonSettings = settings["common"]
    return common.mode == "local"


class Settings(EnvSettings):
    """Settings read from ``TELEMETRY_*``."""

    common: CommonSettings
    min_group_size: int = Field(
        5,
        validation_alias="TELEMETRY_MIN_GROUP_SIZE",
        ge=2,
        le=10_000,
        description="the smallest group of installations that is published (C15)",
    )
    release_open_weeks: bool = Field(
        default_factory=_is_local,
        validation_alias="TELEMETRY_RELEASE_OPEN_WEEKS",
        description="allow a release of the current week; for local use, never in production",
    )

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises SettingError with the name of a setting that is missing or invalid."""
        return cls.read(environment, common=CommonSettings.from_env(environment, "telemetry", port=8095))
