"""Reads settings from a mapping; each error is one line that names the setting."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.settings.types import parse_duration


class SettingError(Exception):
    """A setting is missing or invalid; the message is one line that names it, with an example."""


class _EnvironmentSource(PydanticBaseSettingsSource):
    """Reads the value of each field from a mapping, or from the file whose path is in NAME_FILE."""

    def __init__(self, settings_cls: type[BaseSettings], environment: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._environment = environment
        self.errors: dict[str, str] = {}
        """Errors about NAME_FILE, by NAME."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        """Return the value, the name of the variable, and that the value is no JSON."""
        name = str(field.validation_alias or field_name)
        try:
            return (self._find(name) if field.validation_alias else None), name, False
        except SettingError as fault:
            self.errors[name] = str(fault)
            return None, name, False

    def __call__(self) -> dict[str, str]:
        found = (self.get_field_value(field, name)[:2] for name, field in self.settings_cls.model_fields.items())
        return {name: value for value, name in found if value is not None}

    def _find(self, name: str) -> str | None:
        value, file = self._environment.get(name), self._environment.get(f"{name}_FILE")
        if value and file:
            raise SettingError(f"{name} and {name}_FILE are both set: give one of them")
        if not file:
            return value or None
        try:
            return Path(file).read_text(encoding="utf-8").strip() or None
        except (OSError, ValueError) as fault:
            reason = getattr(fault, "strerror", None) or "it is not UTF-8 text"
            raise SettingError(f"{name}_FILE={file!r} cannot be read: {reason}") from fault


class EnvSettings(BaseSettings):
    """Settings read from a mapping, usually the environment of the process, and from nothing else."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", validate_default=True, hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(  # noqa: PLR0917 - the signature is pydantic-settings'
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings passes it by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Disable the sources of pydantic-settings, which read os.environ; *read* takes the environment."""
        return (init_settings,)

    @classmethod
    def read(
        cls, environment: Mapping[str, str], *, defaults: Mapping[str, object] | None = None, **given: object
    ) -> Self:
        """Return the settings; SettingError for the first invalid one.

        *defaults* maps names of variables to defaults; *given* sets fields that have no variable.
        """
        made, errors = cls._read(environment, defaults or {}, given)
        if made is None or errors:
            raise SettingError(errors[0])
        return made

    @classmethod
    def list_errors(
        cls, environment: Mapping[str, str], *, defaults: Mapping[str, object] | None = None, **given: object
    ) -> list[str]:
        """Return one line for each invalid setting, in the order of the fields."""
        return cls._read(environment, defaults or {}, given)[1]

    @classmethod
    def _read(
        cls, environment: Mapping[str, str], defaults: Mapping[str, object], given: Mapping[str, object]
    ) -> tuple[Self | None, list[str]]:
        source = _EnvironmentSource(cls, environment)
        values: dict[str, Any] = {**defaults, **source(), **given}
        errors, made = dict(source.errors), None
        variables = {name: str(field.validation_alias or name) for name, field in cls.model_fields.items()}
        try:
            made = cls(**values)
        except ValidationError as fault:
            for error in fault.errors(include_url=False):
                # A default that is derived from an invalid setting is no second error.
                if error["type"] != "default_factory_not_called":
                    place = str(error["loc"][0]) if error["loc"] else ""
                    name = variables.get(place, place)  # an invalid default is reported under the name of the field
                    errors.setdefault(name, _describe_error(cls, name, error))
        order = [*variables.values(), ""]  # errors about several settings have no name
        return made, [errors[name] for name in sorted(errors, key=order.index)]


def _describe_error(settings: type[BaseModel], name: str, error: ErrorDetails) -> str:
    """Return the line for an error; it quotes only values of types that are never secret."""
    field = next((each for each in settings.model_fields.values() if each.validation_alias == name), None)
    if field is None and error["type"] == "value_error":
        return str(error["ctx"]["error"])  # from a model validator, which names the setting itself
    problem = _describe_problem(field, error) if field else " is not valid"
    example = f"; for example {name}={field.examples[0]}" if field and field.examples else ""
    return f"{name}{problem}{example if '; for example ' not in problem else ''}"


def _describe_problem(field: FieldInfo, error: ErrorDetails) -> str:
    """Return what follows the name of the setting."""
    given = error["input"]
    match error["type"]:
        case "missing":
            problem = " is missing"
        case "int_parsing" | "int_parsing_size" | "int_from_float" | "int_type":
            problem = f"={given!r} is not a whole number"
        case "bool_parsing" | "bool_type":
            problem = f"={given!r} is not yes or no"
        case "literal_error":
            problem = f"={given!r} is not known: give one of {', '.join(get_args(field.annotation))}"
        case "greater_than_equal" | "less_than_equal":
            problem = f"={_describe_range_error(field, given, error['type'])}"
        case "value_error":
            message = str(error["ctx"]["error"])
            problem = message if message.startswith("=") else f" {message}"
        case _:
            problem = " is not valid"
    return problem


def _describe_range_error(field: FieldInfo, given: Any, kind: str) -> str:
    least, most = _get_bounds(field)
    if field.annotation is not timedelta:
        return f"{str(given).strip()} is out of range: give a number from {least} to {most}"
    seconds = parse_duration(given).total_seconds()
    if kind == "less_than_equal":
        return f"{seconds:.12g} is too long: give at most {most.total_seconds():.12g} seconds"
    return f"{seconds:.12g} is too short: give at least {least.total_seconds():.12g} seconds"


def _get_bounds(field: FieldInfo) -> tuple[Any, Any]:
    least = [each.ge for each in field.metadata if hasattr(each, "ge")]
    most = [each.le for each in field.metadata if hasattr(each, "le")]
    return max(least, default=None), min(most, default=None)
