"""The settings of newsletter."""

from dataclasses import dataclass
from datetime import timedelta

from shared.settings import CommonSettings, Env, SettingError

MAX_OPT_IN_TTL = timedelta(hours=48)
"""The declared retention of opt-in requests (3 days) relies on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings read from ``NEWSLETTER_*``."""

    common: CommonSettings
    opt_in_ttl: timedelta
    """How long a confirmation link works; then the opt-in request and its key are deleted."""
    cooldown: timedelta
    """The minimum time between two confirmation emails to one address for one list."""
    opt_in_requests_per_minute: int
    """The rate limit of opt-in requests for one caller."""
    batch_size: int
    """The maximum number of emails of a campaign that one transaction queues."""
    max_queued: int
    """The number of queued emails of a campaign above which no further batch is queued."""
    poll_interval: timedelta
    """The time between two polls for a campaign that can proceed."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; raises SettingError with the name of a setting that is missing or invalid."""
        opt_in_ttl = env.seconds("NEWSLETTER_OPT_IN_TTL_SECONDS", MAX_OPT_IN_TTL.total_seconds(), least=60)
        if opt_in_ttl > MAX_OPT_IN_TTL:
            raise SettingError(f"NEWSLETTER_OPT_IN_TTL_SECONDS={opt_in_ttl.total_seconds():g} is more than 48 hours")
        return cls(
            common=CommonSettings.from_env(env, "newsletter", port=8092),
            opt_in_ttl=opt_in_ttl,
            cooldown=env.seconds("NEWSLETTER_COOLDOWN_SECONDS", 600, least=1),
            opt_in_requests_per_minute=env.integer("NEWSLETTER_OPT_IN_REQUESTS_PER_MINUTE", 30, least=1),
            batch_size=env.integer("NEWSLETTER_BATCH_SIZE", 200, least=1, most=1_000),
            max_queued=env.integer("NEWSLETTER_MAX_QUEUED", 20_000, least=1),
            poll_interval=env.seconds("NEWSLETTER_POLL_INTERVAL_SECONDS", 0.5, least=0.01),
        )
