"""All that an operator may change of payments."""

from dataclasses import dataclass
from datetime import timedelta

from shared.settings import CommonSettings, Env, SettingError

MAX_CARD_PAYLOAD_TTL = timedelta(minutes=15)
"""Half the time for which used cards are remembered: one that is forgotten must be too old to be used again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of payments."""

    common: CommonSettings
    card_payload_ttl: timedelta
    """How old an encrypted card may be when it arrives."""
    reconcile_after: timedelta
    """How long an outcome may stay unknown before the processor is asked again."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; a wrong one fails by its name."""
        card_lifetime = env.seconds("PAYMENTS_CARD_PAYLOAD_TTL_SECONDS", 600, least=10)
        if card_lifetime > MAX_CARD_PAYLOAD_TTL:
            maximum = int(MAX_CARD_PAYLOAD_TTL.total_seconds())
            raise SettingError(f"PAYMENTS_CARD_PAYLOAD_TTL_SECONDS is too long: give at most {maximum} seconds")
        return cls(
            common=CommonSettings.from_env(env, "payments", port=8094),
            card_payload_ttl=card_lifetime,
            reconcile_after=env.seconds("PAYMENTS_RECONCILE_AFTER_SECONDS", 30, least=1),
        )
