"""Identity, as far as pages need it."""

import secrets
from datetime import timedelta
from typing import Any

from aiohttp import web

from tests.integration.portal.edge.answers import LATER, PASSWORD, SERVICES, THEN, RefusedError, found, times
from tests.integration.portal.edge.tokens import Tokens


class Identity(Tokens):
    """Accounts, sessions, app passwords, exports, erasures."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/identity/age-screens", self.age_screen),
            web.post("/v1/identity/accounts", self.sign_up),
            web.post("/v1/identity/verifications", self.verify),
            web.post("/v1/identity/sessions", self.log_in),
            web.get("/v1/identity/sessions", self.list_sessions),
            web.delete("/v1/identity/sessions", self.end_others),
            web.delete("/v1/identity/sessions/{id}", self.end_session),
            web.post("/oauth/token", self.refresh),
            web.get("/v1/identity/me", self.me),
            web.post("/v1/identity/accounts/find", self.find),
            web.post("/v1/identity/app-passwords", self.make_app_password),
            web.get("/v1/identity/app-passwords", self.list_app_passwords),
            web.delete("/v1/identity/app-passwords/{id}", self.revoke_app_password),
            web.post("/v1/identity/exports", self.ask_export),
            web.get("/v1/identity/exports", self.list_exports),
            web.get("/v1/identity/exports/{id}", self.export),
            web.get("/v1/identity/exports/{id}/archive", self.download),
            web.post("/v1/identity/erasures", self.erase),
            web.get("/v1/identity/erasures/{id}", self.erasure),
        ]

    async def age_screen(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not 1900 < body["birth_year"] <= self.clock().year:
            raise RefusedError(422, "http.request.invalid", "The request contains invalid values", field="birth_year")
        passed = body["birth_year"] <= self.clock().year - 14
        return web.json_response({"passed": passed, "age_token": "age-token" if passed else ""})

    async def sign_up(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["age_token"] != "age-token":
            raise RefusedError(400, "identity.age_token.invalid", "The age screen was not passed, or too long ago")
        if len(body["password"]) < 15:
            raise RefusedError(422, "identity.new_password.invalid", "The password is not acceptable", field="password")
        return web.json_response({"message": "We have written to this address."}, status=202)

    async def verify(self, request: web.Request) -> web.Response:
        token = (await request.json())["token"]
        if token != "good-token" or token in self.verified:
            raise RefusedError(400, "identity.verification_token.invalid", "The verification link is not valid")
        self.verified.append(token)
        return web.json_response({"account_id": "acc_" + "n" * 26})

    async def log_in(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["email"] not in self.people or body["password"] != PASSWORD:
            raise RefusedError(401, "identity.login.invalid_credentials", "Address or password is wrong")
        return web.json_response(self.begin_session(body["email"]), status=201)

    def begin_session(self, email: str) -> dict[str, Any]:
        """Return what a log-in gives."""
        session_id = "ses_" + secrets.token_hex(6)
        account_id, kind, roles = self.people[email]
        began = int(self.clock().timestamp())
        self.sessions[session_id] = {
            "email": email,
            "sub": account_id,
            "kind": kind,
            "roles": roles,
            "auth_time": began,
        }
        return {**self._granted(session_id), "session_id": session_id, "device_token": f"device-of-{account_id}"}

    async def refresh(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.refreshes += 1
        token = str(form["refresh_token"])
        session_id = self.refresh_tokens.pop(token, "")
        if session_id:
            self.used[token] = (session_id, self.clock())
        elif token in self.used:
            session_id, since = self.used[token]
            if session_id in self.sessions and self.clock() < since + timedelta(seconds=20):
                granted = self._granted(session_id)
                del self.refresh_tokens[granted.pop("refresh_token")]
                return web.json_response(granted)
            self.sessions.pop(session_id, None)
        if form["grant_type"] != "refresh_token" or session_id not in self.sessions:
            raise RefusedError(400, "identity.oauth.invalid_grant", "The refresh token is not valid")
        return web.json_response(self._granted(session_id))

    async def list_sessions(self, request: web.Request) -> web.Response:
        own = self._who(request)
        items = [
            {
                "session_id": key,
                "client": "Firefox on Linux",
                "country": value.get("country", ""),
                "current": key == own["sid"],
                **times(),
            }
            for key, value in self.sessions.items()
            if value["sub"] == own["sub"]
        ]
        return web.json_response({"items": items})

    async def end_others(self, request: web.Request) -> web.Response:
        own = self._who(request)
        which = request.query["which"]
        assert which in {"others", "everything"}
        spared = own["sid"] if which == "others" else None
        ended = [key for key, value in self.sessions.items() if value["sub"] == own["sub"] and key != spared]
        for key in ended:
            del self.sessions[key]
        if which == "everything":
            self.app_passwords.clear()
        return web.json_response({"revoked_sessions": len(ended), "revoked_app_passwords": 0})

    async def end_session(self, request: web.Request) -> web.Response:
        self._who(request)
        if self.sessions.pop(request.match_info["id"], None) is None:
            raise RefusedError(404, "identity.session.not_found", "You have no such session")
        return web.Response(status=204)

    async def me(self, request: web.Request) -> web.Response:
        who = self._who(request)
        return web.json_response(
            {
                "account_id": who["sub"],
                "email": self.sessions[who["sid"]]["email"],
                "username": "u_" + "u" * 26,
                "roles": who["roles"],
                "session_id": who["sid"],
                "verified_at": THEN,
                "created_at": THEN,
            }
        )

    async def find(self, request: web.Request) -> web.Response:
        self._staff(request)
        body = await request.json()
        if "@" in body["reason"]:
            raise RefusedError(422, "identity.reason.invalid", "The reason must not hold an address")
        account_id, *_ = self.people[body["email"]]
        return web.json_response({"account_id": account_id, "created_at": THEN, "spelling_differs": False})

    async def make_app_password(self, request: web.Request) -> web.Response:
        self._who(request)
        self._once(request)
        body = await request.json()
        if not body["label"]:
            raise RefusedError(422, "http.request.invalid", "The request contains invalid values", field="label")
        made = {"app_password_id": f"app_{len(self.app_passwords)}", **body, "expires_at": LATER}
        self.app_passwords.append({**made, "created_at": THEN, "last_used_at": None})
        shown = {**made, "username": "u_" + "u" * 26, "app_password": "abcd-efgh-jkmn-pqrs-tvwx"}
        return web.json_response(shown, status=201)

    async def list_app_passwords(self, request: web.Request) -> web.Response:
        self._who(request)
        return web.json_response({"items": self.app_passwords})

    async def revoke_app_password(self, request: web.Request) -> web.Response:
        self._who(request)
        self.app_passwords = [a for a in self.app_passwords if a["app_password_id"] != request.match_info["id"]]
        return web.Response(status=204)

    async def ask_export(self, request: web.Request) -> web.Response:
        self._who(request)
        self._once(request)
        asked = self.exports["exp_1"] = {
            "export_id": "exp_1",
            "state": "collecting",
            "created_at": THEN,
            "deadline": LATER,
            "expires_at": None,
            "parts": [{"service": name, "state": "pending"} for name in SERVICES],
        }
        return web.json_response(asked, status=202)

    async def list_exports(self, request: web.Request) -> web.Response:
        self._who(request)
        return web.json_response({"items": [{**one, "parts": None} for one in self.exports.values()]})

    async def export(self, request: web.Request) -> web.Response:
        self._who(request)
        return web.json_response(found(self.exports, request))

    async def download(self, request: web.Request) -> web.Response:
        self._who(request)
        if found(self.exports, request)["state"] != "ready":
            raise RefusedError(401, "auth.session.reauthentication_required", "A recent log-in is required")
        name = 'attachment; filename="candor-2027-01-04.zip"'
        return web.Response(
            body=self.archive, content_type="application/zip", headers={"Content-Disposition": name, "X-Inner": "1"}
        )

    async def erase(self, request: web.Request) -> web.Response:
        who = self._who(request)
        self._once(request)
        if (await request.json())["password"] != PASSWORD:
            raise RefusedError(403, "identity.password.incorrect", "The password is not the one of this account")
        del self.sessions[who["sid"]]
        kept = [{"description": "charges", "reason": "tax law, ten years, without your name"}]
        receipts = [
            {
                "service": name,
                "state": "completed" if name != "sync" else "pending",
                "erased_counts": {"accounts": 1} if name == "identity" else {},
                "retained_items": kept if name == "payments" else [],
                "completed_at": None,
            }
            for name in SERVICES
        ]
        asked = {"erasure_id": "era_1", "state": "running", "created_at": THEN, "deadline": LATER}
        self.erasures["era_1"] = {**asked, "completed_at": None, "receipts": receipts}
        return web.json_response(self.erasures["era_1"], status=202)

    async def erasure(self, request: web.Request) -> web.Response:
        return web.json_response(found(self.erasures, request))
