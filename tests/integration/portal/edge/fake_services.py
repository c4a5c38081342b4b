"""Newsletter, payments and telemetry, as far as pages need them."""

from aiohttp import web

from tests.integration.portal.edge.answers import THEN, RefusedError, openapi
from tests.integration.portal.edge.files import Files


class FakeServiceApis(Files):
    """Lists, cards, statistics; and what every service says of itself."""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/newsletter/lists", self.lists),
            web.post("/v1/newsletter/subscriptions", self.subscribe),
            web.get("/v1/newsletter/subscriptions/mine", self.my_subscriptions),
            web.delete("/v1/newsletter/subscriptions/{id}", self.leave),
            web.post("/v1/newsletter/confirmations", self.confirm),
            web.post("/v1/newsletter/unsubscriptions", self.unsubscribe),
            web.post("/v1/newsletter/unsubscriptions/by-staff", self.unsubscribe_by_staff),
            *self.files_routes(),
            web.get("/v1/payments/encryption-key", self.card_key),
            web.get("/v1/payments/cards", self.list_cards),
            web.post("/v1/payments/cards", self.store_card),
            web.delete("/v1/payments/cards/{id}", self.forget_card),
            web.get("/v1/payments/charges", self.charges),
            web.get("/v1/telemetry/statistics", self.statistics),
            web.get("/v1/{service}/data-map", self.data_map),
            web.get("/v1/{service}/openapi.json", self.openapi),
        ]

    async def lists(self, _: web.Request) -> web.Response:
        items = [
            {
                "list_id": "lst_" + mark * 26,
                "name": name,
                "description": "Once a month, nothing else.",
                "consent_version": "1",
                "consent_text": f"Send me the emails of “{name}” at this address, and nothing else.",
            }
            for mark, name in (("m", "Monthly letter"), ("r", "Releases <b>first</b>"))
        ]
        return web.json_response({"items": items, "next_cursor": None})

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

    async def confirm(self, request: web.Request) -> web.Response:
        if (await request.json())["token"] != "good-token":
            raise RefusedError(400, "auth.token.invalid", "This link is invalid or has expired")
        return web.json_response({"subscription_id": "sub_1", "list_id": "lst_1", "list_name": "Monthly letter"})

    async def unsubscribe(self, request: web.Request) -> web.Response:
        self.left.append((await request.json())["token"])
        return web.json_response({"unsubscribed": True})

    async def unsubscribe_by_staff(self, request: web.Request) -> web.Response:
        self._staff(request)
        return web.json_response({"unsubscribed_count": 2})

    async def card_key(self, _: web.Request) -> web.Response:
        return web.json_response(self.encryption_key)

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
        charge = {
            "charge_id": "chg_" + "g" * 26,
            "state": "captured",
            "amount": 3999,
            "amount_refunded": 1000,
            "currency": "USD",
            "description": "Demo licence",
            "created_at": THEN,
        }
        return web.json_response({"items": [charge]})

    async def statistics(self, _: web.Request) -> web.Response:
        cells = [("os", "macos-26", 31), ("os", "ios-26", 17), ("version", "4.8", 40)]
        release = {
            "release_id": "rel_" + "s" * 26,
            "week": "2027-W01",
            "n": 48,
            "min_group_size": 5,
            "published_at": THEN,
            "note": "Counts of installations that opted in and reported in the week.",
            "cells": [{"dimension": d, "value": v, "count": c} for d, v, c in cells],
        }
        return web.json_response({"releases": [release]})

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
