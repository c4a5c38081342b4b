"""The settings of newsletter."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Self

from pydantic import Field

from shared.settings import CommonSettings, Duration, EnvSettings

MAX_OPT_IN_TTL = timedelta(hours=48)
"""The declared retention of opt-in requests (3 days) relies on it."""


class Settings(EnvSettings):
    """Settings read from ``NEWSLETTER_*``."""

    common: CommonSettings
    opt_in_ttl: Duration = Field(
        MAX_OPT_IN_TTL,
        validation_alias="NEWSLETTER_OPT_IN_TTL_SECONDS",
        ge=timedelta(minutes=1),
        le=MAX_OPT_IN_TTL,
        description="how long a confirmation link works; then the opt-in request and its key are deleted",
    )
    cooldown: Duration = Field(
        timedelta(minutes=10),
        validation_alias="NEWSLETTER_COOLDOWN_SECONDS",
        ge=timedelta(seconds=1),
        description="the minimum time between two confirmation emails to one address for one list, and between two "
        "emails with its unsubscribe links",
    )
    opt_in_requests_per_minute: int = Field(
        30,
        validation_alias="NEWSLETTER_OPT_IN_REQUESTS_PER_MINUTE",
        ge=1,
        le=2**31,
        description="the rate limit, for one caller, of opt-in requests and of requests for unsubscribe links",
    )
    batch_size: int = Field(
        200,
        validation_alias="NEWSLETTER_BATCH_SIZE",
        ge=1,
        le=1_000,
        description="the maximum number of emails of a campaign that one transaction queues",
    )
    max_queued: int = Field(
        20_000,
        validation_alias="NEWSLETTER_MAX_QUEUED",
        ge=1,
        le=2**31,
        description="the number of queued emails of a campaign above which no further batch is queued",
    )
    poll_interval: Duration = Field(
        timedelta(seconds=0.5),
        validation_alias="NEWSLETTER_POLL_INTERVAL_SECONDS",
        ge=timedelta(seconds=0.01),
        description="the time between two polls for a campaign that can proceed",
    )

    imported_contacts_per_minute: int = Field(
        600,
        validation_alias="NEWSLETTER_IMPORTED_CONTACTS_PER_MINUTE",
        ge=1,
        le=2**31,
        description="how many contacts of an import are processed a minute; each may get an invitation",
    )

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises SettingError with the name of a setting that is missing or invalid."""
        return cls.read(environment, common=CommonSettings.from_env(environment, "newsletter", port=8092))
