"""The settings of telemetry."""

from dataclasses import dataclass

from shared.settings import CommonSettings, Env


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings read from ``TELEMETRY_*``."""

    common: CommonSettings
    min_group_size: int
    """The smallest group of installations that is published (C15)."""
    release_open_weeks: bool
    """Allow a release of the current week; for local use, never in production."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; raises SettingError with the name of a setting that is missing or invalid."""
        platform = CommonSettings.from_env(env, "telemetry", port=8095)
        return cls(
            common=platform,
            min_group_size=env.integer("TELEMETRY_MIN_GROUP_SIZE", 5, least=2, most=10_000),
            release_open_weeks=env.flag("TELEMETRY_RELEASE_OPEN_WEEKS", default=platform.mode == "local"),
        )
