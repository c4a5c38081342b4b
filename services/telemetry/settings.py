"""The settings of telemetry."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from shared.settings import BaseUrl, CommonSettings, Duration, EnvSettings

LOCAL_DEMO_WEEK = timedelta(seconds=10)
LOCAL_LIMIT = 100_000
"""On one machine all installations have one address: those of ``make demo`` must fit."""


def _is_local(settings: dict[str, Any]) -> bool:
    common: CommonSettings = settings["common"]
    return common.mode == "local"


def _get_public_url(settings: dict[str, Any]) -> str:
    common: CommonSettings = settings["common"]
    return common.public_url


class Settings(EnvSettings):
    """Settings read from ``TELEMETRY_*``."""

    common: CommonSettings
    max_installations: int = Field(
        default_factory=lambda settings: LOCAL_LIMIT if _is_local(settings) else 500,
        validation_alias="TELEMETRY_INSTALLATIONS_PER_ADDRESS",
        ge=1,
        le=1_000_000,
        description="how many installations may draw tokens from one address in a week; an office has one address "
        "(default: 500)",
    )
    max_requests: int = Field(
        default_factory=lambda settings: LOCAL_LIMIT if _is_local(settings) else 1_200,
        validation_alias="TELEMETRY_REQUESTS_PER_HOUR",
        ge=1,
        le=1_000_000,
        description="how many requests for tokens, and how many with reports, one address may send in an hour "
        "(default: 1200)",
    )
    demo_week: Duration | None = Field(
        default_factory=lambda settings: LOCAL_DEMO_WEEK if _is_local(settings) else None,
        validation_alias="TELEMETRY_DEMO_WEEK_SECONDS",
        ge=timedelta(seconds=1),
        le=timedelta(days=1),
        description="the length of a week of the program candor-demo, in whole seconds; in local mode alone",
    )

    weekly_epsilon: int = Field(
        500_000,
        validation_alias="TELEMETRY_WEEKLY_EPSILON_MICROS",
        ge=1_000,
        le=10_000_000,
        description="what the release of a week may tell of one installation, in millionths of epsilon (C15)",
    )
    yearly_epsilon: int = Field(
        26_500_000,
        validation_alias="TELEMETRY_YEARLY_EPSILON_MICROS",
        ge=0,
        le=1_000_000_000,
        description="the budget of the releases of a year, in millionths of epsilon; beyond it no week is released",
    )
    min_count: int = Field(
        50,
        validation_alias="TELEMETRY_MIN_COUNT",
        ge=1,
        le=10_000,
        description="figures below it, noise included, are not shown",
    )
    noise_python: str = Field(
        "",
        validation_alias="TELEMETRY_NOISE_PYTHON",
        description="the Python interpreter that draws the noise of a release; it needs requirements-statistics.lock "
        "(default: that of the service)",
    )

    page_views: bool = Field(
        default=False,
        validation_alias="CANDOR_PAGE_VIEWS",
        description="count how often public pages are shown; set it for the portal, too",
    )
    website_url: BaseUrl = Field(
        default_factory=_get_public_url,
        validation_alias="TELEMETRY_WEBSITE_URL",
        examples=["https://candor.example"],
        description="where the probe of the website reads its pages (default: CANDOR_PUBLIC_URL)",
    )
    website_ca: Path | None = Field(
        None,
        validation_alias="TELEMETRY_WEBSITE_CA",
        description="the CA of TELEMETRY_WEBSITE_URL; without one, the CAs of the system",
    )

    @model_validator(mode="after")
    def _check_demo(self) -> Self:
        if self.demo_week is not None:
            if self.common.mode != "local":
                raise ValueError("TELEMETRY_DEMO_WEEK_SECONDS is for CANDOR_MODE=local: leave it out")
            if self.demo_week.microseconds:
                raise ValueError("TELEMETRY_DEMO_WEEK_SECONDS must be whole seconds, for example 10")
        return self

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises SettingError with the name of a setting that is missing or invalid."""
        return cls.read(environment, common=CommonSettings.from_env(environment, "telemetry", port=8095))
