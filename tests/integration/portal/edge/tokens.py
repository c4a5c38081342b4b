"""What the fake APIs know of people and tokens, and the state that all of them share."""

import base64
import json
import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from shared.clock import Clock
from tests.integration.portal.edge.answers import LATER, RefusedError, archive_of_everything


class Tokens:
    """One customer, some of the staff, and unsigned tokens in the form of real ones."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.token_life = timedelta(minutes=5)
        self.away: set[str] = set()
        """Paths that begin with one of these are answered as the edge does when a service is away."""
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        """Method, path and headers of each request."""
        self.raw_paths: list[str] = []
        self.refreshes = 0
        self.people: dict[str, tuple[str, str, list[str]]] = {
            "ada@customers.example": ("acc_" + "a" * 26, "customer", []),
            "dora@staff.example": ("acc_" + "d" * 26, "staff", ["disclosure"]),
            "emil@staff.example": ("acc_" + "e" * 26, "staff", ["disclosure"]),
            "erin@staff.example": ("acc_" + "f" * 26, "staff", ["engineer"]),
            "sven@staff.example": ("acc_" + "s" * 26, "staff", ["support"]),
            "sina@staff.example": ("acc_" + "t" * 26, "staff", ["security"]),
        }
        self.sessions: dict[str, dict[str, Any]] = {}
        self.refresh_tokens: dict[str, str] = {}
        self.used: dict[str, tuple[str, datetime]] = {}
        """Refresh tokens that have worked: of which session, and when."""
        self.once: Counter[str] = Counter()
        self.app_passwords: list[dict[str, Any]] = []
        self.cards: list[dict[str, Any]] = []
        self.refunds: list[dict[str, Any]] = []
        self.sealed_cards: list[str] = []
        self.subscriptions: list[dict[str, Any]] = []
        self.cases: dict[str, dict[str, Any]] = {}
        self.agreements: list[dict[str, Any]] = []
        self.exports: dict[str, dict[str, Any]] = {}
        self.erasures: dict[str, dict[str, Any]] = {}
        self.verified: list[str] = []
        self.asked_to_join: list[dict[str, str]] = []
        self.left: list[str] = []
        self.takes_hosted = self.takes_direct = True
        self.entered_card: dict[str, Any] | None = None
        self.card_encryption: dict[str, Any] = {"keys": [], "stamp": "a stamp", "expires_at": LATER}
        self.confirmed_by: dict[str, str] = {}
        """Each token that was confirmed, with the credential of who did it."""
        self.requested_in_account = False
        self.asked_for_links: list[str] = []
        self.ended = 2
        self.archive = archive_of_everything()

    def _granted(self, session_id: str) -> dict[str, Any]:
        refresh_token = "ref_" + secrets.token_hex(6)
        self.refresh_tokens[refresh_token] = session_id
        session = self.sessions[session_id]
        claims = {
            **{name: session[name] for name in ("sub", "kind", "roles", "auth_time")},
            "sid": session_id,
            "exp": int((self.clock() + self.token_life).timestamp()),
        }
        token = f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.sig"
        return {"access_token": token, "token_type": "Bearer", "expires_in": 300, "refresh_token": refresh_token}

    def _session(self, request: web.Request) -> dict[str, Any] | None:
        claims: dict[str, Any] = json.loads(
            base64.urlsafe_b64decode(request.headers["Authorization"].split(".")[1] + "==")
        )
        return claims if claims["sid"] in self.sessions else None

    def _who(self, request: web.Request) -> dict[str, Any]:
        if "Authorization" not in request.headers:
            raise RefusedError(401, "auth.credentials.required", "Authentication is required")
        claims = self._session(request)
        assert claims is not None
        if datetime.fromtimestamp(claims["exp"], UTC) <= self.clock():
            raise RefusedError(401, "auth.access_token.expired", "The access token has expired")
        return claims

    def _staff(self, request: web.Request) -> dict[str, Any]:
        who = self._who(request)
        if who["kind"] != "staff":
            raise RefusedError(403, "auth.access.forbidden", "Your credential does not allow this")
        return who

    def _once(self, request: web.Request) -> None:
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            raise RefusedError(400, "idempotency.key.missing", "An Idempotency-Key is required")
        self.once[key] += 1
