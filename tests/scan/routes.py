"""A card number in every place of every route: path, query, headers, body, as each kind of caller."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.demo.world import Person
from tests.scan.client import CardClient

HEADERS = ("User-Agent", "Referer", "Idempotency-Key", "Cookie", "X-Request-Id", "traceparent", "X-Forwarded-For")
HARMFUL = re.compile(r"erasure|logout|password|/sessions|legal-hold|staff/.*/(disable|roles)", re.IGNORECASE)
"""Routes that would end the work of the caller; they get numbers without a credential only."""
MAX_DEPTH = 5
_METHODS = ("get", "post", "put", "patch", "delete")


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield method, path and description of each operation."""
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield method.upper(), path, methods[method]


def filled(schema: Any, number: str, document: Mapping[str, Any], depth: int = 0) -> Any:
    """Return a value of *schema* with the number wherever something can be typed."""
    schema = _resolved(schema, document)
    kind = schema.get("type")
    if depth > MAX_DEPTH:
        return number
    if kind == "object":
        return {name: filled(one, number, document, depth + 1) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [filled(schema.get("items", {}), number, document, depth + 1)]
    return {"integer": int(number), "number": int(number), "boolean": True}.get(kind, number)


def _resolved(schema: Any, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references, and take the first of several forms."""
    while isinstance(schema, dict):
        forms = next((schema[name] for name in ("anyOf", "oneOf", "allOf") if name in schema), None)
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif forms:
            schema = forms[0]
        else:
            return schema
    return {}


async def send_through_routes(client: CardClient, by: Person | None) -> None:
    """Send a number through each operation of the API reference, as one caller."""
    _, content = await client.send("GET", "/openapi.json")
    document = json.loads(content)
    for method, path, operation in operations(document):
        if by is None or not HARMFUL.search(path):
            await _send_through(client, method, path, operation, by=by, document=document)


async def _send_through(
    client: CardClient,
    method: str,
    path: str,
    operation: Mapping[str, Any],
    *,
    by: Person | None,
    document: Mapping[str, Any],
) -> None:
    has_path, body = "{" in path, _body_schema(operation)
    plain = re.sub(r"\{[^}]+\}", "x" * 26, path)
    if has_path:
        await client.send(method, re.sub(r"\{[^}]+\}", lambda _: client.number, path), by=by)
    if method == "GET":
        names = [one["name"] for one in operation.get("parameters", ()) if one.get("in") == "query"] or ["card"]
        await client.send(method, f"{plain}?{'&'.join(f'{name}={client.number}' for name in names)}", by=by)
    if body is not None:
        media, schema = body
        whole = filled(schema, client.number, document)
        if "json" in media:
            await client.send(method, plain, by=by, json=whole)
            await client.send(method, plain, by=by, json={"card": client.number, client.number: int(client.number)})
            await client.send(
                method, plain, by=by, data=f'{{"number": "{client.number}"', headers={"Content-Type": media}
            )
        else:
            await client.send(method, plain, by=by, data={"card": client.number, **_flat(whole)})
    if by is None:
        for name in HEADERS:
            await client.send(method, plain, headers={name: client.number})
        await client.send(method, plain, headers={"Authorization": f"Bearer {client.number}"})


def _body_schema(operation: Mapping[str, Any]) -> tuple[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    return next(((media, one.get("schema", {})) for media, one in content.items()), None)


def _flat(value: Any) -> dict[str, str]:
    return {name: str(one) for name, one in value.items()} if isinstance(value, dict) else {}
