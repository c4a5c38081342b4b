"""The shapes that all APIs share: a refusal, a problem, a document about an API, an archive."""

import io
import json
import secrets
import zipfile
from typing import Any

from aiohttp import web

from shared.registry import get_registry

SERVICES = get_registry().with_api
PASSWORD = "a long enough pass phrase"
LATER = "2028-01-04T12:00:00.000Z"
THEN = "2027-01-04T12:00:00.000Z"


class RefusedError(Exception):
    """A refusal as the services give it."""

    def __init__(self, status: int, code: str, title: str, *, field: str = "") -> None:
        super().__init__(code)
        self.response = problem(status, code, title, field=field)


def problem(status: int, code: str, title: str, *, field: str = "", retry_after: int = 0) -> web.Response:
    """Return a problem (RFC 9457) with all members that the harness gives."""
    fields = [{"field": field, "code": "refused", "message": f"Please check {field}."}] if field else []
    body = {
        "type": f"http://edge.example/docs/errors/{code}",
        "title": title,
        "status": status,
        "detail": title,
        "code": code,
        "remedy": "Do it right.",
        "fields": fields,
        "instance": "req_1",
    }
    return web.Response(
        status=status,
        body=json.dumps(body).encode(),
        content_type="application/problem+json",
        headers={"Retry-After": str(retry_after)} if retry_after else {},
    )


def found(rows: dict[str, dict[str, Any]], request: web.Request) -> dict[str, Any]:
    if request.match_info["id"] not in rows:
        raise RefusedError(404, "core.resource.not_found", "The resource was not found")
    return rows[request.match_info["id"]]


def times() -> dict[str, str]:
    return {"created_at": THEN, "last_seen_at": THEN}


def archive_of_everything() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for service in SERVICES:
            archive.writestr(f"{service}/data.json", json.dumps({"service": service}))
        archive.writestr("sync/large.bin", secrets.token_bytes(300_000))
    return content.getvalue()


def openapi(service: str) -> dict[str, Any]:
    thing = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "What it is <i>called</i>."},
            "kind": {"$ref": "#/components/schemas/Kind"},
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
            "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        },
        "required": ["name"],
    }
    made = {
        "description": "A thing.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
    }
    operation = {
        "operationId": f"{service}.makeThing",
        "tags": [service],
        "summary": "Make a thing",
        "description": "For customer.",
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}},
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
        },
        "responses": {"201": made, "default": {"description": "Any other refusal."}},
        "security": [{"access_token": []}],
    }
    return {
        "openapi": "3.1.1",
        "info": {"title": service, "version": "1"},
        "paths": {f"/v1/{service}/things/{{id}}": {"post": operation}},
        "components": {"schemas": {"Thing": thing, "Kind": {"type": "string", "enum": ["big", "small"]}}},
    }
