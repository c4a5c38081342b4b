"""Signing up, and proving an address."""

from aiohttp import web

from services.portal.api.frame import OFTEN, PageRoute, sent, shown
from services.portal.api.visit import Typed, Visit, without_passwords
from services.portal.domain import SIGN_UP
from shared.errors import FieldProblem, InvalidInputError, ServiceError


class AccountPages:
    """The handlers."""

    def routes(self) -> tuple[PageRoute, ...]:
        """Return the pages from the age screen to the account."""
        return (
            shown("/account/sign-up", self.age_screen),
            sent("/account/sign-up", self.pass_age_screen, limit=OFTEN),
            sent("/account/sign-up/account", self.sign_up, limit=OFTEN),
            shown("/account/verify", self.look_at_link),
            sent("/account/verify", self.verify, limit=OFTEN),
        )

    async def age_screen(self, visit: Visit) -> web.Response:
        """Ask for month and year of birth, with no default and no hint what would do."""
        return visit.page("sign_up_age.html") if visit.cookie(SIGN_UP) is None else visit.page("sign_up_closed.html")

    async def pass_age_screen(self, visit: Visit) -> web.Response:
        """Go on to the address and the password; or close the door, so that going back does not open it."""
        typed = await visit.form()
        if visit.cookie(SIGN_UP) is not None:
            return visit.page("sign_up_closed.html")
        try:
            birth = {"birth_year": _number(typed, "birth_year"), "birth_month": _number(typed, "birth_month")}
            answer = await visit.visitor.tell("/v1/identity/age-screens", birth)
        except ServiceError as fault:
            return visit.page("sign_up_age.html", fault=fault, typed=typed)
        if not answer["passed"]:
            visit.keep(SIGN_UP, "answered")
            return visit.page("sign_up_closed.html")
        return visit.page("sign_up.html", typed={"age_token": answer["age_token"]})

    async def sign_up(self, visit: Visit) -> web.Response:
        """Ask for an account; the answer is the same whether or not the address has one."""
        typed = await visit.form()
        body = {name: typed.get(name, "") for name in ("age_token", "email", "password")}
        try:
            await visit.visitor.tell("/v1/identity/accounts", body)
        except ServiceError as fault:
            return visit.page("sign_up.html", fault=fault, typed=without_passwords(typed))
        return visit.page("sign_up_done.html", typed={"email": body["email"]})

    async def look_at_link(self, visit: Visit) -> web.Response:
        """Show a button: programs that follow links in mails must not prove anybody's address."""
        return visit.page("verify.html", token=visit.query("token"))

    async def verify(self, visit: Visit) -> web.Response:
        """Prove the address."""
        typed = await visit.form()
        token = typed.get("token", "")
        try:
            await visit.visitor.tell("/v1/identity/verifications", {"token": token})
        except ServiceError as fault:
            kept = "" if fault.code == "identity.verification.refused" else token
            return visit.page("verify.html", fault=fault, token=kept)
        return visit.to("/account/log-in", why="verified")


def _number(typed: Typed, name: str) -> int:
    text = typed.get(name, "").strip()
    if not text.isascii() or not text.isdecimal() or len(text) > 4:
        raise InvalidInputError(fields=(FieldProblem(field=name, code="number", message="Write a whole number."),))
    return int(text)
