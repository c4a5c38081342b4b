"""Disclosure, as far as pages need it."""

from aiohttp import web

from shared.policy import PROMISES
from tests.integration.portal.edge.answers import THEN, RefusedError, found
from tests.integration.portal.edge.tokens import Tokens


class Disclosure(Tokens):
    """The board, the ledger, cases and agreements."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/disclosure/policy", self.policy),
            web.get("/v1/disclosure/promises", self.promises),
            web.get("/v1/disclosure/transparency", self.transparency),
            web.get("/v1/disclosure/ledger/mine", self.ledger),
            web.get("/v1/disclosure/cases", self.list_cases),
            web.post("/v1/disclosure/cases", self.open_case),
            web.get("/v1/disclosure/cases/{id}", self.case),
            web.post("/v1/disclosure/cases/{id}/approvals", self.approve),
            web.get("/v1/disclosure/agreements", self.list_agreements),
            web.post("/v1/disclosure/agreements", self.agree),
            web.post("/v1/disclosure/agreements/{id}/end", self.end_agreement),
        ]

    async def policy(self, _: web.Request) -> web.Response:
        clauses = [{"id": p.id, "section": p.section, "clause": p.clause} for p in PROMISES]
        return web.json_response(
            {
                "version": 1,
                "effective_at": "2026-11-24",
                "jurisdiction": "United States",
                "purposes": ["account", "sync", "billing"],
                "clauses": clauses,
            }
        )

    async def transparency(self, _: web.Request) -> web.Response:
        few, some = {"at_least": 0, "at_most": 4}, {"at_least": 1005, "at_most": 1009}
        counts = {"cases": few, "accounts": some, "relayed": some, "failed": few}
        grounds = [{"ground": ground, **counts} for ground in ("law", "rights", "emergency")]
        return web.json_response(
            {"bucket_size": 5, "note": "Steps of five.", "years": [{"year": 2027, "grounds": grounds}]}
        )

    async def promises(self, _: web.Request) -> web.Response:
        states = {"C18": "kept", "C03": "broken"}
        items = []
        for promise in PROMISES:
            state = states.get(promise.id, "unknown")
            looks = [
                {
                    "service": promise.owners[0],
                    "state": state,
                    "sample_size": 812,
                    "evidence": f"looked for {promise.id}",
                    "checked_at": THEN,
                }
            ]
            seen = state != "unknown"
            items.append(
                {
                    "id": promise.id,
                    "section": promise.section,
                    "clause": promise.clause,
                    "owner": promise.owners_text,
                    "state": state,
                    "evidence": f"looked for {promise.id}" if seen else "",
                    "sample_size": 812 if seen else 0,
                    "checked_at": THEN if seen else None,
                    "coverage_gap": promise.coverage_gap,
                    "services": looks if seen else [],
                }
            )
        return web.json_response({"items": items, "summary": {"kept": 1, "broken": 1, "unknown": 29}})

    async def ledger(self, request: web.Request) -> web.Response:
        self._who(request)
        entry = {
            "entry_id": "led_1",
            "recipient_kind": "legal",
            "recipient_id": "Superior Court, King County",
            "fields": ["identity.accounts.email"],
            "purpose": "legal_disclosure",
            "basis": "case dis_1",
            "accessed_at": THEN,
        }
        more = None if "cursor" in request.query else "next page"
        return web.json_response({"items": [entry], "next_cursor": more})

    async def list_cases(self, request: web.Request) -> web.Response:
        self._staff(request)
        return web.json_response({"items": list(self.cases.values()), "next_cursor": None})

    async def open_case(self, request: web.Request) -> web.Response:
        who = self._staff(request)
        self._once(request)
        body = await request.json()
        if not body["account_ids"]:
            raise RefusedError(
                422, "disclosure.case.accounts_invalid", "A case affects an account", field="account_ids"
            )
        affected = len(body.pop("account_ids"))
        case = self.cases["dis_1"] = {
            "case_id": "dis_1",
            "state": "open",
            **body,
            "affected_count": affected,
            "notices": {"pending": affected, "sending": 0, "relayed": 0, "failed": 0},
            "opened_by": who["sub"],
            "opened_at": THEN,
            "approved_by": None,
            "approved_at": None,
            "closed_at": None,
        }
        return web.json_response(case, status=201)

    async def case(self, request: web.Request) -> web.Response:
        self._staff(request)
        return web.json_response(found(self.cases, request))

    async def approve(self, request: web.Request) -> web.Response:
        who = self._staff(request)
        self._once(request)
        case = found(self.cases, request)
        if case["opened_by"] == who["sub"]:
            raise RefusedError(409, "auth.second_person.required", "Another person has to approve")
        case |= {"state": "notifying", "approved_by": who["sub"], "approved_at": THEN}
        return web.json_response(case)

    async def list_agreements(self, request: web.Request) -> web.Response:
        self._staff(request)
        return web.json_response({"items": self.agreements, "next_cursor": None})

    async def agree(self, request: web.Request) -> web.Response:
        self._staff(request)
        self._once(request)
        body = await request.json()
        made = {"agreement_id": "agr_1", **body, "starts_at": THEN, "ended_at": None, "active": True}
        self.agreements.append(made)
        return web.json_response(made, status=201)

    async def end_agreement(self, request: web.Request) -> web.Response:
        self._staff(request)
        for each in self.agreements:
            each |= {"ended_at": THEN, "active": False}
        return web.json_response(self.agreements[0])
