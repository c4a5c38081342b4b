"""The settings of disclosure."""

from dataclasses import dataclass
from datetime import timedelta

from shared.settings import CommonSettings, Env


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of disclosure."""

    common: CommonSettings
    notice_deadline: timedelta
    """How long after approval a case may have accounts without a final notice (C16)."""
    probe_stale_after: timedelta
    """The age of a probe result after which its promise counts as unknown."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; SettingError names an invalid one."""
        return cls(
            common=CommonSettings.from_env(env, "disclosure", port=8096),
            notice_deadline=env.seconds("DISCLOSURE_NOTICE_DEADLINE_SECONDS", 3 * 24 * 3600, least=60),
            probe_stale_after=env.seconds("DISCLOSURE_PROBE_STALE_AFTER_SECONDS", 600, least=10),
        )
