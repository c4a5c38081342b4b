"""Base models of requests and replies: no extra fields, frozen, strict."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, WithJsonSchema


class JsonBody(BaseModel):
    """A JSON request body: unknown fields and other types than declared are rejected."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Query(BaseModel):
    """The query string: unknown and repeated names are rejected; values are converted to the declared type."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FormBody(BaseModel):
    """A form body (urlencoded or multipart, without files): unknown and repeated names are rejected."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Timestamp = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time of a reply as RFC 3339 in UTC (``shared.clock.rfc3339``)."""


class View(BaseModel):
    """A JSON reply, limited to the declared fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
