"""An OpenAPI document as people read it: operations by service, with parameters, bodies, answers, an example."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
_DEEPEST = 6
_BY_TYPE: Mapping[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "null": None, "object": {}}
_BY_FORMAT = {"date-time": "2027-01-04T12:00:00.000Z", "date": "2027-01-04", "email": "ada@customers.example"}

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a body, a reply or an address."""

    name: str
    kind: str
    needed: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of an operation."""

    status: str
    said: str
    media: str
    fields: tuple[Field, ...]
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation: a method and a path."""

    id: str
    method: str
    path: str
    summary: str
    said: str
    needs_token: bool
    parameters: tuple[tuple[str, Field], ...]
    """Where each is (path, query, header), and the parameter."""
    media: str
    body: tuple[Field, ...]
    replies: tuple[Reply, ...]
    curl: str


def by_service(document: Json) -> dict[str, tuple[Operation, ...]]:
    """Return the operations of each service, in the order of their paths."""
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in document.get("tags", ())}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                raw = operations[method]
                found.setdefault(raw["tags"][0], []).append(_operation(document, method, path, raw))
    return {service: tuple(inside) for service, inside in found.items()}


def _operation(document: Json, method: str, path: str, raw: Json) -> Operation:
    parameters = tuple((each["in"], _parameter(document, each)) for each in raw.get("parameters", ()))
    media, schema = _content(raw.get("requestBody", {}))
    return Operation(
        id=raw["operationId"],
        method=method.upper(),
        path=path,
        summary=raw["summary"],
        said=raw.get("description", ""),
        needs_token=bool(raw.get("security")),
        parameters=parameters,
        media=media,
        body=tuple(_fields(document, schema)),
        replies=tuple(_reply(document, status, reply) for status, reply in raw["responses"].items()),
        curl=_curl(document, method, path, raw),
    )


def _parameter(document: Json, raw: Json) -> Field:
    said = raw.get("description") or raw.get("schema", {}).get("description", "")
    return Field(
        name=raw["name"], kind=kind(document, raw.get("schema", {})), needed=bool(raw.get("required")), said=said
    )


def _reply(document: Json, status: str, raw: Json) -> Reply:
    media, schema = _content(raw)
    shown = "json" in media and "problem" not in media and bool(schema)
    return Reply(
        status=status,
        said=raw["description"],
        media=media,
        fields=tuple(_fields(document, schema)) if shown else (),
        example=_pretty(example(document, schema)) if shown else "",
    )


def _content(raw: Json) -> tuple[str, Json]:
    for media, content in raw.get("content", {}).items():
        return media, content.get("schema", {})
    return "", {}


def _fields(document: Json, schema: Json) -> Iterator[Field]:
    whole = _resolved(document, schema)
    needed = set(whole.get("required", ()))
    for name, part in whole.get("properties", {}).items():
        yield Field(name=name, kind=kind(document, part), needed=name in needed, said=_said(document, part))


def _said(document: Json, schema: Json) -> str:
    about = schema.get("description", "")
    if "enum" in (whole := _resolved(document, schema)):
        about = f"{about} One of {', '.join(map(str, whole['enum']))}.".strip()
    return str(about)


def kind(document: Json, schema: Json) -> str:
    """Return the type of *schema* in words: ``string``, ``array of integer``, ``string or null``."""
    whole = _resolved(document, schema)
    if choices := whole.get("anyOf") or whole.get("oneOf"):
        return " or ".join(dict.fromkeys(kind(document, each) for each in choices))
    if whole.get("type") == "array":
        return f"array of {kind(document, whole.get('items', {}))}"
    return str(whole.get("type") or ("enum" if "enum" in whole else "const" if "const" in whole else "any"))


def example(document: Json, schema: Json, *, deep: int = 0) -> Any:
    """Return a value of the shape of *schema*; what goes deeper than some levels is left out."""
    whole = _resolved(document, schema)
    for given in ("const", "default"):
        if whole.get(given) is not None:
            return whole[given]
    if listed := whole.get("examples") or whole.get("enum"):
        return listed[0]
    if choices := whole.get("anyOf") or whole.get("oneOf"):
        return example(document, choices[0], deep=deep)
    if deep > _DEEPEST:
        return None
    return _made_up(document, whole, deep)


def _made_up(document: Json, whole: Json, deep: int) -> Any:
    if "properties" in whole:
        return {name: example(document, part, deep=deep + 1) for name, part in whole["properties"].items()}
    if whole.get("type") == "array":
        return [example(document, whole.get("items", {}), deep=deep + 1)]
    if whole.get("type") == "string":
        return _BY_FORMAT.get(whole.get("format", ""), "…")
    return _BY_TYPE.get(str(whole.get("type")))


def _resolved(document: Json, schema: Json) -> Json:
    seen = 0
    while "$ref" in schema and seen < _DEEPEST:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        schema = document["components"]["schemas"].get(name, {})
        seen += 1
    return schema


def _curl(document: Json, method: str, path: str, raw: Json) -> str:
    server = document["servers"][0]["url"]
    lines = [f"curl {'' if method == 'get' else f'-X {method.upper()} '}'{server}{path}'"]
    if raw.get("security"):
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if any(each["name"] == "Idempotency-Key" for each in raw.get("parameters", ())):
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    media, schema = _content(raw.get("requestBody", {}))
    if media == "application/json":
        sent = json.dumps(example(document, schema), ensure_ascii=False).replace("'", "'\\''")
        lines += ["-H 'Content-Type: application/json'", f"-d '{sent}'"]
    elif media:
        fields = example(document, schema)
        lines += [f"--data-urlencode '{name}={value}'" for name, value in (fields or {}).items()]
    return " \\\n  ".join(lines)


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
