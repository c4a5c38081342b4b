"""Newsletter and payments, as far as pages need them."""

from typing import Any

from aiohttp import web

from tests.integration.portal.edge.answers import THEN, RefusedError, openapi
from tests.integration.portal.edge.files import Files

CHARGE = {
    "charge_id": "chg_" + "g" * 26,
    "card_id": "tok_" + "c" * 26,
    "state": "captured",
    "amount": 3999,
    "amount_captured": 3999,
    "amount_refunded": 1000,
    "amount_refundable": 2999,
    "action_url": None,
    "currency": "USD",
    "minor_units": 2,
    "description": "Demo licence",
    "dispute_state": "none",
    "created_at": THEN,
}
REFUND = {
    "refund_id": "ref_" + "r" * 26,
    "charge_id": CHARGE["charge_id"],
    "kind": "refund",
    "state": "requested",
    "currency": "USD",
    "minor_units": 2,
    "rejection_reason": "",
    "failure_reason": "",
    "acquirer_reference": "",
    "is_withdrawable": True,
    "created_at": THEN,
    "completed_at": None,
    "account_id": "acc_" + "a" * 26,
    "requested_by": "customer",
    "approved_by": [],
    "needs_second_person": False,
}


LISTS = [
    {
        "list_id": "lst_" + mark * 26,
        "name": name,
        "description": "Once a month, nothing else.",
        "consent_version": "1",
        "consent_text": f"Send me the emails of “{name}” at this address, and nothing else.",
    }
    for mark, name in (("m", "Monthly letter"), ("r", "Releases <b>first</b>"))
]


