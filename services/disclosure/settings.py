"""All that an operator may change of disclosure."""

from dataclasses import dataclass
from datetime import timedelta

from shared.settings import Env, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of disclosure."""

    platform: Platform
    notice_deadline: timedelta
    """How long after its approval a case may have an account that was not told (C16)."""
    probe_silence: timedelta
    """How long a probe may be silent before its promise counts as unknown."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; a wrong one fails by its name."""
        return cls(
            platform=Platform.from_env(env, "disclosure", port=8096),
            notice_deadline=env.seconds("DISCLOSURE_NOTICE_DEADLINE_SECONDS", 3 * 24 * 3600, least=60),
            probe_silence=env.seconds("DISCLOSURE_PROBE_SILENCE_SECONDS", 600, least=10),
        )
