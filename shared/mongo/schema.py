"""Builds the closed validator of a document: MongoDB's $jsonSchema (draft 4 with bsonType) from the pydantic model."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from shared.mongo.document import Document

_BSON_TYPES: dict[str, Any] = {
    "string": "string",
    "integer": ["int", "long"],
    "number": ["double", "int", "long"],
    "boolean": "bool",
    "null": "null",
    "array": "array",
    "object": "object",
}
_SUPPORTED_KEYWORDS = {
    "bsonType", "enum", "required", "uniqueItems", "pattern", "minimum", "maximum", "multipleOf",
    "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
}  # fmt: skip
_TEXT_FORMATS = {"date"}


class _BsonSchema(GenerateJsonSchema):
    """Gives bytes and datetimes their BSON types, which JSON lacks."""

    def bytes_schema(self, _schema: core_schema.BytesSchema) -> JsonSchemaValue:
        return {"bsonType": "binData"}

    def datetime_schema(self, _schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        return {"bsonType": "date"}


def build_json_schema(document: type[Document]) -> dict[str, Any]:
    """Return the $jsonSchema that accepts only what *document* declares."""
    schema = document.model_json_schema(schema_generator=_BsonSchema, mode="serialization")
    return _convert(schema, schema.get("$defs", {}), ())


def _convert(schema: Any, definitions: dict[str, Any], seen: tuple[str, ...]) -> dict[str, Any]:
    if "$ref" in schema:
        return _resolve_reference(schema["$ref"].rpartition("/")[2], definitions, seen)
    if schema.get("format") and schema["format"] not in _TEXT_FORMATS:
        raise TypeError(f"BSON cannot hold a {schema['format']}: store it as text, a number or a time")
    made = {key: value for key, value in schema.items() if key in _SUPPORTED_KEYWORDS} | _translate_keywords(schema)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            made[choice] = [_convert(part, definitions, seen) for part in schema[choice]]
    return made | _convert_members(schema, definitions, seen)


def _translate_keywords(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords that draft 4 spells differently."""
    made: dict[str, Any] = {}
    if "type" in schema:
        made["bsonType"] = _BSON_TYPES[schema["type"]]
    if "const" in schema:
        made["enum"] = [schema["const"]]
    for bound in ("minimum", "maximum"):
        exclusive = f"exclusive{bound.capitalize()}"
        if exclusive in schema:
            made |= {bound: schema[exclusive], exclusive: True}
    return made


def _resolve_reference(name: str, definitions: dict[str, Any], seen: tuple[str, ...]) -> dict[str, Any]:
    if name in seen:
        raise TypeError(f"{name} contains itself: MongoDB's $jsonSchema has no references, so its depth must be finite")
    return _convert(definitions[name], definitions, (*seen, name))


def _convert_members(schema: dict[str, Any], definitions: dict[str, Any], seen: tuple[str, ...]) -> dict[str, Any]:
    """Return the keywords for members: of a model (closed), a mapping, a list or a tuple."""
    if "properties" in schema:
        fields = {name: _convert(part, definitions, seen) for name, part in schema["properties"].items()}
        return {"properties": fields, "additionalProperties": False}
    if schema.get("type") == "object":
        values = schema.get("additionalProperties", True)
        return {"additionalProperties": _convert(values, definitions, seen) if isinstance(values, dict) else values}
    if "prefixItems" in schema:
        items = [_convert(part, definitions, seen) for part in schema["prefixItems"]]
        return {"items": items, "additionalItems": False}
    if isinstance(schema.get("items"), dict):
        return {"items": _convert(schema["items"], definitions, seen)}
    return {}
