"""The API reference of a service as OpenAPI 3.1, generated from its routes."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from openapi_pydantic import OpenAPI
from openapi_pydantic.util import PydanticSchema, construct_open_api_with_schema_class
from pydantic import BaseModel

from shared.errors import ServiceError
from shared.web.errors import IdempotencyKeyMissingError
from shared.web.models import View
from shared.web.problems import PROBLEM_MEDIA_TYPE
from shared.web.routes import Route

_JSON_TYPE = "application/json"
_FORM_TYPE = "application/x-www-form-urlencoded"


class FieldProblemView(View):
    """One invalid field."""

    field: str
    code: str
    message: str


class ProblemDetails(View):
    """The format of every error (RFC 9457); *code* is stable, *type* links to its documentation."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str
    fields: list[FieldProblemView]
    instance: str


def build_openapi(service: str, routes: Iterable[Route]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of *routes*, ready for JSON."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(re.sub(r"{(\w+):[^}]*}", r"{\1}", route.path), {})[route.method.lower()] = _build_operation(
            service, route
        )
    described = OpenAPI.model_validate(
        {
            "openapi": "3.1.1",
            "info": {"title": f"Candor: {service}", "version": "1", "license": {"name": "Apache-2.0"}},
            "paths": paths,
            "components": {"securitySchemes": {"access_token": {"type": "http", "scheme": "bearer"}}},
            "tags": [{"name": service}],
        }
    )
    document = construct_open_api_with_schema_class(described)
    return document.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)


def merge_openapi(documents: Mapping[str, Mapping[str, Any]], *, title: str, server: str) -> dict[str, Any]:
    """Return one document for all services; schema names are prefixed with the service to avoid collisions."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for service, document in sorted(documents.items()):
        own = json.loads(json.dumps(document).replace("#/components/schemas/", f"#/components/schemas/{service}."))
        paths |= own.get("paths", {})
        schemas |= {f"{service}.{name}": schema for name, schema in own["components"].get("schemas", {}).items()}
    return {
        "openapi": "3.1.1",
        "info": {"title": title, "version": "1", "license": {"name": "Apache-2.0"}},
        "servers": [{"url": server}],
        "tags": [{"name": service} for service in sorted(documents)],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"access_token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _build_operation(service: str, route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{service}.{_camel_case(route.name)}",
        "tags": [service],
        "summary": route.summary,
        "description": "\n\n".join(part for part in (route.description, f"For {route.access}.") if part),
        "parameters": _build_parameters(route),
        "responses": _build_responses(route),
    }
    for name, media in (("body", _JSON_TYPE), ("form", _FORM_TYPE)):
        if model := route.inputs.get(name):
            operation["requestBody"] = {"required": True, "content": {media: {"schema": _schema_reference(model)}}}
    if not route.access.public:
        operation["security"] = [{"access_token": []}]
    return operation


def _build_parameters(route: Route) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in route.path_variables
    ]
    if query := route.inputs.get("query"):
        schema = query.model_json_schema()
        required_names = set(schema.get("required", ()))
        parameters += [
            {"name": name, "in": "query", "required": name in required_names, "schema": part}
            for name, part in schema.get("properties", {}).items()
        ]
    if route.idempotent:
        description = "A retry with the same key has no second effect and gets the same reply."
        key = {"type": "string", "maxLength": 255}
        parameters.append(
            {"name": "Idempotency-Key", "in": "header", "required": True, "description": description, "schema": key}
        )
    return parameters


def _build_responses(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {str(route.status): _success_response(route)}
    errors_by_status: dict[int, list[str]] = {}
    own: tuple[type[ServiceError], ...] = (IdempotencyKeyMissingError,) if route.idempotent else ()
    for error in (*route.errors, *own):
        errors_by_status.setdefault(error.status, []).append(f"`{error.code}`: {error.get_title()}.")
    content = {PROBLEM_MEDIA_TYPE: {"schema": _schema_reference(ProblemDetails)}}
    for status, descriptions in sorted(errors_by_status.items()):
        responses[str(status)] = {"description": " ".join(descriptions), "content": content}
    responses["default"] = {"description": "Any other error of the API.", "content": content}
    return responses


def _success_response(route: Route) -> dict[str, Any]:
    if route.replies is None:
        return {"description": "Done."}
    if isinstance(route.replies, str):
        return {"description": route.summary, "content": {route.replies: {}}}
    return {
        "description": _first_line(route.replies),
        "content": {_JSON_TYPE: {"schema": _schema_reference(route.replies)}},
    }


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or model.__name__).strip().partition("\n")[0]


def _schema_reference(model: type[BaseModel]) -> PydanticSchema[BaseModel]:
    return PydanticSchema[BaseModel].model_validate({"schema_class": model})
