"""The settings of the local stack, and the ports derived from them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, create_model, field_validator

from shared.registry import get_registry
from shared.settings import (
    AmqpUrl,
    BaseUrl,
    CollectorUrl,
    EnvSettings,
    LogLevel,
    Mode,
    MongoDriver,
    MongoUrl,
    ProbeInterval,
    Secret,
    SmtpUrl,
)

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
    "newsletter-inbound": 23,
    "inbound-smtp": 24,
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


def _check_port(secret: Secret) -> Secret:
    try:
        urlsplit(secret.get_secret_value()).port  # noqa: B018 -- asking for the port is the check
    except ValueError as fault:
        raise ValueError(f"names no usable port: {fault}") from fault
    return secret


_DnsServer = Annotated[
    str, StringConstraints(pattern=r"^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:]+\])(:\d{1,5})?$", strip_whitespace=True)
]
_ExternalMongoUrl = Annotated[MongoUrl, AfterValidator(_check_port)]
_ExternalAmqpUrl = Annotated[AmqpUrl, AfterValidator(_check_port)]
_ExternalSmtpUrl = Annotated[SmtpUrl, AfterValidator(_check_port)]
_MONGO_EXAMPLE = "mongodb://127.0.0.1:27017"
_AMQP_EXAMPLE = "amqp://candor:secret@127.0.0.1:5672/"
_HTTPS_EXAMPLE = "https://candor.example"


def _build_service_urls(name: str, kind: Any, host: str, example: str) -> type[EnvSettings]:
    """Return the settings that replace a part for a single service, such as MONGO_URL_IDENTITY."""
    fields: dict[str, Any] = {
        service.name: (
            kind | None,
            Field(
                None,
                validation_alias=f"{name}_{service.name.upper()}",
                examples=[example],
                description=f"instead of {name}, for {service.name} alone",
            ),
        )
        for service in get_registry()
        if host in service.hosts
    }
    return create_model(f"{name.title()}s", __base__=EnvSettings, **fields)


_ServiceMongoUrls = _build_service_urls("MONGO_URL", _ExternalMongoUrl, "mongo", _MONGO_EXAMPLE)
_ServiceAmqpUrls = _build_service_urls("AMQP_URL", _ExternalAmqpUrl, "rabbitmq", _AMQP_EXAMPLE)


def _build_local_url(settings: dict[str, Any]) -> str:
    # A name, since passkeys belong to one and a number has none. The parts among themselves use 127.0.0.1.
    return f"http://localhost:{settings['port']}"


class StackSettings(EnvSettings):
    """The settings of one local stack. The URL of an external part replaces the embedded one."""

    port: int = Field(
        8080,
        validation_alias="CANDOR_PORT",
        ge=1024,
        le=_MAX_BASE_PORT,
        description="the port of the edge; the other ports follow at fixed distances",
    )
    home: Annotated[Path, AfterValidator(lambda path: (ROOT / path).resolve())] = Field(
        Path(".candor"), validation_alias="CANDOR_HOME", description="the folder of the stack: data, keys and logs"
    )
    mode: Mode = Field(
        "local", validation_alias="CANDOR_MODE", description="local has a mailbox and demo accounts; production neither"
    )
    public_url: BaseUrl = Field(
        default_factory=_build_local_url,
        validation_alias="CANDOR_PUBLIC_URL",
        examples=[_HTTPS_EXAMPLE],
        description="the public address",
    )
    mongo_url: _ExternalMongoUrl | None = Field(
        None,
        validation_alias="MONGO_URL",
        examples=[_MONGO_EXAMPLE],
        description="an external database server; default: the embedded one",
    )
    amqp_url: _ExternalAmqpUrl | None = Field(
        None,
        validation_alias="AMQP_URL",
        examples=[_AMQP_EXAMPLE],
        description="an external RabbitMQ broker; default: the embedded one",
    )
    smtp_url: _ExternalSmtpUrl | None = Field(
        None,
        validation_alias="SMTP_URL",
        examples=["smtp://127.0.0.1:1025"],
        description="an external mail relay; default: the local mailbox",
    )
    dns_server: _DnsServer | None = Field(
        None,
        validation_alias="CANDOR_DNS",
        examples=["9.9.9.9"],
        description="the DNS server that make doctor asks about the sending domain, as IP address or address:port; "
        "without one these records are not checked",
    )
    # Read by the services themselves; checked here too, so that an error is reported before any process starts.
    mongo_driver: MongoDriver = "motor"
    log_level: LogLevel = "info"
    probe_interval: ProbeInterval = timedelta(seconds=30)
    otlp_url: CollectorUrl = None
    mongo_urls: Mapping[str, Secret]
    """URLs for a single service, by service, such as MONGO_URL_IDENTITY."""
    amqp_urls: Mapping[str, Secret]
    inherited_env: Mapping[str, str] = Field(repr=False)
    """The environment passed on to every service, which reads its own settings from it."""

    @field_validator("public_url")
    @classmethod
    def _check_tls_in_production(cls, url: str, info: ValidationInfo) -> str:
        """Require https in production mode, because cookies and links depend on it."""
        if info.data.get("mode") == "production" and not url.startswith("https://"):
            raise ValueError("must start with https:// in production mode")
        return url

    @field_validator("smtp_url")
    @classmethod
    def _check_relay_in_production(cls, url: Secret | None, info: ValidationInfo) -> Secret | None:
        if url is None and info.data.get("mode") == "production":
            raise ValueError("is missing: production mode has no mailbox; for example SMTP_URL=smtp://relay:25")
        return url

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; SettingError for the first invalid one."""
        return cls.read(
            environment,
            mongo_urls=_get_given_urls(_ServiceMongoUrls.read(environment)),
            amqp_urls=_get_given_urls(_ServiceAmqpUrls.read(environment)),
            inherited_env=dict(environment),
        )

    @classmethod
    def find_errors(cls, environment: Mapping[str, str]) -> list[str]:
        """Return one line for each invalid setting: ``make doctor`` reports all of them, not only the first."""
        return [
            *cls.list_errors(environment, mongo_urls={}, amqp_urls={}, inherited_env={}),
            *_ServiceMongoUrls.list_errors(environment),
            *_ServiceAmqpUrls.list_errors(environment),
        ]

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
    def inbound_domain(self) -> str | None:
        """The domain whose mail the inbound listener receives; None in production mode unless it is set.

        It must exist in the DNS: relays refuse emails whose return address has a domain that does not.
        """
        return self.inherited_env.get("CANDOR_INBOUND_DOMAIN") or ("in.candor.example" if self.is_local else None)

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


def _get_given_urls(urls: EnvSettings) -> dict[str, Secret]:
    return {service: url for service, url in urls if url is not None}


def read_environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ
