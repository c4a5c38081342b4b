"""All that an operator may change of newsletter."""

from dataclasses import dataclass
from datetime import timedelta

from shared.settings import CommonSettings, Env, SettingError

MAX_OPT_IN_TTL = timedelta(hours=48)
"""The retention that is declared for wishes counts on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of newsletter."""

    common: CommonSettings
    opt_in_ttl: timedelta
    """How long the link in a confirmation mail works; after that nothing is left of the wish."""
    cooldown: timedelta
    """How long nobody can have another confirmation mail sent to the same address for the same list."""
    opt_in_requests_per_minute: int
    """How many wishes one caller may send."""
    batch_size: int
    """How many recipients of a campaign are written in one transaction."""
    max_queued: int
    """How many letters of a campaign may wait for the relay before the next ones are written."""

    poll_interval: timedelta
    """How long between two looks for a campaign that can go on."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; a wrong one fails by its name."""
        confirm_within = env.seconds("NEWSLETTER_OPT_IN_TTL_SECONDS", MAX_OPT_IN_TTL.total_seconds(), least=60)
        if confirm_within > MAX_OPT_IN_TTL:
            raise SettingError(
                f"NEWSLETTER_OPT_IN_TTL_SECONDS={confirm_within.total_seconds():g} is more than 48 hours"
            )
        return cls(
            common=CommonSettings.from_env(env, "newsletter", port=8092),
            opt_in_ttl=confirm_within,
            cooldown=env.seconds("NEWSLETTER_COOLDOWN_SECONDS", 600, least=1),
            opt_in_requests_per_minute=env.integer("NEWSLETTER_OPT_IN_REQUESTS_PER_MINUTE", 30, least=1),
            batch_size=env.integer("NEWSLETTER_BATCH_SIZE", 200, least=1, most=1_000),
            max_queued=env.integer("NEWSLETTER_MAX_QUEUED", 20_000, least=1),
            poll_interval=env.seconds("NEWSLETTER_POLL_INTERVAL_SECONDS", 0.5, least=0.01),
        )
