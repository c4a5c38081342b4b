"""HTTP in and out: typed routes that are also their own API reference, problem+json for every error, checked tokens.

Route ── Endpoint: admit → count → read → call → render
edge (the outermost middleware): request id, span, measurement, refusals as RFC 9457
"""

from shared.web.access import ANONYMOUS, PUBLIC, Access, Principal, customer, partner, staff
from shared.web.app import build_app
from shared.web.body import chunks_of, read_body
from shared.web.call import Call, client_address
from shared.web.edge import any_encoding
from shared.web.endpoint import rendered
from shared.web.health import Health
from shared.web.idempotency import IdempotencyRow, Replays
from shared.web.limits import RateLimit
from shared.web.models import Body, Form, Query, View
from shared.web.openapi import merged, openapi
from shared.web.pages import Page, PageQuery, Pages
from shared.web.problems import PROBLEM_TYPE, Problems
from shared.web.protocol import Runner
from shared.web.routes import Route, delete, get, patch, post, put
from shared.web.tokens import Trust, Verifier, issue
from shared.web.trust import AskedTrust, public_keys

DOCUMENTS = (IdempotencyRow,)
"""What a service prepares in its own database to use this package."""

__all__ = [
    "ANONYMOUS",
    "DOCUMENTS",
    "PROBLEM_TYPE",
    "PUBLIC",
    "Access",
    "AskedTrust",
    "Body",
    "Call",
    "Form",
    "Health",
    "IdempotencyRow",
    "Page",
    "PageQuery",
    "Pages",
    "Principal",
    "Problems",
    "Query",
    "RateLimit",
    "Replays",
    "Route",
    "Runner",
    "Trust",
    "Verifier",
    "View",
    "any_encoding",
    "build_app",
    "chunks_of",
    "client_address",
    "customer",
    "delete",
    "get",
    "issue",
    "merged",
    "openapi",
    "partner",
    "patch",
    "post",
    "public_keys",
    "put",
    "read_body",
    "rendered",
    "staff",
]
