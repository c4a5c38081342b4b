"""All that an operator may change of telemetry."""

from dataclasses import dataclass

from shared.settings import Env, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of telemetry."""

    platform: Platform
    minimum_group: int
    """No figure about fewer installations than this is published (C15)."""
    release_open_weeks: bool
    """Allow a release of the week that still runs: for trying it out, never in production."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; a wrong one fails by its name."""
        platform = Platform.from_env(env, "telemetry", port=8095)
        return cls(
            platform=platform,
            minimum_group=env.integer("TELEMETRY_MINIMUM_GROUP", 5, least=2, most=10_000),
            release_open_weeks=env.flag("TELEMETRY_RELEASE_OPEN_WEEKS", default=platform.mode == "local"),
        )
