"""The settings common to all services."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.settings.reader import EnvSettings
from shared.settings.types import (
    AmqpUrl,
    BaseUrl,
    CollectorUrl,
    Domain,
    LogLevel,
    Mode,
    MongoDriver,
    MongoUrl,
    Origins,
    ProbeInterval,
    SecretText,
    SmtpUrl,
    matching,
)


class ProcessSettings(EnvSettings):
    """The settings common to all services and the portal."""

    mode: Mode = Field(
        "production", validation_alias="CANDOR_MODE", description="local has demo data and allows plain HTTP"
    )
    host: str = Field("127.0.0.1", validation_alias="CANDOR_HOST", description="the address to listen on")
    port: int = Field(validation_alias="CANDOR_SERVICE_PORT", ge=1, le=65535, description="the port to listen on")
    public_url: BaseUrl = Field(
        validation_alias="CANDOR_PUBLIC_URL",
        examples=["https://candor.example"],
        description="the public address; links are built from it, never from a request header",
    )
    keyring: Path = Field(
        validation_alias="CANDOR_KEYRING",
        examples=["/etc/candor/keyring.json"],
        description="the file with the keys of this service",
    )
    log_level: LogLevel = "info"
    otlp_url: CollectorUrl = None
    tls_cert: Path | None = Field(
        None,
        validation_alias="CANDOR_TLS_CERT",
        description="the certificate (PEM) of the service's own port, for encrypted hops from the edge (C20)",
    )
    tls_key: Path | None = Field(
        None, validation_alias="CANDOR_TLS_KEY", description="the private key (PEM) of that certificate"
    )

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            missing = "CANDOR_TLS_KEY" if self.tls_key is None else "CANDOR_TLS_CERT"
            raise ValueError(
                f"{missing} is missing: a certificate needs its key, and a key its certificate; "
                f"for example {missing}=/etc/candor/tls.pem"
            )
        return self


class CommonSettings(ProcessSettings):
    """The settings common to all services with a database and a broker."""

    mongo_url: MongoUrl = Field(
        validation_alias="MONGO_URL", examples=["mongodb://127.0.0.1:27017"], description="the database server"
    )
    mongo_driver: MongoDriver = "motor"
    mongo_database: Annotated[str, matching(r"[A-Za-z0-9_-]{1,38}", "at most 38 letters, digits, _ or -")] = Field(
        validation_alias="MONGO_DATABASE", description="the name of the database of this service"
    )
    amqp_url: AmqpUrl = Field(
        validation_alias="AMQP_URL",
        examples=["amqp://candor:secret@127.0.0.1:5672/"],
        description="the RabbitMQ broker",
    )
    smtp_url: SmtpUrl = Field(
        validation_alias="SMTP_URL", examples=["smtp://127.0.0.1:1025"], description="the relay that takes the emails"
    )
    mail_from: str = Field(
        "Candor <no-reply@candor.example>", validation_alias="CANDOR_MAIL_FROM", description="the sender of the emails"
    )
    inbound_domain: Domain | None = Field(
        None,
        validation_alias="CANDOR_INBOUND_DOMAIN",
        examples=["in.candor.example"],
        description="the domain whose mail the inbound listener receives (return addresses, unsubscriptions by mail); "
        "default: none, and bounces go to the sender of the emails",
    )
    return_path_key: SecretText | None = Field(
        None,
        validation_alias="CANDOR_RETURN_PATH_KEY",
        description="signs the return addresses of this service: the hexadecimal SHA-256 of the master key, "
        "a colon and the name of the service",
    )
    mail_reply_to: str = Field(
        "",
        validation_alias="CANDOR_MAIL_REPLY_TO",
        examples=["support@candor.example"],
        description="the address that answers go to; by default support@ of the sender's domain",
    )
    cors_origins: Origins = Field(
        (),
        validation_alias="CANDOR_CORS_ORIGINS",
        examples=["https://app.candor.example https://www.candor.example"],
        description="the origins of web pages that may call /v1 and /sync in a browser, separated by blanks",
    )
    access_log: Path | None = Field(
        None,
        validation_alias="CANDOR_ACCESS_LOG",
        examples=["/var/log/candor/access.log"],
        description="the access log of the edge, if this service can read it: its probe of C04 does (identity)",
    )
    data_dir: Path = Field(validation_alias="CANDOR_DATA", description="the folder for files of this service")
    probe_interval: ProbeInterval = timedelta(seconds=30)

    @classmethod
    def from_env(cls, environment: Mapping[str, str], service: str, *, port: int) -> Self:
        """Read the common settings; *port* is the default port of *service*."""
        return cls.read(environment, defaults=list_service_defaults(service, port))


def list_service_defaults(service: str, port: int | str) -> dict[str, object]:
    """Return the defaults that differ from service to service, by the name of the variable."""
    return {
        "CANDOR_SERVICE_PORT": port,
        "MONGO_DATABASE": f"candor_{service}",
        "CANDOR_DATA": f"/var/lib/candor/{service}",
    }
