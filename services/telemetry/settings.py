"""All that an operator may change of telemetry."""

from dataclasses import dataclass

from shared.settings import CommonSettings, Env


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of telemetry."""

    common: CommonSettings
    min_group_size: int
    """No figure about fewer installations than this is published (C15)."""
    release_open_weeks: bool
    """Allow a release of the week that still runs: for trying it out, never in production."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; a wrong one fails by its name."""
        platform = CommonSettings.from_env(env, "telemetry", port=8095)
        return cls(
            common=platform,
            min_group_size=env.integer("TELEMETRY_MIN_GROUP_SIZE", 5, least=2, most=10_000),
            release_open_weeks=env.flag("TELEMETRY_RELEASE_OPEN_WEEKS", default=platform.mode == "local"),
        )
