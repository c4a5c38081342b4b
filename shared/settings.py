"""Typed settings, read once from the environment; errors name the setting, the problem and an example.

Any ``NAME`` may instead be given as ``NAME_FILE``, the path of a file with the value (Kubernetes secrets). An empty
value counts as absent. A message never quotes a value that may be secret.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from pathlib import Path
from typing import Literal, TypeVar, cast
from urllib.parse import urlsplit

T = TypeVar("T")

_MAX_SECONDS = 10 * 365 * 86_400
"""Ten years; a longer duration is a typing error."""


class SettingError(Exception):
    """A setting is missing or invalid; the message is one line that names it, with an example."""


class Secret:
    """A value that is never printed: not by ``repr``, ``str``, formatting, JSON or pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        """Return the value; call this where it is used and store no other copy."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a Secret cannot be pickled")


@dataclass(frozen=True, slots=True)
class Env:
    """Reads settings from *values*; the errors name the setting."""

    values: Mapping[str, str]

    def text(self, name: str, default: str | None = None, *, example: str = "") -> str:
        """Return the value of *name*, or *default*; without one, an absent value is an error."""
        found = self._find(name)
        if found is not None:
            return found
        if default is None:
            raise SettingError(f"{name} is missing" + (f"; for example {name}={example}" if example else ""))
        return default

    def optional(self, name: str) -> str | None:
        """Return the value of *name*, or None."""
        return self._find(name)

    def secret(self, name: str, *, example: str) -> Secret:
        """Return a secret; there is no default."""
        return Secret(self.text(name, example=example))

    def integer(self, name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
        """Return a whole number between *least* and *most*."""
        number = self._parsed(name, int, default, "a whole number")
        if not least <= number <= most:
            raise SettingError(f"{name}={number} is out of range: give a number from {least} to {most}")
        return number

    def seconds(self, name: str, default: float, *, least: float = 0.001) -> timedelta:
        """Return a duration given in seconds."""
        value = self._parsed(name, float, default, "a number of seconds")
        if not isfinite(value) or value > _MAX_SECONDS:
            raise SettingError(f"{name}={value:g} is too long: give at most {_MAX_SECONDS} seconds")
        if value < least:
            raise SettingError(f"{name}={value:g} is too short: give at least {least:g} seconds")
        return timedelta(seconds=value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean, given as yes/no, true/false or 1/0."""
        return self._parsed(name, _parse_flag, default, "yes or no")

    def choice(self, name: str, default: str, among: tuple[str, ...]) -> str:
        """Return one of *among*."""
        value = self.text(name, default)
        if value not in among:
            raise SettingError(f"{name}={value!r} is not known: give one of {', '.join(among)}")
        return value

    def path(self, name: str, default: str | None = None, *, example: str = "") -> Path:
        """Return a path; it need not exist."""
        return Path(self.text(name, default, example=example))

    def url(self, name: str, *, schemes: tuple[str, ...], example: str, default: str | None = None) -> str:
        """Return a URL with one of *schemes* and a host."""
        value = self.text(name, default, example=example)
        wrong = _find_url_error(value, schemes)
        if wrong:
            raise SettingError(f"{name} {wrong}; for example {name}={example}")
        return value

    def optional_url(self, name: str, *, schemes: tuple[str, ...], example: str) -> str | None:
        """Return a URL as ``url`` does, or None where none is given."""
        return self.url(name, schemes=schemes, example=example) if self._find(name) is not None else None

    def matching(self, name: str, default: str, pattern: str, wanted: str) -> str:
        """Return a text that fully matches *pattern*; *wanted* describes it for the error."""
        value = self.text(name, default)
        if not re.fullmatch(pattern, value):
            raise SettingError(f"{name}={value!r} is not {wanted}")
        return value

    def _find(self, name: str) -> str | None:
        value, file = self.values.get(name), self.values.get(f"{name}_FILE")
        if value and file:
            raise SettingError(f"{name} and {name}_FILE are both set: give one of them")
        if not file:
            return value or None
        try:
            return Path(file).read_text(encoding="utf-8").strip() or None
        except (OSError, ValueError) as fault:
            reason = getattr(fault, "strerror", None) or "it is not UTF-8 text"
            raise SettingError(f"{name}_FILE={file!r} cannot be read: {reason}") from fault

    def _parsed(self, name: str, parse: Callable[[str], T], default: T, wanted: str) -> T:
        found = self._find(name)
        if found is None:
            return default
        try:
            return parse(found)
        except ValueError as fault:
            raise SettingError(f"{name}={found!r} is not {wanted}") from fault


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


