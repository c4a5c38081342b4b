"""The settings of payments."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Self

from pydantic import Field

from shared.settings import CommonSettings, Duration, EnvSettings

MAX_CARD_PAYLOAD_TTL = timedelta(minutes=15)
"""Half the retention of used payloads: a payload whose record was deleted must have expired."""


class Settings(EnvSettings):
    """Settings read from ``PAYMENTS_*``."""

    common: CommonSettings
    card_payload_ttl: Duration = Field(
        timedelta(minutes=10),
        validation_alias="PAYMENTS_CARD_PAYLOAD_TTL_SECONDS",
        ge=timedelta(seconds=10),
        le=MAX_CARD_PAYLOAD_TTL,
        description="the maximum age of an encrypted card when it arrives",
    )
    reconcile_after: Duration = Field(
        timedelta(seconds=30),
        validation_alias="PAYMENTS_RECONCILE_AFTER_SECONDS",
        ge=timedelta(seconds=1),
        description="how long a payment stays pending before the processor is asked again",
    )

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises SettingError with the name of a setting that is missing or invalid."""
        return cls.read(environment, common=CommonSettings.from_env(environment, "payments", port=8094))
