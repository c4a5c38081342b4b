"""The settings of the local stack, and the ports derived from them."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from shared.registry import get_registry
from shared.settings import Env, Mode, Secret, SettingError

ROOT = Path(__file__).resolve().parents[2]

SERVICES: Mapping[str, int] = {service.name: service.port_offset for service in get_registry()}
"""The services, each with the offset of its port from CANDOR_PORT."""

PORT_OFFSETS: Mapping[str, int] = {
    "edge": 0,
    "edge-admin": 1,
    "frontend": 2,
    **SERVICES,
    "mailbox": 21,
    "smtp": 22,
    "mongo": 31,
    "rabbit": 32,
    "rabbit-dist": 33,
    "rabbit-management": 34,
    "rabbit-metrics": 35,
    "epmd": 36,
    "mongo-setup": 37,
}
_MAX_BASE_PORT = 65535 - max(PORT_OFFSETS.values())


@dataclass(frozen=True, slots=True)
class StackPorts:
    """The ports of one stack: each at a fixed offset from *base*, so that two stacks do not collide."""

    base: int

    def __getitem__(self, part: str) -> int:
        return self.base + PORT_OFFSETS[part]

    def build_url(self, part: str, path: str = "") -> str:
        """Return the loopback HTTP address of *part*."""
        return f"http://127.0.0.1:{self[part]}{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSettings:
    """The settings of one local stack. The URL of an external part replaces the embedded one."""

    port: int
    home: Path
    mode: Mode
    public_url: str
    mongo_url: Secret | None
    amqp_url: Secret | None
    mongo_urls: Mapping[str, Secret]
    """URLs for a single service, by service, such as MONGO_URL_IDENTITY."""
    amqp_urls: Mapping[str, Secret]
    smtp_url: Secret | None
    inherited_env: Mapping[str, str] = field(repr=False)
    """The environment passed on to every service, which reads its own settings from it."""

    @classmethod
    def from_env(cls, env: Env) -> "StackSettings":
        """Read the settings; SettingError for the first invalid one."""
        read = {name: reader(env) for name, reader in SETTING_READERS.items()}
        return cls(**{name: read[name] for name in _OWN_FIELDS}, inherited_env=dict(env.values))

    @property
    def ports(self) -> StackPorts:
        """The ports of this stack."""
        return StackPorts(self.port)

    @property
    def is_local(self) -> bool:
        """Whether the stack is in local mode, with a mailbox and demo accounts; production mode has neither."""
        return self.mode == "local"

    @property
    def has_mailbox(self) -> bool:
        """Whether mail is delivered to the local mailbox; with SMTP_URL it goes to that relay."""
        return self.is_local and self.smtp_url is None

    @property
    def has_demo_accounts(self) -> bool:
        """Whether demo accounts are created; their sign-up needs a mailbox that can be read."""
        return self.has_mailbox

    def mongo_url_of(self, service: str) -> Secret | None:
        """Return the URL of the external database of *service*; None for the embedded one."""
        return self.mongo_urls.get(service, self.mongo_url)

    def amqp_url_of(self, service: str) -> Secret | None:
        """Return the URL of the external broker of *service*; None for the embedded one."""
        return self.amqp_urls.get(service, self.amqp_url)

    @property
    def has_embedded_mongo(self) -> bool:
        """Whether any service uses the embedded database."""
        return any(self.mongo_url_of(each.name) is None for each in get_registry() if each.has_database)

    @property
    def has_embedded_broker(self) -> bool:
        """Whether any service uses the embedded broker."""
        return any(self.amqp_url_of(each.name) is None for each in get_registry() if each.has_broker)


def _port(env: Env) -> int:
    return env.integer("CANDOR_PORT", 8080, least=1024, most=_MAX_BASE_PORT)


def _home(env: Env) -> Path:
    return (ROOT / env.path("CANDOR_HOME", ".candor")).resolve()


def _mode(env: Env) -> Mode:
    return cast("Mode", env.choice("CANDOR_MODE", "local", ("local", "production")))


def _public_url(env: Env) -> str:
    """Return the public address; production mode requires https, because cookies and links depend on it."""
    example = "https://candor.example"
    url = env.url(
        "CANDOR_PUBLIC_URL",
        schemes=("http", "https"),
        example=example,
        default=f"http://127.0.0.1:{_port(env)}",
    )
    if _mode(env) == "production" and not url.startswith("https://"):
        raise SettingError(f"CANDOR_PUBLIC_URL must start with https:// in production mode; for example {example}")
    return url.rstrip("/")


def _external_url_reader(name: str, schemes: tuple[str, ...], example: str) -> Callable[[Env], Secret | None]:
    def read(env: Env) -> Secret | None:
        if env.optional(name) is None:
            return None
        return Secret(_check_port(name, env.url(name, schemes=schemes, example=example)))

    return read


def _service_urls_reader(part: str) -> Callable[[Env], dict[str, Secret]]:
    """Return a reader of the URLs that replace *part* for a single service, such as MONGO_URL_IDENTITY."""
    name, schemes, example, host = _EXTERNAL_PARTS[part]

    def read(env: Env) -> dict[str, Secret]:
        found = {
            service.name: _external_url_reader(f"{name}_{service.name.upper()}", schemes, example)(env)
            for service in get_registry()
            if host in service.hosts
        }
        return {service: url for service, url in found.items() if url is not None}

    return read


_EXTERNAL_PARTS = {
    "mongo": ("MONGO_URL", ("mongodb", "mongodb+srv"), "mongodb://127.0.0.1:27017", "mongo"),
    "amqp": ("AMQP_URL", ("amqp", "amqps"), "amqp://candor:secret@127.0.0.1:5672/", "rabbitmq"),
}
"""Setting, schemes, example, and the name of the part in the registry."""


def _check_port(name: str, url: str) -> str:
    try:
        urlsplit(url).port  # noqa: B018 -- asking for the port is the check
    except ValueError as fault:
        raise SettingError(f"{name} names no usable port: {fault}") from fault
    return url


def _smtp_url(env: Env) -> Secret | None:
    url = _external_url_reader("SMTP_URL", ("smtp", "smtps", "smtp+starttls"), "smtp://127.0.0.1:1025")(env)
    if url is None and _mode(env) == "production":
        raise SettingError("SMTP_URL is missing: production mode has no mailbox; for example SMTP_URL=smtp://relay:25")
    return url


def _otlp_url(env: Env) -> str | None:
    name = "OTEL_EXPORTER_OTLP_ENDPOINT"
    if env.optional(name) is None:
        return None
    return env.url(name, schemes=("http", "https"), example="http://127.0.0.1:4318")


SETTING_READERS: Mapping[str, Callable[[Env], Any]] = {
    "port": _port,
    "home": _home,
    "mode": _mode,
    "public_url": _public_url,
    "mongo_url": _external_url_reader(*_EXTERNAL_PARTS["mongo"][:3]),
    "amqp_url": _external_url_reader(*_EXTERNAL_PARTS["amqp"][:3]),
    "mongo_urls": _service_urls_reader("mongo"),
    "amqp_urls": _service_urls_reader("amqp"),
    "smtp_url": _smtp_url,
    # Read by the services themselves; checked here too, so that an error is reported before any process starts.
    "mongo_driver": lambda env: env.choice("MONGO_DRIVER", "motor", ("motor", "pymongo")),
    "log_level": lambda env: env.choice("CANDOR_LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
    "probe_interval": lambda env: env.seconds("CANDOR_PROBE_INTERVAL_SECONDS", 30),
    "otlp_url": _otlp_url,
}
"""Reads each setting separately, so that ``make doctor`` reports every invalid one, not only the first."""

_OWN_FIELDS = ("port", "home", "mode", "public_url", "mongo_url", "amqp_url", "mongo_urls", "amqp_urls", "smtp_url")


def read_environment() -> Env:
    """Return the environment of this process."""
    return Env(os.environ)
