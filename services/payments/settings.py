"""All that an operator may change of payments."""

from dataclasses import dataclass
from datetime import timedelta

from shared.settings import Env, Platform, SettingError

LONGEST_CARD_LIFETIME = timedelta(minutes=15)
"""Half the time for which used cards are remembered: one that is forgotten must be too old to be used again."""


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
        card_lifetime = env.seconds("PAYMENTS_CARD_LIFETIME_SECONDS", 600, least=10)
        if card_lifetime > LONGEST_CARD_LIFETIME:
            most = int(LONGEST_CARD_LIFETIME.total_seconds())
            raise SettingError(f"PAYMENTS_CARD_LIFETIME_SECONDS is too long: give at most {most} seconds")
        return cls(
            platform=Platform.from_env(env, "payments", port=8094),
            card_lifetime=card_lifetime,
            settle_after=env.seconds("PAYMENTS_SETTLE_AFTER_SECONDS", 30, least=1),
        )
