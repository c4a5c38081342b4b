"""The settings of newsletter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import BeforeValidator, Field

from shared.settings import CommonSettings, Duration, EnvSettings

MAX_OPT_IN_TTL = timedelta(hours=48)
"""The declared retention of opt-in requests (3 days) relies on it."""


@dataclass(frozen=True, slots=True)
class WarmUpSetting:
    """The first day of the plan, and the limit of each day."""

    started_on: date
    daily_limits: tuple[int, ...]


def _parse_warm_up(text: object) -> object:
    if not isinstance(text, str) or not text:
        return text or None
    first, _, limits = text.partition(":")
    try:
        return WarmUpSetting(date.fromisoformat(first), tuple(int(limit) for limit in limits.split(",")))
    except ValueError as fault:
        raise ValueError("must be like 2027-03-01:50,100,500,2000") from fault


WarmUp = Annotated[WarmUpSetting, BeforeValidator(_parse_warm_up)]


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
        500,
        validation_alias="NEWSLETTER_BATCH_SIZE",
        ge=1,
        le=1_000,
        description="the number of recipients of a campaign that one worker claims at a time",
    )
    connections: int = Field(
        16,
        validation_alias="NEWSLETTER_CONNECTIONS",
        ge=1,
        le=256,
        description="the connections to the mail relay over which one process sends campaigns",
    )
    hold_ttl: Duration = Field(
        timedelta(seconds=15),
        validation_alias="NEWSLETTER_HOLD_SECONDS",
        ge=timedelta(seconds=0.5),
        le=timedelta(minutes=5),
        description="how long a worker that shows no life keeps its recipients, before another one sends to them",
    )
    retry_delay_min: Duration = Field(
        timedelta(minutes=1),
        validation_alias="NEWSLETTER_RETRY_DELAY_SECONDS",
        description="the delay before a recipient who was refused for now is tried again; it doubles up to an hour",
    )
    emails_per_second: int = Field(
        0,
        validation_alias="NEWSLETTER_EMAILS_PER_SECOND",
        ge=0,
        le=100_000,
        description="the limit of all campaign emails to the relay; 0 for none",
    )
    domain_emails_per_minute: int = Field(
        0,
        validation_alias="NEWSLETTER_DOMAIN_EMAILS_PER_MINUTE",
        ge=0,
        le=1_000_000,
        description="the limit of campaign emails to one domain of recipients; 0 for none",
    )
    warm_up: WarmUp | None = Field(
        None,
        validation_alias="NEWSLETTER_WARM_UP",
        description="the plan of a new sender: its first day, and the limit of each day, as 2027-03-01:50,100,500,2000",
    )
    longest_gap: Duration = Field(
        timedelta(minutes=15),
        validation_alias="NEWSLETTER_LONGEST_GAP_SECONDS",
        ge=timedelta(seconds=30),
        description="after a longer silence the database may come from a backup, and every campaign is paused",
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
