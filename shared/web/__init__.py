"""The HTTP layer: typed routes that generate the API reference, problem+json errors, access tokens, idempotency.

Route ── Endpoint: authorize → rate limit → parse → handle → render
middleware (the outermost one): request id, span, metrics, errors as RFC 9457
"""

from shared.web.access import ANONYMOUS, PUBLIC, Access, Principal, customer, partner, staff
from shared.web.app import build_app
from shared.web.body import iter_body, read_body
from shared.web.context import RequestContext, client_address
from shared.web.endpoint import json_response
from shared.web.health import Health
from shared.web.idempotency import IdempotencyDocument, IdempotencyStore
from shared.web.jwks_cache import RemoteTokenTrust, parse_public_keys
from shared.web.middleware import accept_any_encoding
from shared.web.models import FormBody, JsonBody, Query, Timestamp, View
from shared.web.openapi import build_openapi, merge_openapi
from shared.web.pagination import CursorPage, PageQuery, Paginator
from shared.web.problems import PROBLEM_MEDIA_TYPE, ProblemRenderer
from shared.web.protocol import HttpRunner
from shared.web.rate_limits import RateLimit
from shared.web.routes import Route, delete, get, patch, post, put
from shared.web.texts import SAFE_LINE, SAFE_TEXT, OpaqueText
from shared.web.tokens import TokenTrust, TokenVerifier, issue_access_token

DOCUMENTS = (IdempotencyDocument,)
"""The collections that a service needs in its own database for this package."""

__all__ = [
    "ANONYMOUS",
    "DOCUMENTS",
    "PROBLEM_MEDIA_TYPE",
    "PUBLIC",
    "SAFE_LINE",
    "SAFE_TEXT",
    "Access",
    "CursorPage",
    "FormBody",
    "Health",
    "HttpRunner",
    "IdempotencyDocument",
    "IdempotencyStore",
    "JsonBody",
    "OpaqueText",
    "PageQuery",
    "Paginator",
    "Principal",
    "ProblemRenderer",
    "Query",
    "RateLimit",
    "RemoteTokenTrust",
    "RequestContext",
    "Route",
    "Timestamp",
    "TokenTrust",
    "TokenVerifier",
    "View",
    "accept_any_encoding",
    "build_app",
    "build_openapi",
    "client_address",
    "customer",
    "delete",
    "get",
    "issue_access_token",
    "iter_body",
    "json_response",
    "merge_openapi",
    "parse_public_keys",
    "partner",
    "patch",
    "post",
    "put",
    "read_body",
    "staff",
]
