"""Describes settings for a reference."""

from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from shared.settings.common import CommonSettings, list_service_defaults
from shared.settings.reader import EnvSettings


class SettingDescription(NamedTuple):
    """One row of a reference of settings."""

    name: str
    default: str
    """The text of the default; empty for a setting that must be given or is absent by default."""
    description: str


def describe_settings(settings: type[EnvSettings]) -> list[SettingDescription]:
    """Return a row for each variable that *settings* and the settings inside it read, in the order of the fields."""
    rows: list[SettingDescription] = []
    for field in settings.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, EnvSettings):
            rows += describe_settings(field.annotation)
        elif field.validation_alias is not None:
            name = str(field.validation_alias)
            rows.append(SettingDescription(name, _describe_default(settings, name, field), field.description or ""))
    return rows


def _describe_default(settings: type[EnvSettings], name: str, field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "follows from other settings"
    default = field.default
    if default is PydanticUndefined:
        own = list_service_defaults("<service>", "its own port") if issubclass(settings, CommonSettings) else {}
        default = own.get(name)
    match default:
        case None | ():
            return ""
        case bool():
            return "yes" if default else "no"
        case datetime():
            return f"{default:%Y-%m-%d}"
        case timedelta():
            return f"{default.total_seconds():.12g}"
    return str(default)
