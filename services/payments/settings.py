"""The settings of payments."""

from dataclasses import dataclass
from datetime import timedelta

from shared.settings import CommonSettings, Env, SettingError

MAX_CARD_PAYLOAD_TTL = timedelta(minutes=15)
"""Half the retention of used payloads: a payload whose record was deleted must have expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings read from ``PAYMENTS_*``."""

    common: CommonSettings
    card_payload_ttl: timedelta
    """The maximum age of an encrypted card when it arrives."""
    reconcile_after: timedelta
    """How long a payment stays pending before the processor is asked again."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; raises SettingError with the name of a setting that is missing or invalid."""
        card_payload_ttl = env.seconds("PAYMENTS_CARD_PAYLOAD_TTL_SECONDS", 600, least=10)
        if card_payload_ttl > MAX_CARD_PAYLOAD_TTL:
            maximum = int(MAX_CARD_PAYLOAD_TTL.total_seconds())
            raise SettingError(f"PAYMENTS_CARD_PAYLOAD_TTL_SECONDS is too long: give at most {maximum} seconds")
        return cls(
            common=CommonSettings.from_env(env, "payments", port=8094),
            card_payload_ttl=card_payload_ttl,
            reconcile_after=env.seconds("PAYMENTS_RECONCILE_AFTER_SECONDS", 30, least=1),
        )
