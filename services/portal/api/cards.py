"""Pages of cards and charges. The browser encrypts card numbers; this process never sees one."""

from aiohttp import web

from services.portal.api.context import PageContext
from services.portal.api.middleware import PageRoute, form_route, page_route
from shared.errors import FieldProblem, InvalidInputError, ServiceError

CARDS, ENCRYPTION_KEYS = "/v1/payments/cards", "/v1/payments/encryption-keys"
ENTRY, SETUPS = "/v1/payments/card-entry", "/v1/payments/card-setups"


class CardPages:
    """Handlers of the card pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of cards."""
        return (
            page_route("/account/cards", self.show_cards),
            page_route("/account/cards/encryption-keys", self.show_encryption_keys),
            page_route("/account/cards/added", self.complete_setup),
            form_route("/account/cards", self.store_card),
            form_route("/account/cards/setups", self.start_setup),
            form_route("/account/cards/{card_id}/delete", self.delete_card),
        )

    async def show_cards(self, context: PageContext) -> web.Response:
        """Show the cards and charges, and the form that encrypts."""
        return await self._render_cards(context)

    async def show_encryption_keys(self, context: PageContext) -> web.Response:
        """Return the keys and the stamp for one card, as JSON, to the script of the form."""
        context.require_kind("customer")
        answer = await context.user_session.get(ENCRYPTION_KEYS)
        return web.json_response(answer, headers={"Cache-Control": "no-store"})

    async def store_card(self, context: PageContext) -> web.Response:
        """Add a card that arrives encrypted; anything else is rejected and not passed on."""
        context.require_kind("customer")
        typed = await context.read_form()
        sealed = typed.get("jwe", "")
        try:
            if sealed.count(".") != 4:
                missing = FieldProblem(field="jwe", code="missing", message="The card was not encrypted.")
                raise InvalidInputError("Enable JavaScript for this page.", fields=(missing,))
            await context.user_session.send(
                "POST", CARDS, body={"jwe": sealed}, idempotency_key=typed.get("idempotency_key")
            )
        except ServiceError as fault:
            return await self._render_cards(context, fault)
        return context.redirect("/account/cards", done="stored")

    async def start_setup(self, context: PageContext) -> web.Response:
        """Open a page of the card processor, and show the way there."""
        context.require_kind("customer")
        typed = await context.read_form()
        try:
            setup = await context.user_session.send("POST", SETUPS, idempotency_key=typed.get("idempotency_key"))
        except ServiceError as fault:
            return await self._render_cards(context, fault)
        return context.render("card_setup.html", url=setup["url"])

    async def complete_setup(self, context: PageContext) -> web.Response:
        """Store the card that was entered on the processor's page; this is where it sends the customer."""
        context.require_kind("customer")
        try:
            setup = await context.user_session.send("POST", f"{SETUPS}/{{}}/completions", context.get_query("setup"))
        except ServiceError as fault:
            return await self._render_cards(context, fault)
        return context.redirect("/account/cards", done="stored" if setup["card"] else "not-stored")

    async def delete_card(self, context: PageContext) -> web.Response:
        """Delete a card."""
        context.require_kind("customer")
        await context.read_form()
        await context.user_session.send("DELETE", f"{CARDS}/{{}}", context.get_path_variable("card_id"))
        return context.redirect("/account/cards", done="deleted")

    async def _render_cards(self, context: PageContext, fault: ServiceError | None = None) -> web.Response:
        context.require_kind("customer")
        context.allows_scripts = True
        cards = await context.user_session.get(CARDS)
        charges = await context.user_session.get("/v1/payments/charges")
        entry = await context.user_session.get(ENTRY)
        return context.render("cards.html", fault=fault, cards=cards["items"], charges=charges["items"], entry=entry)
