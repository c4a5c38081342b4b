"""All that an operator may change of payments."""

from dataclasses import dataclass
from datetime import timedelta

from shared.settings import Env, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of payments."""

    platform: Platform
    card_lifetime: timedelta
    """How old an encrypted card may be when it arrives."""
    settle_after: timedelta
    """How long an outcome may stay unknown before the processor is asked again."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; a wrong one fails by its name."""
        return cls(
            platform=Platform.from_env(env, "payments", port=8094),
            card_lifetime=env.seconds("PAYMENTS_CARD_LIFETIME_SECONDS", 600, least=10),
            settle_after=env.seconds("PAYMENTS_SETTLE_AFTER_SECONDS", 30, least=1),
        )
