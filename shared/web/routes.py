"""Typed routes: a path, a handler whose annotations declare its inputs and reply, and the access rules.

    post("/v1/payments/cards", api.store_card, access=customer(), status=201, idempotent=True, errors=(DeclinedError,))

    async def store_card(self, call: RequestContext, body: CardCreate) -> CardView:
        '''Store a card; only its last four digits and its expiry are stored in the clear.'''

A handler takes ``call`` and any of ``body`` (JSON), ``form``, ``query``. It returns a View, None (204), or a
web.Response, whose content ``replies`` then describes. Its docstring is its text in the API reference.
"""

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from types import NoneType
from typing import Any, get_type_hints

from aiohttp import web
from pydantic import BaseModel

from shared.errors import ServiceError
from shared.web.access import Access
from shared.web.cors import OriginRule
from shared.web.models import FormBody, JsonBody, Query
from shared.web.problems import ErrorMembers
from shared.web.rate_limits import RateLimit

RouteHandler = Callable[..., Awaitable[BaseModel | web.StreamResponse | None]]
MEBIBYTE = 1024 * 1024
_INPUTS: dict[str, type[BaseModel]] = {"body": JsonBody, "form": FormBody, "query": Query}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation of a service."""

    method: str
    path: str
    handler: RouteHandler
    access: Access
    status: int
    idempotent: bool
    single_commit: bool
    """Whether the handler defers its writes, so that they and the reply are one transaction (``single_commit.py``)."""
    store_reply: bool
    """False for a reply that shows a secret: it is never stored, and a retry with the same key is rejected."""
    summary: str
    description: str
    errors: tuple[type[ServiceError], ...]
    limit: RateLimit | None
    body_limit: int
    inputs: dict[str, type[BaseModel]]
    error_members: ErrorMembers | None
    """What another standard requires in the errors of this route, such as ``error`` (RFC 6749, section 5.2)."""
    origins: OriginRule | None
    """Pages of which origins may call this route; None: those of CANDOR_CORS_ORIGINS."""
    replies: type[BaseModel] | str | None
    """The View of the reply, the media type of a reply that is not JSON, or None for no content."""

    @property
    def name(self) -> str:
        """The name of the handler; the API reference derives the operationId from it."""
        return self.handler.__name__

    @property
    def path_variables(self) -> list[str]:
        """The names of the path parameters."""
        return re.findall(r"{(\w+)", self.path)


def route(  # noqa: PLR0913 -- the options of a route, each with a default
    method: str,
    path: str,
    handler: RouteHandler,
    /,
    *,
    access: Access,
    status: int | None = None,
    idempotent: bool = False,
    single_commit: bool = False,
    store_reply: bool = True,
    summary: str | None = None,
    errors: tuple[type[ServiceError], ...] = (),
    limit: RateLimit | None = None,
    body_limit: int = MEBIBYTE,
    error_members: ErrorMembers | None = None,
    origins: OriginRule | None = None,
    replies: type[BaseModel] | str | None = None,
) -> Route:
    """Return the route; ValueError when the handler lacks a docstring or annotations."""
    where = f"{method} {path}"
    doc = inspect.getdoc(handler) or ""
    title = summary or doc.partition("\n")[0].rstrip(".")
    if not title:
        raise ValueError(f"{where}: give {handler.__name__} a docstring: its first line is the API's summary of it")
    returned, inputs = _inspect_handler(where, handler)
    reply = replies or (returned if returned and issubclass(returned, BaseModel) else None)
    return Route(
        method=method,
        path=path,
        handler=handler,
        access=access,
        status=status or (204 if returned is NoneType and reply is None else 200),
        idempotent=idempotent or single_commit,
        single_commit=single_commit,
        store_reply=store_reply,
        summary=title,
        description=doc.partition("\n")[2].strip(),
        errors=errors,
        limit=limit,
        body_limit=body_limit,
        error_members=error_members,
        origins=origins,
        inputs=inputs,
        replies=reply,
    )


get = partial(route, "GET")
post = partial(route, "POST")
put = partial(route, "PUT")
patch = partial(route, "PATCH")
delete = partial(route, "DELETE")


def _inspect_handler(where: str, handler: RouteHandler) -> tuple[Any, dict[str, type[BaseModel]]]:
    hints = get_type_hints(handler)
    returned = hints.pop("return", None)
    hints.pop("call", None)
    hints.pop("_call", None)  # if the handler does not use it
    for name, hint in hints.items():
        base = _INPUTS.get(name)
        if base is None or not issubclass(hint, base):
            raise ValueError(
                f"{where}: {handler.__name__} takes call, body, form, query (of that base); not {name}: {hint}"
            )
    if not inspect.isclass(returned) and getattr(returned, "__origin__", None) is None:
        raise ValueError(f"{where}: annotate what {handler.__name__} returns: a View, None or web.Response")
    return returned, hints
