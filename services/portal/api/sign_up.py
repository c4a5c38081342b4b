"""Pages of sign-up and email verification."""

from aiohttp import web

from services.portal.api.context import FormData, PageContext, without_passwords
from services.portal.api.middleware import PageRoute, page_route, public_form_route
from services.portal.domain import SIGN_UP
from shared.errors import FieldProblem, InvalidInputError, ServiceError


class SignUpPages:
    """Handlers of the sign up pages."""

    def build_routes(self) -> tuple[PageRoute, ...]:
        """Return the pages from the age screen to the account."""
        return (
            page_route("/account/sign-up", self.show_age_screen),
            public_form_route("/account/sign-up", self.submit_age_screen),
            public_form_route("/account/sign-up/account", self.submit_sign_up),
            page_route("/account/verify", self.show_verification),
            public_form_route("/account/verify", self.submit_verification),
        )

    async def show_age_screen(self, context: PageContext) -> web.Response:
        """Ask for month and year of birth, neutrally: no default and no hint (C23)."""
        return (
            context.render("sign_up_age.html")
            if context.get_cookie(SIGN_UP) is None
            else context.render("sign_up_closed.html")
        )

    async def submit_age_screen(self, context: PageContext) -> web.Response:
        """Continue to email and password, or refuse and set a cookie so that going back does not help."""
        typed = await context.read_form()
        if context.get_cookie(SIGN_UP) is not None:
            return context.render("sign_up_closed.html")
        try:
            birth = {
                "birth_year": _parse_number(typed, "birth_year"),
                "birth_month": _parse_number(typed, "birth_month"),
            }
            reply = await context.user_session.post_public("/v1/identity/age-screens", birth)
        except ServiceError as fault:
            return context.render("sign_up_age.html", fault=fault, typed=typed)
        if not reply["passed"]:
            context.set_cookie(SIGN_UP, "answered")
            return context.render("sign_up_closed.html")
        return context.render("sign_up.html", typed={"age_token": reply["age_token"]})

    async def submit_sign_up(self, context: PageContext) -> web.Response:
        """Sign up; the reply does not depend on whether the address has an account."""
        typed = await context.read_form()
        body = {name: typed.get(name, "") for name in ("age_token", "email", "password")}
        try:
            await context.user_session.post_public("/v1/identity/accounts", body)
        except ServiceError as fault:
            return context.render("sign_up.html", fault=fault, typed=without_passwords(typed))
        return context.render("sign_up_done.html", typed={"email": body["email"]})

    async def show_verification(self, context: PageContext) -> web.Response:
        """Show a button: a mail scanner that opens the link must not verify the address."""
        return context.render("verify.html", token=context.get_query("token"))

    async def submit_verification(self, context: PageContext) -> web.Response:
        """Verify the address."""
        typed = await context.read_form()
        token = typed.get("token", "")
        try:
            await context.user_session.post_public("/v1/identity/verifications", {"token": token})
        except ServiceError as fault:
            retry_token = "" if fault.code == "identity.verification_token.invalid" else token
            return context.render("verify.html", fault=fault, token=retry_token)
        return context.redirect("/account/log-in", why="verified")


def _parse_number(typed: FormData, name: str) -> int:
    text = typed.get(name, "").strip()
    if not text.isascii() or not text.isdecimal() or len(text) > 4:
        raise InvalidInputError(fields=(FieldProblem(field=name, code="number", message="Enter a whole number."),))
    return int(text)