def _parse_flag(text: str) -> bool:
    known = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if text.lower() not in known:
        raise ValueError(text)
    return known[text.lower()]


Mode = Literal["local", "production"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonSettings:
    """The settings common to all services."""

    mode: Mode
    host: str
    port: int
    public_url: str
    """The public address, without a trailing slash; links are built from it, never from a request header."""
    mongo_url: Secret
    mongo_driver: str
    mongo_database: str
    amqp_url: Secret
    keyring: Path
    smtp_url: Secret
    mail_from: str
    data_dir: Path
    otlp_url: str | None
    probe_interval: timedelta
    log_level: str
    tls_cert: Path | None = None
    """The certificate (PEM) of the service's own port, for encrypted hops from the edge (C20)."""
    tls_key: Path | None = None

    @classmethod
    def from_env(cls, env: Env, service: str, *, port: int) -> "CommonSettings":
        """Read the common settings; *port* is the default port of *service*."""
        return cls(
            mode=cast("Mode", env.choice("CANDOR_MODE", "production", ("local", "production"))),
            host=env.text("CANDOR_HOST", "127.0.0.1"),
            port=env.integer("CANDOR_SERVICE_PORT", port, least=1, most=65535),
            public_url=env.url("CANDOR_PUBLIC_URL", schemes=("http", "https"), example="https://a.example").rstrip("/"),
            mongo_url=Secret(
                env.url("MONGO_URL", schemes=("mongodb", "mongodb+srv"), example="mongodb://127.0.0.1:27017")
            ),
            mongo_driver=env.choice("MONGO_DRIVER", "motor", ("motor", "pymongo")),
            mongo_database=env.matching(
                "MONGO_DATABASE", f"candor_{service}", r"[A-Za-z0-9_-]{1,38}", "at most 38 letters, digits, _ or -"
            ),
            amqp_url=Secret(
                env.url("AMQP_URL", schemes=("amqp", "amqps"), example="amqp://candor:secret@127.0.0.1:5672/")
            ),
            keyring=env.path("CANDOR_KEYRING", example=f"/etc/candor/{service}.keyring.json"),
            smtp_url=Secret(
                env.url("SMTP_URL", schemes=("smtp", "smtps", "smtp+starttls"), example="smtp://127.0.0.1:1025")
            ),
            mail_from=env.text("CANDOR_MAIL_FROM", "Candor <no-reply@candor.example>"),
            data_dir=env.path("CANDOR_DATA", f"/var/lib/candor/{service}"),
            otlp_url=env.optional_url(
                "OTEL_EXPORTER_OTLP_ENDPOINT", schemes=("http", "https"), example="http://127.0.0.1:4318"
            ),
            probe_interval=env.seconds("CANDOR_PROBE_INTERVAL_SECONDS", 30),
            log_level=env.choice("CANDOR_LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
            **read_tls_paths(env),
        )


def read_tls_paths(env: Env) -> dict[str, Path]:
    """Return CANDOR_TLS_CERT and CANDOR_TLS_KEY by field name; SettingError when only one is set."""
    given = {name: env.path(f"CANDOR_{name.upper()}") for name in _TLS_FIELDS if env.optional(f"CANDOR_{name.upper()}")}
    if len(given) == 1:
        missing = next(name.upper() for name in _TLS_FIELDS if name not in given)
        raise SettingError(f"CANDOR_{missing} is missing: a certificate needs its key, and a key its certificate")
    return given


_TLS_FIELDS = ("tls_cert", "tls_key")
