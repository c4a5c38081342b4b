"""All that an operator may change of newsletter."""

from dataclasses import dataclass
from datetime import timedelta

from shared.settings import Env, Platform, SettingError

LONGEST_WISH = timedelta(hours=48)
"""The retention that is declared for wishes counts on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of newsletter."""

    platform: Platform
    confirm_within: timedelta
    """How long the link in a confirmation mail works; after that nothing is left of the wish."""
    cooldown: timedelta
    """How long nobody can have another confirmation mail sent to the same address for the same list."""
    joins_per_minute: int
    """How many wishes one caller may send."""
    batch: int
    """How many recipients of a campaign are written in one transaction."""
    most_waiting: int
    """How many letters of a campaign may wait for the relay before the next ones are written."""

    look: timedelta
    """How long between two looks for a campaign that can go on."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; a wrong one fails by its name."""
        confirm_within = env.seconds("NEWSLETTER_CONFIRM_SECONDS", LONGEST_WISH.total_seconds(), least=60)
        if confirm_within > LONGEST_WISH:
            raise SettingError(f"NEWSLETTER_CONFIRM_SECONDS={confirm_within.total_seconds():g} is more than 48 hours")
        return cls(
            platform=Platform.from_env(env, "newsletter", port=8092),
            confirm_within=confirm_within,
            cooldown=env.seconds("NEWSLETTER_COOLDOWN_SECONDS", 600, least=1),
            joins_per_minute=env.integer("NEWSLETTER_JOINS_PER_MINUTE", 30, least=1),
            batch=env.integer("NEWSLETTER_BATCH", 200, least=1, most=1_000),
            most_waiting=env.integer("NEWSLETTER_MOST_WAITING", 20_000, least=1),
            look=env.seconds("NEWSLETTER_LOOK_SECONDS", 0.5, least=0.01),
        )
