"""Types of settings. A ValueError of a validator says what is wrong, in words that follow the name of the setting."""

import re
from datetime import timedelta
from math import isfinite
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from shared.settings.secret import Secret

_MAX_SECONDS = 10 * 365 * 86_400
"""Ten years; a longer duration is a typing error."""


def parse_duration(value: object) -> timedelta:
    """Return a duration given in seconds."""
    if isinstance(value, timedelta):
        return value
    try:
        seconds = float(str(value))
    except ValueError:
        raise ValueError(f"={value!r} is not a number of seconds") from None
    if not isfinite(seconds) or seconds > _MAX_SECONDS:
        raise ValueError(f"={seconds:g} is too long: give at most {_MAX_SECONDS} seconds")
    return timedelta(seconds=max(seconds, -_MAX_SECONDS))


def _url(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        if wrong := _find_url_error(value, schemes):
            raise ValueError(wrong)
        return value

    return AfterValidator(check)


def _secret_url(*schemes: str) -> BeforeValidator:
    def parse(value: object) -> object:
        if isinstance(value, str):
            if wrong := _find_url_error(value, schemes):
                raise ValueError(wrong)
            return Secret(value)
        return value

    return BeforeValidator(parse)


def matching(pattern: str, wanted: str) -> AfterValidator:
    """Return a validator of a text that fully matches *pattern*; *wanted* describes it for the error."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"={value!r} is not {wanted}")
        return value

    return AfterValidator(check)


def _find_url_error(value: str, schemes: tuple[str, ...]) -> str | None:
    """Return what is wrong with a URL, or None; the URL is not quoted because it may contain a password."""
    if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        return f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    if not value.isprintable() or " " in value:
        return "is not a URL: it contains a space or a line break"
    try:
        # A replica set has several hosts, each with a port; urlsplit would read them as one port.
        hosts = urlsplit(value).netloc.rpartition("@")[2].split(",")
        named = [(urlsplit(f"//{host}").hostname, urlsplit(f"//{host}").port) for host in hosts]
    except ValueError:
        return "is not a URL: its host or port cannot be read"
    return None if all(host for host, _ in named) else "names no host"


def _parse_secret(value: object) -> object:
    return Secret(value) if isinstance(value, str) else value


SecretText = Annotated[Secret, BeforeValidator(_parse_secret)]
"""A password or a key given as text."""
Domain = Annotated[
    str, matching(r"[a-z0-9-]+(\.[a-z0-9-]+)+", "a domain in lower case, in ASCII, such as in.candor.example")
]

_ORIGIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?")


def _parse_origins(value: object) -> object:
    origins = tuple(value.split()) if isinstance(value, str) else value
    if isinstance(origins, tuple) and (wrong := [each for each in origins if not _ORIGIN.fullmatch(each)]):
        raise ValueError(f"={wrong[0]!r} is not an origin: https, a host in lower case and no path")
    return origins


Origins = Annotated[tuple[str, ...], BeforeValidator(_parse_origins)]
"""Origins of web pages, as browsers send them in ``Origin``. There is no wildcard."""

Mode = Literal["local", "production"]

Duration = Annotated[timedelta, BeforeValidator(parse_duration), Field(ge=timedelta(milliseconds=1))]
"""Given in seconds; the name of the variable ends in _SECONDS."""

HttpUrl = Annotated[str, _url("http", "https")]
HttpsUrl = Annotated[str, _url("https")]
BaseUrl = Annotated[HttpUrl, AfterValidator(lambda url: url.rstrip("/"))]
"""A URL that paths are appended to, without a trailing slash."""
MongoUrl = Annotated[Secret, _secret_url("mongodb", "mongodb+srv")]
AmqpUrl = Annotated[Secret, _secret_url("amqp", "amqps")]
SmtpUrl = Annotated[Secret, _secret_url("smtp", "smtps", "smtp+starttls")]

LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"],
    Field(validation_alias="CANDOR_LOG_LEVEL", description="the minimum level of log records"),
]
CollectorUrl = Annotated[
    HttpUrl | None,
    Field(
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        examples=["http://127.0.0.1:4318"],
        description="the OTLP collector of traces; default: no traces are sent",
    ),
]
MongoDriver = Annotated[
    Literal["motor", "pymongo"],
    Field(validation_alias="MONGO_DRIVER", description="the client library of the database"),
]
ProbeInterval = Annotated[
    Duration,
    Field(validation_alias="CANDOR_PROBE_INTERVAL_SECONDS", description="the time between two checks of each promise"),
]
