"""Cards and charges. A number is encrypted on the page that it is typed on; this process never sees one."""

from aiohttp import web

from services.portal.api.frame import PageRoute, sent, shown
from services.portal.api.visit import Visit
from shared.errors import FieldProblem, InvalidInputError, ServiceError

CARDS = "/v1/payments/cards"


class CardPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages of cards."""
        return (
            shown("/account/cards", self.cards),
            sent("/account/cards", self.store),
            sent("/account/cards/{card_id}/delete", self.forget),
        )

    async def cards(self, visit: Visit) -> web.Response:
        """Show the cards and charges, and the form that encrypts."""
        return await self._page(visit)

    async def store(self, visit: Visit) -> web.Response:
        """Keep a card that arrives as ciphertext; anything else is refused before it could be passed on."""
        visit.must_be("customer")
        typed = await visit.form()
        sealed = typed.get("jwe", "")
        try:
            if sealed.count(".") != 4:
                missing = FieldProblem(field="jwe", code="missing", message="The card was not encrypted by this page.")
                raise InvalidInputError("Turn JavaScript on for this one page.", fields=(missing,))
            await visit.visitor.send("POST", CARDS, body={"jwe": sealed}, once=typed.get("once"))
        except ServiceError as fault:
            return await self._page(visit, fault)
        return visit.to("/account/cards", done="stored")

    async def forget(self, visit: Visit) -> web.Response:
        """Delete a card."""
        visit.must_be("customer")
        await visit.form()
        await visit.visitor.send("DELETE", f"{CARDS}/{{}}", visit.name("card_id"))
        return visit.to("/account/cards", done="deleted")

    async def _page(self, visit: Visit, fault: ServiceError | None = None) -> web.Response:
        session = visit.must_be("customer")
        visit.scripts = True
        cards = await visit.visitor.read(CARDS)
        charges = await visit.visitor.read("/v1/payments/charges")
        return visit.page(
            "cards.html", fault=fault, cards=cards["items"], charges=charges["items"], account_id=session.account_id
        )
