"""The pages that links in mails lead to. Each shows a button and acts on it alone: programs, too, follow links."""

from dataclasses import dataclass

from aiohttp import web

from services.portal.api.frame import OFTEN, PageRoute, sent, shown
from services.portal.api.visit import Visit
from shared.errors import ServiceError


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLink:
    """One kind of link: its page, and what its button does."""

    path: str
    api: str
    template: str
    refused: str
    """The code that says that the link itself is no good: then the button goes, after any other refusal it stays."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the page and its button."""
        return (shown(self.path, self.look), sent(self.path, self.act, limit=OFTEN))

    async def look(self, visit: Visit) -> web.Response:
        """Show the button, or what it has done."""
        return visit.page(self.template, action=self.path, token=visit.query("token"), done=bool(visit.query("done")))

    async def act(self, visit: Visit) -> web.Response:
        """Do what the link is for."""
        typed = await visit.form()
        token = typed.get("token", "")
        try:
            await visit.visitor.tell(self.api, {"token": token})
        except ServiceError as fault:
            kept = "" if fault.code == self.refused else token
            return visit.page(self.template, fault=fault, action=self.path, token=kept, done=False)
        return visit.to(self.path, done="yes")


MAIL_LINKS = (
    MailLink(
        path="/account/confirm-address",
        api="/v1/identity/address-changes/confirmations",
        template="link_confirm_address.html",
        refused="identity.address_change.refused",
    ),
    MailLink(
        path="/account/undo-address",
        api="/v1/identity/address-changes/undoings",
        template="link_undo_address.html",
        refused="identity.address_change.refused",
    ),
    MailLink(
        path="/account/keep",
        api="/v1/identity/erasures/cancellations",
        template="link_keep.html",
        refused="identity.erasure.not_scheduled",
    ),
    MailLink(
        path="/account/lock",
        api="/v1/identity/locks",
        template="link_lock.html",
        refused="identity.lock.refused",
    ),
)
