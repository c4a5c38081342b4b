"""What identity does for the security of the own account, as far as pages need it."""

from typing import Any

from aiohttp import web

from shared.clock import Clock
from tests.integration.portal.edge.answers import LATER, PASSWORD, THEN, RefusedError, archive_of_everything
from tests.integration.portal.edge.console import Console
from tests.integration.portal.edge.identity import Identity

CODE = "123456"
RECOVERY = [f"code{number:02}-abcdef-ghijkl" for number in range(10)]
SECRET = "JBSWY3DPEHPK3PXP"
REDIRECT = "https://app.candor.example/in"


class Own(Identity, Console):
    """Second factors, step-up, passwords, addresses, the security log, planned erasures, reports, apps."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.factors: dict[str, Any] = {"totp_enrolled_at": None, "recovery_codes_left": 0, "passkeys": []}
        self.frozen: set[str] = set()
        self.wrong_codes = 0
        self.device_tokens: list[str | None] = []
        """What each log-in said of its browser."""
        self.log_ins_are_old = False
        """Whether what is sensitive asks for a step-up first."""
        self.confirmed: set[str] = set()
        self.done: list[tuple[str, Any]] = []
        """What was done for good, and with what."""
        self.spent: set[str] = set()
        self.planned: str | None = None
        self.announced: list[dict[str, str]] = []
        """What customer service will do unless the owner objects."""

    def routes(self) -> list[web.RouteDef]:
        root = "/v1/identity"
        return [
            web.post(f"{root}/sessions/second-factor", self.second_factor),
            web.post(f"{root}/sessions/passkey-challenges", self.challenge),
            web.post(f"{root}/sessions/passkey", self.by_passkey),
            web.post(f"{root}/sessions/step-up-challenges", self.own_challenge),
            web.post(f"{root}/sessions/step-up", self.step_up),
            web.get(f"{root}/second-factors", self.list_factors),
            web.post(f"{root}/totp", self.begin_totp),
            web.post(f"{root}/totp/confirmation", self.confirm_totp),
            web.delete(f"{root}/totp", self.remove_totp),
            web.post(f"{root}/recovery-codes", self.recovery_codes),
            web.post(f"{root}/passkeys/challenges", self.own_challenge),
            web.post(f"{root}/passkeys", self.add_passkey),
            web.delete(f"{root}/passkeys/{{id}}", self.remove_passkey),
            web.post(f"{root}/password-changes", self.change_password),
            web.post(f"{root}/password-resets", self.forget_password),
            web.post(f"{root}/password-resets/lookups", self.look_up_reset),
            web.post(f"{root}/password-resets/confirmations", self.reset_password),
            web.post(f"{root}/email-changes", self.change_address),
            web.post(f"{root}/email-changes/confirmations", self.by_link("identity.email_change_token.invalid")),
            web.post(f"{root}/email-changes/reversals", self.by_link("identity.email_change_token.invalid")),
            web.post(f"{root}/erasures/cancellations", self.by_link("identity.erasure.not_scheduled")),
            web.post(f"{root}/announced-actions/objections/by-link", self.by_link("identity.objection_token.invalid")),
            web.get(f"{root}/announced-actions", self.list_announced),
            web.post(f"{root}/announced-actions/objections", self.object),
            web.post(f"{root}/exports/by-link", self.archive_by_link),
            web.post(f"{root}/account-locks", self.by_link("identity.lock_token.invalid")),
            web.get(f"{root}/security-log", self.security_log),
            web.get(f"{root}/erasures/scheduled", self.read_planned),
            web.delete(f"{root}/erasures/scheduled", self.take_back),
            web.post(f"{root}/abuse-reports", self.take_report),
            web.get("/oauth/authorizations", self.asking),
            web.post("/oauth/authorizations", self.authorize),
            *Identity.routes(self),
        ]

    def protect(self) -> None:
        """Give the customer an app and a passkey."""
        passkey = {"passkey_id": "psk_1", "name": "My <laptop>", "created_at": THEN, "last_used_at": None}
        self.factors |= {"totp_enrolled_at": THEN, "recovery_codes_left": 9, "passkeys": [passkey]}

    def _fresh(self, request: web.Request) -> dict[str, Any]:
        who = self._who(request)
        if self.log_ins_are_old and who["sid"] not in self.confirmed:
            raise RefusedError(401, "auth.session.reauthentication_required", "A recent log-in is required")
        return who

    async def log_in(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.device_tokens.append(body.get("device_token"))
        if body["email"] in self.frozen and body["password"] == PASSWORD:
            raise RefusedError(403, "identity.account.frozen", "This account is frozen")
        needed = self.factors["totp_enrolled_at"] or self.factors["passkeys"]
        if not needed or body["email"] != "ada@customers.example" or body["password"] != PASSWORD:
            return await super().log_in(request)
        return web.json_response(
            {
                "title": "The password is right; a second factor is needed besides",
                "status": 401,
                "code": "identity.login.second_factor_required",
                "fields": [],
                "challenge_token": "step",
                "expires_in": 300,
                "methods": ["passkey", "totp", "recovery_code"],
                "passkey_options": {"challenge": "AAAA"},
            },
            status=401,
        )

    async def second_factor(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert body["challenge_token"] == "step"
        if self.wrong_codes >= 5:
            raise RefusedError(400, "identity.challenge.invalid", "The challenge is not valid")
        if "passkey" in body:
            return self._by(body["passkey"])
        if body["code"] not in {CODE, RECOVERY[0]}:
            self.wrong_codes += 1
            raise RefusedError(403, "identity.second_factor.invalid", "The code is wrong, or was used before")
        return self._ada()

    async def challenge(self, _: web.Request) -> web.Response:
        return web.json_response({"challenge_id": "cha_1", "options": {"challenge": "AAAA"}})

    async def own_challenge(self, request: web.Request) -> web.Response:
        if "passkeys" in request.path:
            self._fresh(request)
        return web.json_response({"challenge_id": "cha_1", "options": {"challenge": "AAAA"}})

    async def by_passkey(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert body["challenge_id"] == "cha_1"
        return self._by(body["credential"])

    def _by(self, credential: dict[str, Any]) -> web.Response:
        if credential["id"] != "good":
            raise RefusedError(403, "identity.passkey.invalid", "The passkey is not accepted")
        return self._ada()

    def _ada(self) -> web.Response:
        return web.json_response(self.begin_session("ada@customers.example"), status=201)

    async def step_up(self, request: web.Request) -> web.Response:
        who, body = self._who(request), await request.json()
        if body.get("password", PASSWORD) != PASSWORD:
            raise RefusedError(403, "identity.password.incorrect", "The password is not the one of this account")
        if body.get("code", CODE) != CODE:
            raise RefusedError(403, "identity.second_factor.invalid", "The code is wrong, or was used before")
        self.confirmed.add(who["sid"])
        self.sessions[who["sid"]]["auth_time"] = int(self.clock().timestamp())
        granted = self._granted(who["sid"])
        del self.refresh_tokens[granted.pop("refresh_token")]
        return web.json_response(granted)

    async def make_app_password(self, request: web.Request) -> web.Response:
        self._fresh(request)
        return await super().make_app_password(request)

    async def list_factors(self, request: web.Request) -> web.Response:
        self._who(request)
        return web.json_response(self.factors)

    async def begin_totp(self, request: web.Request) -> web.Response:
        self._fresh(request)
        self._once(request)
        uri = f"otpauth://totp/Candor:ada%40customers.example?secret={SECRET}&issuer=Candor"
        return web.json_response({"secret": SECRET, "otpauth_uri": uri}, status=201)

    async def confirm_totp(self, request: web.Request) -> web.Response:
        self._fresh(request)
        self._once(request)
        if (await request.json())["code"] != CODE:
            raise RefusedError(403, "identity.second_factor.invalid", "The code is wrong, or was used before")
        self.factors |= {"totp_enrolled_at": THEN, "recovery_codes_left": 10}
        return web.json_response({"recovery_codes": RECOVERY}, status=201)

    async def remove_totp(self, request: web.Request) -> web.Response:
        self._fresh(request)
        if not self.factors["passkeys"]:
            raise RefusedError(
                409, "identity.password.too_short_without_second_factor", "The password is too short to stand alone"
            )
        self.factors["totp_enrolled_at"] = None
        return web.Response(status=204)

    async def recovery_codes(self, request: web.Request) -> web.Response:
        self._fresh(request)
        self._once(request)
        return web.json_response({"recovery_codes": RECOVERY}, status=201)

    async def add_passkey(self, request: web.Request) -> web.Response:
        self._fresh(request)
        self._once(request)
        body = await request.json()
        made = {"passkey_id": "psk_2", "name": body["name"], "created_at": THEN, "last_used_at": None}
        self.factors["passkeys"].append(made)
        return web.json_response({**made, "recovery_codes": []}, status=201)

    async def remove_passkey(self, request: web.Request) -> web.Response:
        self._fresh(request)
        self.factors["passkeys"] = [p for p in self.factors["passkeys"] if p["passkey_id"] != request.match_info["id"]]
        return web.Response(status=204)

    async def change_password(self, request: web.Request) -> web.Response:
        self._fresh(request)
        body = await request.json()
        if body["old_password"] != PASSWORD:
            raise RefusedError(403, "identity.password.incorrect", "The password is not the one of this account")
        if len(body["new_password"]) < 15:
            raise RefusedError(422, "identity.new_password.invalid", "The password is not acceptable", field="password")
        return web.json_response({"revoked_sessions": 2, "app_passwords": self.app_passwords})

    async def forget_password(self, request: web.Request) -> web.Response:
        self.done.append(("forget", (await request.json())["email"]))
        return web.json_response({"message": "If that can be done, we have written to this address."}, status=202)

    async def reset_password(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["token"] != "good-token" or body["token"] in self.spent:
            raise RefusedError(400, "identity.password_reset_token.invalid", "The link to set a password is not valid")
        if len(body["password"]) < 15:
            raise RefusedError(422, "identity.new_password.invalid", "The password is not acceptable", field="password")
        self.spent.add(body["token"])
        self.sessions.clear()
        return web.Response(status=204)

    async def change_address(self, request: web.Request) -> web.Response:
        self._fresh(request)
        self.done.append(("move", (await request.json())["email"]))
        return web.json_response({"message": "If that can be done, we have written to this address."}, status=202)

    def by_link(self, refused: str) -> Any:
        async def act(request: web.Request) -> web.Response:
            token = (await request.json())["token"]
            if token != "good-token" or request.path in self.spent:
                raise RefusedError(400, refused, "The link is not valid: used, expired or altered")
            self.spent.add(request.path)
            return (
                web.json_response({"message": "done"}) if request.path.endswith("locks") else web.Response(status=204)
            )

        return act

    async def look_up_reset(self, request: web.Request) -> web.Response:
        if (await request.json())["token"] != "good-token":
            raise RefusedError(400, "identity.password_reset_token.invalid", "The link is not valid")
        return web.json_response({"email": "ada@customers.example"})

    async def list_announced(self, request: web.Request) -> web.Response:
        self._who(request)
        return web.json_response({"items": self.announced})

    async def object(self, request: web.Request) -> web.Response:
        self._who(request)
        if not self.announced:
            raise RefusedError(404, "identity.objection.nothing_announced", "Nothing is announced")
        self.announced.clear()
        return web.Response(status=204)

    async def archive_by_link(self, request: web.Request) -> web.Response:
        if (await request.json())["token"] != "good-token":
            raise RefusedError(400, "identity.export_link.invalid", "The link is not valid")
        disposition = {"Content-Disposition": 'attachment; filename="candor-2027-01-04.zip"'}
        return web.Response(body=archive_of_everything(), content_type="application/zip", headers=disposition)

    async def security_log(self, request: web.Request) -> web.Response:
        self._who(request)
        items = [
            {"at": THEN, "event": "second_factor_failed", "client": "Firefox on Linux"},
            {"at": THEN, "event": "erasure_cancelled", "client": ""},
        ]
        return web.json_response({"items": items, "next_cursor": None if "cursor" in request.query else "more"})

    async def erase(self, request: web.Request) -> web.Response:
        self._fresh(request)
        body = await request.json()
        if not body["grace_days"]:
            return await super().erase(request)
        self.planned = LATER
        self.sessions.clear()
        self.erasures["era_2"] = {
            "erasure_id": "era_2",
            "state": "scheduled",
            "created_at": THEN,
            "starts_at": LATER,
            "deadline": LATER,
            "completed_at": None,
            "receipts": [],
        }
        return web.json_response(self.erasures["era_2"], status=202)

    async def read_planned(self, request: web.Request) -> web.Response:
        self._who(request)
        if self.planned is None:
            raise RefusedError(404, "identity.erasure.not_scheduled", "No erasure is planned that could be taken back")
        return web.json_response({"erasure_id": "era_2", "starts_at": self.planned})

    async def take_back(self, request: web.Request) -> web.Response:
        self._who(request)
        self.planned = None
        return web.Response(status=204)

    async def take_report(self, request: web.Request) -> web.Response:
        who = self._who(request) if "Authorization" in request.headers else None
        body = await request.json()
        if body["kind"] == "unauthorized_use" and who is None and "email" not in body:
            raise RefusedError(422, "http.request.invalid", "The request contains invalid values", field="email")
        if body.get("lock_account"):
            self.sessions.clear()
        self.done.append(("report", body))
        self.written("rep_1", body["text"], kind=body["kind"])
        return web.json_response({"report_id": "rep_1", "answer_due_at": LATER}, status=202)

    async def asking(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        _registered(asked)
        wrong = asked.get("scope", "") or asked.get("repeated", "")
        state = asked.get("state", "")
        return web.json_response(
            {
                "redirect_to": f"{REDIRECT}?error=invalid_request&state={state}" if wrong else None,
                "client_id": "phone",
                "name": "Candor <Phone>",
                "redirect_uri": REDIRECT,
                "scope_descriptions": ["all of it"],
            }
        )

    async def authorize(self, request: web.Request) -> web.Response:
        self._who(request)
        body = await request.json()
        _registered(body)
        answer = "code=c" if body["allow"] else "error=access_denied"
        return web.json_response({"redirect_to": f"{REDIRECT}?{answer}&state={body['state']}"})


def _registered(asked: dict[str, Any]) -> None:
    if (asked["client_id"], asked["redirect_uri"]) != ("phone", REDIRECT):
        raise RefusedError(
            400, "identity.authorization_request.invalid", "The app, the address to return to, or the scope is unknown"
        )
