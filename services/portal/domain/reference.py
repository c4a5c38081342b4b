"""Prepares an OpenAPI document for the reference pages."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
_MAX_DEPTH = 6
_EXAMPLE_BY_TYPE: Mapping[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "null": None, "object": {}}
_EXAMPLE_BY_FORMAT = {"date-time": "2027-01-04T12:00:00.000Z", "date": "2027-01-04", "email": "ada@customers.example"}

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDoc:
    """A field of a body, or a parameter."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseDoc:
    """A response of an operation."""

    status: str
    description: str
    media_type: str
    fields: tuple[FieldDoc, ...]
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationDoc:
    """An operation: a method and a path."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    needs_token: bool
    parameters: tuple[tuple[str, FieldDoc], ...]
    """Location (path, query, header) and parameter."""
    media_type: str
    body: tuple[FieldDoc, ...]
    responses: tuple[ResponseDoc, ...]
    curl: str


def group_by_service(document: Json) -> dict[str, tuple[OperationDoc, ...]]:
    """Return the operations of each service, in the order of their paths."""
    found: dict[str, list[OperationDoc]] = {tag["name"]: [] for tag in document.get("tags", ())}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                raw = operations[method]
                found.setdefault(raw["tags"][0], []).append(_parse_operation(document, method, path, raw))
    return {service: tuple(inside) for service, inside in found.items()}


def _parse_operation(document: Json, method: str, path: str, raw: Json) -> OperationDoc:
    parameters = tuple((each["in"], _parse_parameter(document, each)) for each in raw.get("parameters", ()))
    media, schema = _parse_content(raw.get("requestBody", {}))
    return OperationDoc(
        id=raw["operationId"],
        method=method.upper(),
        path=path,
        summary=raw["summary"],
        description=raw.get("description", ""),
        needs_token=bool(raw.get("security")),
        parameters=parameters,
        media_type=media,
        body=tuple(_parse_fields(document, schema)),
        responses=tuple(_parse_response(document, status, reply) for status, reply in raw["responses"].items()),
        curl=_build_curl(document, method, path, raw),
    )


def _parse_parameter(document: Json, raw: Json) -> FieldDoc:
    description = raw.get("description") or raw.get("schema", {}).get("description", "")
    return FieldDoc(
        name=raw["name"],
        kind=describe_type(document, raw.get("schema", {})),
        required=bool(raw.get("required")),
        description=description,
    )


def _parse_response(document: Json, status: str, raw: Json) -> ResponseDoc:
    media, schema = _parse_content(raw)
    is_json = "json" in media and "problem" not in media and bool(schema)
    return ResponseDoc(
        status=status,
        description=raw["description"],
        media_type=media,
        fields=tuple(_parse_fields(document, schema)) if is_json else (),
        example=_format_json(build_example(document, schema)) if is_json else "",
    )


def _parse_content(raw: Json) -> tuple[str, Json]:
    for media, content in raw.get("content", {}).items():
        return media, content.get("schema", {})
    return "", {}


def _parse_fields(document: Json, schema: Json) -> Iterator[FieldDoc]:
    whole = _resolve_ref(document, schema)
    needed = set(whole.get("required", ()))
    for name, part in whole.get("properties", {}).items():
        yield FieldDoc(
            name=name,
            kind=describe_type(document, part),
            required=name in needed,
            description=_describe_field(document, part),
        )


def _describe_field(document: Json, schema: Json) -> str:
    about = schema.get("description", "")
    if "enum" in (whole := _resolve_ref(document, schema)):
        about = f"{about} One of {', '.join(map(str, whole['enum']))}.".strip()
    return str(about)


def describe_type(document: Json, schema: Json) -> str:
    """Return the type of *schema* in words: ``string``, ``array of integer``, ``string or null``."""
    whole = _resolve_ref(document, schema)
    if choices := whole.get("anyOf") or whole.get("oneOf"):
        return " or ".join(dict.fromkeys(describe_type(document, each) for each in choices))
    if whole.get("type") == "array":
        return f"array of {describe_type(document, whole.get('items', {}))}"
    return str(whole.get("type") or ("enum" if "enum" in whole else "const" if "const" in whole else "any"))


def build_example(document: Json, schema: Json, *, depth: int = 0) -> Any:
    """Build an example value of *schema*; deeper levels are left out."""
    whole = _resolve_ref(document, schema)
    for keyword in ("const", "default"):
        if whole.get(keyword) is not None:
            return whole[keyword]
    if listed := whole.get("examples") or whole.get("enum"):
        return listed[0]
    if choices := whole.get("anyOf") or whole.get("oneOf"):
        return build_example(document, choices[0], depth=depth)
    if depth > _MAX_DEPTH:
        return None
    return _build_example_by_type(document, whole, depth)


def _build_example_by_type(document: Json, schema: Json, depth: int) -> Any:
    if "properties" in schema:
        return {name: build_example(document, part, depth=depth + 1) for name, part in schema["properties"].items()}
    if schema.get("type") == "array":
        return [build_example(document, schema.get("items", {}), depth=depth + 1)]
    if schema.get("type") == "string":
        return _EXAMPLE_BY_FORMAT.get(schema.get("format", ""), "…")
    return _EXAMPLE_BY_TYPE.get(str(schema.get("type")))


def _resolve_ref(document: Json, schema: Json) -> Json:
    depth = 0
    while "$ref" in schema and depth < _MAX_DEPTH:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        schema = document["components"]["schemas"].get(name, {})
        depth += 1
    return schema


def _build_curl(document: Json, method: str, path: str, raw: Json) -> str:
    server = document["servers"][0]["url"]
    lines = [f"curl {'' if method == 'get' else f'-X {method.upper()} '}'{server}{path}'"]
    if raw.get("security"):
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if any(each["name"] == "Idempotency-Key" for each in raw.get("parameters", ())):
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    media, schema = _parse_content(raw.get("requestBody", {}))
    if media == "application/json":
        sent = json.dumps(build_example(document, schema), ensure_ascii=False).replace("'", "'\\''")
        lines += ["-H 'Content-Type: application/json'", f"-d '{sent}'"]
    elif media:
        fields = build_example(document, schema)
        lines += [f"--data-urlencode '{name}={value}'" for name, value in (fields or {}).items()]
    return " \\\n  ".join(lines)


def _format_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