class FakeServiceApis(Files):
    """Lists and cards; and what every service says of itself."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/newsletter/lists", self.lists),
            web.get("/v1/newsletter/lists/{id}", self.one_list),
            web.get("/v1/newsletter/lists/{id}/archive", self.archive_of_list),
            web.get("/v1/newsletter/archive/{id}", self.archived_issue),
            web.post("/v1/newsletter/subscriptions", self.subscribe),
            web.get("/v1/newsletter/subscriptions/mine", self.my_subscriptions),
            web.delete("/v1/newsletter/subscriptions/{id}", self.leave),
            web.get("/v1/newsletter/confirmations", self.show_confirmation),
            web.post("/v1/newsletter/confirmations", self.confirm),
            web.get("/v1/newsletter/unsubscriptions", self.show_unsubscription),
            web.post("/v1/newsletter/unsubscriptions", self.unsubscribe),
            web.post("/v1/newsletter/unsubscribe-links", self.request_links),
            web.post("/v1/newsletter/unsubscriptions/by-staff", self.unsubscribe_by_staff),
            *self.files_routes(),
            web.get("/v1/payments/encryption-keys", self.card_keys),
            web.get("/v1/payments/card-entry", self.card_entry),
            web.post("/v1/payments/card-setups", self.start_card_setup),
            web.post("/v1/payments/card-setups/{id}/completions", self.complete_card_setup),
            web.get("/v1/payments/cards", self.list_cards),
            web.post("/v1/payments/cards", self.store_card),
            web.delete("/v1/payments/cards/{id}", self.forget_card),
            web.get("/v1/payments/charges", self.charges),
            web.get("/v1/payments/charges/{id}", self.charge),
            web.get("/v1/payments/charges/{id}/refunds", self.charge_refunds),
            web.post("/v1/payments/charges/{id}/refund-requests", self.request_refund),
            web.post("/v1/payments/billing-records", self.billing_record),
            web.post("/v1/payments/charges/{id}/refund-requests/{refund_id}/withdrawals", self.withdraw_refund),
            web.get("/v1/payments/refunds", self.list_refunds),
            web.post("/v1/payments/refunds", self.create_refund),
            web.get("/v1/payments/refunds/{id}", self.read_refund),
            web.post("/v1/payments/refunds/{id}/approvals", self.approve_refund),
            web.post("/v1/payments/refunds/{id}/rejections", self.reject_refund),
            web.get("/v1/telemetry/question", self.question),
            web.get("/v1/telemetry/page-views", self.page_views),
            web.get("/v1/{service}/data-map", self.data_map),
            web.get("/v1/{service}/openapi.json", self.openapi),
        ]

    async def lists(self, _: web.Request) -> web.Response:
        return web.json_response({"items": LISTS, "next_cursor": None})

    async def one_list(self, request: web.Request) -> web.Response:
        found = [each for each in LISTS if each["list_id"] == request.match_info["id"]]
        if not found:
            raise RefusedError(404, "newsletter.list.not_found", "The list does not exist")
        return web.json_response(found[0])

    async def archive_of_list(self, request: web.Request) -> web.Response:
        issue = {
            "campaign_id": "cmp_" + "c" * 26,
            "list_id": request.match_info["id"],
            "subject": "Issue <1>",
            "sent_at": "2027-01-04T12:00:00.000Z",
        }
        return web.json_response({"items": [issue]})

    async def archived_issue(self, request: web.Request) -> web.Response:
        if request.match_info["id"] != "cmp_" + "c" * 26:
            raise RefusedError(404, "newsletter.campaign.not_found", "The campaign does not exist")
        return web.json_response(
            {
                "campaign_id": "cmp_" + "c" * 26,
                "list_id": LISTS[0]["list_id"],
                "subject": "Issue <1>",
                "sent_at": "2027-01-04T12:00:00.000Z",
                "text": "Hello.",
                "html": "<p>Hello <em>all</em>.</p>",
            }
        )

    async def subscribe(self, request: web.Request) -> web.Response:
        wish = await request.json()
        if "@" not in wish["email"]:
            raise RefusedError(422, "mail.address.invalid", "This is not a mail address", field="email")
        self.asked_to_join.append(wish)
        return web.json_response({"state": "awaiting_confirmation"}, status=202)

    async def my_subscriptions(self, request: web.Request) -> web.Response:
        self._who(request)
        return web.json_response({"items": self.subscriptions})

    async def leave(self, request: web.Request) -> web.Response:
        self._who(request)
        self.subscriptions = [s for s in self.subscriptions if s["subscription_id"] != request.match_info["id"]]
        return web.Response(status=204)

    async def show_confirmation(self, request: web.Request) -> web.Response:
        self._opened(request.query["token"])
        shown = {
            "is_confirmed": request.query["token"] in self.confirmed_by,
            "list_name": "Monthly letter",
            "masked_email": "a…@c….example",
            "consent_version": "1",
            "consent_text": "Send me the emails of “Monthly letter” at this address, and nothing else.",
            "requested_in_account": self.requested_in_account,
        }
        return web.json_response(shown)

    async def show_unsubscription(self, request: web.Request) -> web.Response:
        self._opened(request.query["token"])
        is_subscribed = request.query["token"] not in self.left
        shown = {
            "is_subscribed": is_subscribed,
            "list_name": "Monthly letter",
            "masked_email": "a…@c….example" if is_subscribed else "",
        }
        return web.json_response(shown)

    async def request_links(self, request: web.Request) -> web.Response:
        wish = await request.json()
        if "@" not in wish["email"]:
            raise RefusedError(422, "mail.address.invalid", "This is not a mail address", field="email")
        self.asked_for_links.append(wish["email"])
        return web.json_response({"state": "links_are_sent_if_subscribed"}, status=202)

    def _opened(self, token: str) -> str:
        if not token.startswith("good-token"):
            raise RefusedError(400, "auth.token.invalid", "This link is invalid or has expired")
        return token

    async def confirm(self, request: web.Request) -> web.Response:
        token = self._opened((await request.json())["token"])
        self.confirmed_by[token] = request.headers.get("Authorization", "")
        return web.json_response({"subscription_id": "sub_1", "list_id": "lst_1", "list_name": "Monthly letter"})

    async def unsubscribe(self, request: web.Request) -> web.Response:
        self.left.append(self._opened((await request.json())["token"]))
        return web.json_response({"unsubscribed": True})

    async def unsubscribe_by_staff(self, request: web.Request) -> web.Response:
        self._staff(request)
        return web.json_response({"unsubscribed_count": self.ended, "similar_count": 2 - self.ended})

    async def card_keys(self, request: web.Request) -> web.Response:
        self._who(request)
        return web.json_response(self.card_encryption)

    async def card_entry(self, _: web.Request) -> web.Response:
        return web.json_response({"hosted": self.takes_hosted, "direct": self.takes_direct})

    async def start_card_setup(self, request: web.Request) -> web.Response:
        self._who(request)
        self._once(request)
        setup = {"setup_id": "cst_1", "state": "open", "url": "https://processor.example/page/1", "card": None}
        return web.json_response(setup, status=201)

    async def complete_card_setup(self, request: web.Request) -> web.Response:
        self._who(request)
        if request.match_info["id"] != "cst_1":
            raise RefusedError(404, "payments.card_setup.not_found", "The account has no such card setup")
        state = "completed" if self.entered_card else "open"
        return web.json_response({"setup_id": "cst_1", "state": state, "url": None, "card": self.entered_card})

    async def list_cards(self, request: web.Request) -> web.Response:
        self._who(request)
        return web.json_response({"items": self.cards})

    async def store_card(self, request: web.Request) -> web.Response:
        self._who(request)
        self._once(request)
        self.sealed_cards.append((await request.json())["jwe"])
        card = {"card_id": "tok_" + "c" * 26, "last4": "4242", "exp_month": 9, "exp_year": 2029, "brand": "visa"}
        self.cards.append(card)
        return web.json_response(card, status=201)

    async def forget_card(self, request: web.Request) -> web.Response:
        self._who(request)
        self.cards = [card for card in self.cards if card["card_id"] != request.match_info["id"]]
        return web.Response(status=204)

    async def charges(self, request: web.Request) -> web.Response:
        self._who(request)
        return web.json_response({"items": [CHARGE]})

    async def charge(self, request: web.Request) -> web.Response:
        self._who(request)
        if request.match_info["id"] != CHARGE["charge_id"]:
            raise RefusedError(404, "payments.charge.not_found", "The account has no such charge")
        return web.json_response(CHARGE)

    async def charge_refunds(self, request: web.Request) -> web.Response:
        self._who(request)
        return web.json_response({"items": self.refunds})

    async def request_refund(self, request: web.Request) -> web.Response:
        self._who(request)
        self._once(request)
        wish = await request.json()
        if wish["amount"] > 2999:
            raise RefusedError(409, "payments.refund.exceeds_charge", "The refund exceeds the charge")
        self.refunds.append({**REFUND, **wish})
        return web.json_response(self.refunds[-1], status=201)

    async def withdraw_refund(self, request: web.Request) -> web.Response:
        self._who(request)
        self._once(request)
        [refund] = [each for each in self.refunds if each["refund_id"] == request.match_info["refund_id"]]
        if refund["state"] != "requested":
            raise RefusedError(409, "payments.refund.not_open", "The request is decided")
        refund |= {"state": "withdrawn", "is_withdrawable": False}
        return web.json_response(refund)

    async def billing_record(self, request: web.Request) -> web.Response:
        self._staff(request)
        wish = await request.json()
        if not wish["account_id"].startswith("acc_"):
            raise RefusedError(422, "http.request.invalid", "The request contains invalid values", field="account_id")
        cards = [{"card_id": "tok_1", "last4": "4242", "exp_month": 9, "exp_year": 2029, "brand": "visa"}]
        record = {"entry_id": "led_1", "cards": cards, "charges": [CHARGE], "refunds": self.refunds, "disputes": []}
        return web.json_response(record)

    async def list_refunds(self, request: web.Request) -> web.Response:
        self._staff(request)
        items = [each for each in self.refunds if each["state"] == request.query["state"]]
        return web.json_response({"items": items, "next_cursor": None})

    async def create_refund(self, request: web.Request) -> web.Response:
        by = self._staff(request)
        self._once(request)
        self.refunds.append({**REFUND, **await request.json(), "requested_by": by["sub"], "approved_by": [by["sub"]]})
        return web.json_response(self.refunds[-1], status=201)

    async def read_refund(self, request: web.Request) -> web.Response:
        self._staff(request)
        return web.json_response(self._refund(request))

    async def approve_refund(self, request: web.Request) -> web.Response:
        by, refund = self._staff(request), self._refund(request)
        self._once(request)
        if by["sub"] in refund["approved_by"]:
            raise RefusedError(409, "auth.second_person.required", "A second person must approve")
        refund |= {"state": "succeeded", "approved_by": [*refund["approved_by"], by["sub"]]}
        return web.json_response(refund)

    async def reject_refund(self, request: web.Request) -> web.Response:
        self._staff(request)
        self._once(request)
        refund = self._refund(request)
        refund |= {"state": "rejected", "rejection_reason": (await request.json())["reason"]}
        return web.json_response(refund)

    def _refund(self, request: web.Request) -> dict[str, Any]:
        return next(each for each in self.refunds if each["refund_id"] == request.match_info["id"])

    async def question(self, _: web.Request) -> web.Response:
        question = {"version": 2, "text": "May this program report?", "collected": ["week", "counters.launches"]}
        return web.json_response(question | {"receiver_adds": ["Nothing."]})

    async def page_views(self, _: web.Request) -> web.Response:
        weeks = [{"week": "2026-W48", "pages": [{"page": "home", "views": 12}]}]
        return web.json_response({"enabled": False, "weeks": weeks})

    async def data_map(self, request: web.Request) -> web.Response:
        field = {
            "field": "email",
            "category": "contact",
            "purposes": ["account", "security"],
            "retention": "until_erased",
        }
        collections = [{"collection": "accounts", "subject": "_id", "fields": [field]}]
        return web.json_response({"service": request.match_info["service"], "collections": collections})

    async def openapi(self, request: web.Request) -> web.Response:
        return web.json_response(openapi(request.match_info["service"]))
