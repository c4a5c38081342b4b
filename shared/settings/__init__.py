"""Typed settings, read once from the environment; errors name the setting, the problem and an example.

A class of settings is a frozen pydantic-settings model; each field names its environment variable
(``validation_alias``) and describes it. Any ``NAME`` may instead be given as ``NAME_FILE``, the path of a file with
the value (Kubernetes secrets). An empty value counts as absent, and an unknown variable is ignored. An error
never quotes a value that may be secret.
"""

from shared.settings.common import CommonSettings, ProcessSettings
from shared.settings.reader import EnvSettings, SettingError
from shared.settings.reference import SettingDescription, describe_settings
from shared.settings.secret import Secret
from shared.settings.types import (
    AmqpUrl,
    BaseUrl,
    CollectorUrl,
    Domain,
    Duration,
    HttpsUrl,
    HttpUrl,
    LogLevel,
    Mode,
    MongoDriver,
    MongoUrl,
    ProbeInterval,
    SecretText,
    SmtpUrl,
    matching,
)

__all__ = [
    "AmqpUrl",
    "BaseUrl",
    "CollectorUrl",
    "CommonSettings",
    "Domain",
    "Duration",
    "EnvSettings",
    "HttpUrl",
    "HttpsUrl",
    "LogLevel",
    "Mode",
    "MongoDriver",
    "MongoUrl",
    "ProbeInterval",
    "ProcessSettings",
    "Secret",
    "SecretText",
    "SettingDescription",
    "SettingError",
    "SmtpUrl",
    "describe_settings",
    "matching",
]
