"""What identity does for the staff, as far as the console needs it: acts, holds, open requests, reports."""

from typing import Any

from aiohttp import web

from services.portal.domain.console import ADMIN_ACTIONS
from tests.integration.portal.edge.answers import LATER, THEN, RefusedError
from tests.integration.portal.edge.tokens import Tokens

_FULL = ("account_id", "needs_second_person", "hold_scope", "hold_until", "erasure_id")
ENTRIES = ("text", "email", "account_id", "answer")


class Console(Tokens):
    """Acts of two people; reports that are opened on record."""

    acts: dict[str, dict[str, Any]]
    reports: dict[str, dict[str, Any]]
    requests: list[dict[str, Any]]
    looks: list[str]
    """What was opened on record."""

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, with nothing in them yet."""
        self.acts, self.reports, self.requests, self.looks = {}, {}, [], []
        return [
            web.post("/v1/identity/admin-actions", self.ask),
            web.get("/v1/identity/admin-actions", self.list_acts),
            web.get("/v1/identity/admin-actions/{id}", self.read_act),
            web.post("/v1/identity/admin-actions/{id}/approvals", self.allow),
            web.post("/v1/identity/admin-actions/{id}/rejections", self.refuse),
            web.get("/v1/identity/legal-holds", self.list_holds),
            web.get("/v1/identity/privacy-requests", self.open_requests),
            web.get("/v1/identity/abuse-reports", self.list_reports),
            web.get("/v1/identity/abuse-reports/{id}", self.report),
            web.get("/v1/identity/abuse-reports/{id}/contents", self.contents),
            web.post("/v1/identity/abuse-reports/{id}/answers", self.answer),
            web.post("/v1/identity/abuse-reports/{id}/closures", self.close),
        ]

    def written(self, report_id: str, text: str, **more: Any) -> None:
        """Report misuse as a stranger."""
        made = {
            "report_id": report_id,
            "kind": "security_problem",
            "state": "open",
            "pgp_encrypted": False,
            "is_overdue": False,
        }
        times = {"created_at": THEN, "answer_due_at": LATER, "answered_at": None, "closed_at": None}
        self.reports[report_id] = {**made, **times, "text": text, "email": None, "account_id": None, "answer": None}
        self.reports[report_id] |= more

    async def ask(self, request: web.Request) -> web.Response:
        by = self._colleague(request, "support", "disclosure", "security", "admin")
        self._once(request)
        body = await request.json()
        rule = ADMIN_ACTIONS[body["kind"]]
        if not rule.requesters & set(by["roles"]):
            raise RefusedError(403, "identity.admin_action.forbidden", "Your role does not allow this act")
        if "@" in body["reason"]:
            raise RefusedError(422, "identity.reason.invalid", "The reason must not hold an address", field="reason")
        if rule.needs_verification and not body.get("verification"):
            raise RefusedError(422, "http.request.invalid", "The request contains invalid values", field="verification")
        admin_action_id, state = f"act_{len(self.acts) + 1}", "pending" if rule.approvers else "completed"
        self.acts[admin_action_id] = {
            "admin_action_id": admin_action_id,
            "state": state,
            "requested_by": by["sub"],
            "requested_at": THEN,
            "expires_at": LATER,
            "completed_by": None,
            "completed_at": None,
            "verification": None,
            "hold_scope": None,
            "hold_until": None,
            "needs_second_person": bool(rule.approvers),
            "erasure_id": None,
            "new_email": None,
            **body,
        }
        return web.json_response(self.acts[admin_action_id], status=201)

    async def list_acts(self, request: web.Request) -> web.Response:
        self._colleague(request, "support", "disclosure", "security", "admin")
        wanted = [act for act in self.acts.values() if act["state"] == request.query["state"]]
        items = [{name: value for name, value in act.items() if name not in (*_FULL, "new_email")} for act in wanted]
        return web.json_response({"items": items, "next_cursor": None})

    async def read_act(self, request: web.Request) -> web.Response:
        self._colleague(request, "support", "disclosure", "security", "admin")
        act = self._found(self.acts, request)
        self.looks.append(act["admin_action_id"])
        return web.json_response(act)

    async def allow(self, request: web.Request) -> web.Response:
        return self._settle(request, "completed", by_asker=False)

    async def refuse(self, request: web.Request) -> web.Response:
        return self._settle(request, "rejected", by_asker=True)

    async def list_holds(self, request: web.Request) -> web.Response:
        self._colleague(request, "support", "disclosure", "security", "admin")
        held = [act for act in self.acts.values() if act["kind"] == "place_hold" and act["state"] == "completed"]
        items = [
            {"scope": act["hold_scope"], "started_at": THEN, "until": act["hold_until"]}
            | {name: act[name] for name in ("admin_action_id", "reason")}
            for act in held
        ]
        return web.json_response({"items": items, "next_cursor": None})

    async def open_requests(self, request: web.Request) -> web.Response:
        self._colleague(request, "support", "disclosure", "security", "admin")
        return web.json_response({"items": self.requests})

    async def list_reports(self, request: web.Request) -> web.Response:
        self._colleague(request, "support", "security", "admin")
        wanted = [one for one in self.reports.values() if one["state"] == request.query["state"]]
        items = [{name: value for name, value in one.items() if name not in ENTRIES} for one in wanted]
        return web.json_response({"items": items, "next_cursor": None})

    async def report(self, request: web.Request) -> web.Response:
        names = ("report_id", "kind", "state", "created_at", "answer_due_at", "answered_at", "answer")
        return web.json_response({name: self._found(self.reports, request)[name] for name in names})

    async def contents(self, request: web.Request) -> web.Response:
        self._colleague(request, "support", "security", "admin")
        found = self._found(self.reports, request)
        self.looks.append(found["report_id"])
        return web.json_response({name: value for name, value in found.items() if name != "answer"})

    async def answer(self, request: web.Request) -> web.Response:
        self._colleague(request, "support", "security", "admin")
        self._once(request)
        found, text = self._found(self.reports, request), (await request.json())["text"]
        if not text:
            raise RefusedError(422, "http.request.invalid", "The request contains invalid values", field="text")
        if found["state"] != "open":
            raise RefusedError(409, "identity.abuse_report.not_open", "The report is not in a state that allows this")
        found |= {"state": "answered", "answered_at": THEN, "answer": text}
        return web.json_response({}, status=201)

    async def close(self, request: web.Request) -> web.Response:
        self._colleague(request, "support", "security", "admin")
        self._once(request)
        self._found(self.reports, request).update(state="closed", closed_at=THEN)
        return web.json_response({})

    def _settle(self, request: web.Request, state: str, *, by_asker: bool) -> web.Response:
        by, act = self._staff(request), self._found(self.acts, request)
        self._once(request)
        own = act["requested_by"] == by["sub"]
        if not (own and by_asker) and not ADMIN_ACTIONS[act["kind"]].approvers & set(by["roles"]):
            raise RefusedError(403, "identity.admin_action.forbidden", "Your role does not allow this act")
        if own and not by_asker:
            raise RefusedError(409, "auth.second_person.required", "The person who asked for an act cannot allow it")
        if act["state"] != "pending":
            raise RefusedError(409, "identity.admin_action.not_pending", "The act is settled, or has expired")
        act |= {"state": state, "completed_by": by["sub"], "completed_at": THEN, "needs_second_person": False}
        return web.json_response(act)

    def _colleague(self, request: web.Request, *roles: str) -> dict[str, Any]:
        who = self._staff(request)
        if not set(roles) & set(who["roles"]):
            raise RefusedError(403, "auth.access.forbidden", "Your credential does not allow this")
        return who

    def _found(self, rows: dict[str, dict[str, Any]], request: web.Request) -> dict[str, Any]:
        if request.match_info["id"] not in rows:
            raise RefusedError(404, "core.resource.not_found", "The resource was not found")
        return rows[request.match_info["id"]]
