"""The settings of the portal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from shared.settings import BaseUrl, HttpsUrl, ProcessSettings

DEFAULT_REVIEWED_ON = "2026-11-24"
"""When a person last reviewed the security contact; a setting overrides it without a release."""


def _check_contact(contact: str) -> str:
    if not contact.startswith(("mailto:", "https://", "tel:")) or any(c.isspace() for c in contact):
        raise ValueError("must be one mailto:, https:// or tel: address")
    return contact


def _parse_day(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as fault:
        raise ValueError(f"={value!r} is not a day") from fault


def _get_public_url(settings: dict[str, Any]) -> str:
    return str(settings["public_url"])


class Settings(ProcessSettings):
    """The settings of the portal, which has no database and no broker."""

    api_url: BaseUrl = Field(
        default_factory=_get_public_url,
        validation_alias="PORTAL_API_URL",
        examples=["https://candor.example"],
        description="the URL of the public APIs: the edge's port for frontends",
    )
    security_contact: Annotated[str, AfterValidator(_check_contact)] = Field(
        "mailto:security@candor.example",
        validation_alias="PORTAL_SECURITY_CONTACT",
        examples=["mailto:security@candor.example"],
        description="where reports of vulnerabilities go (RFC 9116, Contact)",
    )
    security_key_url: HttpsUrl | None = Field(
        None,
        validation_alias="PORTAL_SECURITY_KEY_URL",
        examples=["https://candor.example/key.asc"],
        description="where the key for delicate reports is (RFC 9116, Encryption)",
    )
    security_reviewed_on: Annotated[datetime, BeforeValidator(_parse_day)] = Field(
        _parse_day(DEFAULT_REVIEWED_ON),
        validation_alias="PORTAL_SECURITY_REVIEWED_ON",
        examples=[DEFAULT_REVIEWED_ON],
        description="when a person last reviewed the security contact",
    )
    api_ca: Path | None = Field(
        None,
        validation_alias="PORTAL_API_CA",
        description="the CA of the edge's port for frontends; without one, the CAs of the system",
    )

    page_views: bool = Field(
        default=False,
        validation_alias="CANDOR_PAGE_VIEWS",
        description="count how often public pages are shown; set it for telemetry, too",
    )

    @field_validator("public_url")
    @classmethod
    def _check_tls_in_production(cls, url: str, info: ValidationInfo) -> str:
        if info.data.get("mode") == "production" and not url.startswith("https://"):
            raise ValueError("must start with https:// in production mode, where cookies are sent over TLS alone")
        return url

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; SettingError names an invalid one."""
        return cls.read(environment, defaults={"CANDOR_SERVICE_PORT": 8097})
