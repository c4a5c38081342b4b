"""The settings of newsletter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field

from shared.settings import CommonSettings, Duration, EnvSettings, SecretText

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


class InboundSettings(EnvSettings):
    """Settings of the process that receives mail, read from ``NEWSLETTER_INBOUND_*``; the verdicts use some, too."""

    return_path_master: SecretText | None = Field(
        None,
        validation_alias="NEWSLETTER_RETURN_PATH_MASTER",
        description="the key from which CANDOR_RETURN_PATH_KEY of every service is derived; two, separated by a comma, "
        "during a rotation",
    )
    host: str = Field(
        "127.0.0.1", validation_alias="NEWSLETTER_INBOUND_HOST", description="the address to listen on for SMTP"
    )
    port: int = Field(
        2525, validation_alias="NEWSLETTER_INBOUND_PORT", ge=0, le=65535, description="the port to listen on for SMTP"
    )
    roles: str = Field(
        "questions,support,security,abuse,postmaster",
        validation_alias="NEWSLETTER_INBOUND_ROLES",
        description="the local parts that people read; their mail is kept for staff",
    )
    max_bytes: int = Field(
        11 * 2**20,
        validation_alias="NEWSLETTER_INBOUND_MAX_BYTES",
        ge=64 * 2**10,
        le=64 * 2**20,
        description="the size of the largest mail that is taken",
    )
    max_connections: int = Field(
        10,
        validation_alias="NEWSLETTER_INBOUND_MAX_CONNECTIONS",
        ge=1,
        le=1_000,
        description="the number of SMTP sessions at the same time; each may hold one mail in memory",
    )
    max_connections_per_client: int = Field(
        5,
        validation_alias="NEWSLETTER_INBOUND_MAX_CONNECTIONS_PER_CLIENT",
        ge=1,
        le=1_000,
        description="the number of them from one address; set it to the number of all where a load balancer hides the "
        "addresses",
    )
    idle_timeout: Duration = Field(
        timedelta(minutes=1),
        validation_alias="NEWSLETTER_INBOUND_IDLE_SECONDS",
        ge=timedelta(seconds=1),
        le=timedelta(minutes=5),
        description="how long a session may take to name a recipient of ours",
    )
    tls_cert: Path | None = Field(
        None,
        validation_alias="NEWSLETTER_INBOUND_TLS_CERT",
        description="the certificate (PEM) for STARTTLS; default: CANDOR_TLS_CERT",
    )
    tls_key: Path | None = Field(
        None, validation_alias="NEWSLETTER_INBOUND_TLS_KEY", description="the private key (PEM) of that certificate"
    )
    soft_bounces: int = Field(
        5,
        validation_alias="NEWSLETTER_SOFT_BOUNCES",
        ge=2,
        le=100,
        description="how many letters in a row must come back before an address counts as dead",
    )
    soft_bounce_span: Duration = Field(
        timedelta(days=7),
        validation_alias="NEWSLETTER_SOFT_BOUNCE_SPAN_SECONDS",
        ge=timedelta(seconds=1),
        description="the least time between the first and the last of them",
    )


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
    data_epoch: str = Field(
        "",
        validation_alias="NEWSLETTER_DATA_EPOCH",
        max_length=40,
        pattern=r"^[0-9A-Za-z_.:-]*$",
        description="any name for the data, such as a date; change it after a restore from a backup, and every "
        "campaign starts paused",
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
    inbound: InboundSettings

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises SettingError with the name of a setting that is missing or invalid."""
        return cls.read(
            environment,
            common=CommonSettings.from_env(environment, "newsletter", port=8092),
            inbound=InboundSettings.read(environment),
        )
