"""The settings of the portal."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from shared.settings import Env, Mode, SettingError, read_tls_paths

DEFAULT_REVIEWED_ON = "2026-11-24"
"""When a person last reviewed the security contact; a setting overrides it without a release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the portal, which has no database and no broker."""

    mode: Mode
    host: str
    port: int
    public_url: str
    """The address that customers see, without a trailing slash."""
    api_url: str
    """The URL of the public APIs: the edge's port for frontends."""
    keyring: Path
    log_level: str
    otlp_url: str | None
    security_contact: str
    security_key_url: str | None
    """Where the key for delicate reports is (RFC 9116, Encryption)."""
    security_reviewed_on: datetime
    tls_cert: Path | None = None
    """The certificate of the portal's own port, where the hop from the edge is encrypted too."""
    tls_key: Path | None = None
    api_ca: Path | None = None
    """The CA of the edge's port for frontends; default: the CAs of the system."""

    @classmethod
    def from_env(cls, env: Env) -> "Settings":
        """Read the settings; SettingError names an invalid one."""
        public_url = _read_public_url(env)
        return cls(
            mode=cast("Mode", env.choice("CANDOR_MODE", "production", ("local", "production"))),
            host=env.text("CANDOR_HOST", "127.0.0.1"),
            port=env.integer("CANDOR_SERVICE_PORT", 8097, least=1, most=65535),
            public_url=public_url,
            api_url=_read_url(env, "PORTAL_API_URL", default=public_url),
            keyring=env.path("CANDOR_KEYRING", example="/etc/candor/portal.keyring.json"),
            log_level=env.choice("CANDOR_LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
            otlp_url=env.optional_url(
                "OTEL_EXPORTER_OTLP_ENDPOINT", schemes=("http", "https"), example="http://127.0.0.1:4318"
            ),
            security_contact=_read_contact(env),
            security_key_url=_read_key_url(env),
            security_reviewed_on=_read_date(env, "PORTAL_SECURITY_REVIEWED_ON", DEFAULT_REVIEWED_ON),
            **read_tls_paths(env),
            api_ca=_read_api_ca(env),
        )


def _read_public_url(env: Env) -> str:
    url = _read_url(env, "CANDOR_PUBLIC_URL")
    if env.text("CANDOR_MODE", "production") == "production" and not url.startswith("https://"):
        raise SettingError(
            "CANDOR_PUBLIC_URL must start with https:// in production mode, where cookies are sent over TLS alone; "
            "for example CANDOR_PUBLIC_URL=https://candor.example"
        )
    return url


def _read_url(env: Env, name: str, *, default: str | None = None) -> str:
    return env.url(name, schemes=("http", "https"), example="https://candor.example", default=default).rstrip("/")


def _read_api_ca(env: Env) -> Path | None:
    name = "PORTAL_API_CA"
    return None if env.optional(name) is None else env.path(name)


def _read_key_url(env: Env) -> str | None:
    name = "PORTAL_SECURITY_KEY_URL"
    return (
        None if env.optional(name) is None else env.url(name, schemes=("https",), example="https://a.example/key.asc")
    )


def _read_contact(env: Env) -> str:
    name, example = "PORTAL_SECURITY_CONTACT", "mailto:security@candor.example"
    contact = env.text(name, example)
    if not contact.startswith(("mailto:", "https://", "tel:")) or any(c.isspace() for c in contact):
        raise SettingError(f"{name} must be one mailto:, https:// or tel: address; for example {name}={example}")
    return contact


def _read_date(env: Env, name: str, default: str) -> datetime:
    text = env.text(name, default)
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as fault:
        raise SettingError(f"{name}={text!r} is not a day; for example {name}={default}") from fault
