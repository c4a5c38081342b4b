"""A person at a real browser, and what the browser complains of behind their back."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.demo.world import Person, World, link_in

if TYPE_CHECKING:  # where there is no playwright, the tests are skipped with a word, not broken
    from playwright.async_api import ConsoleMessage, Locator, Page, Request

REFUSALS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.effectiveDirective} refused ${event.blockedURI || event.sourceFile}`));
"""


def passkey_button(action: str) -> str:
    """Return the selector of the button that asks for a passkey for *action*."""
    return f'form[data-passkey][action="{action}"] button'


@dataclass  # no slots: playwright hangs its wrappers on the object whose methods listen
class Visitor:
    """One person with a browser of their own."""

    page: "Page"
    world: World
    complaints: list[str] = field(default_factory=list)
    """What the console says, scripts that failed, and requests that left for another origin."""
    sent: list[str] = field(default_factory=list)
    """Everything that the browser has sent: method, address and body."""

    async def begin(self) -> "Visitor":
        """Listen to the browser."""
        await self.page.add_init_script(REFUSALS)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda fault: self.complaints.append(f"script: {fault}"))
        self.page.on("request", self._on_request)
        return self

    async def open(self, path: str) -> None:
        """Open a page of the site."""
        await self.page.goto(self.world.base_url + path)

    async def fill_in(self, **typed: str) -> None:
        """Fill in fields by their ids."""
        for field_id, text in typed.items():
            await self.page.locator(f"#{field_id}:visible").fill(text)

    def button(self, target: str) -> "Locator":
        """The visible button of the form that is sent to the path *target*, or of what a selector names."""
        chosen = f'form[action="{target}"]:not([data-passkey]) button' if target.startswith("/") else target
        return self.page.locator(chosen).locator("visible=true").first

    async def press(self, target: str) -> None:
        """Press the button of the form that is sent to *target* and wait for the page that follows."""
        async with self.page.expect_navigation():
            await self.button(target).click()

    async def press_passkey(self, action: str) -> None:
        """Press the button that asks for a passkey, and wait for the page that follows."""
        await self.press(passkey_button(action))

    @property
    def where(self) -> str:
        """The path of the page."""
        return self.page.url.removeprefix(self.world.base_url)

    async def name(self) -> str:
        """Return the name of the template that made the page."""
        return await self.page.locator("main").get_attribute("data-page") or ""

    async def marks(self) -> list[str]:
        """Return the marks (``data-test``) of the parts of the page."""
        found = self.page.locator("main [data-test]")
        return [str(mark) for mark in await found.evaluate_all("found => found.map(part => part.dataset.test)")]

    async def text(self) -> str:
        """Return all that the page says."""
        return await self.page.locator("main").inner_text()

    async def follow_mail(self, person: Person, *, about: str, path: str) -> None:
        """Open the link to *path* in the mail that *person* gets."""
        mail = await self.world.mail_to(person, about=about)
        await self.open(f"{path}?token={link_in(mail, path)}")

    async def sign_up(self, person: Person) -> None:
        """Become a customer: age screen, address, mail, log-in."""
        await self.open("/account/sign-up")
        await self.fill_in(birth_month="12", birth_year="1985")
        await self.press("/account/sign-up")
        await self.fill_in(email=person.email, password=person.password)
        await self.press("/account/sign-up/account")
        await self.follow_mail(person, about="confirm", path="/account/verify")
        await self.press("/account/verify")
        await self.log_in(person)

    async def log_in(self, person: Person) -> None:
        """Log in."""
        if not self.where.startswith("/account/log-in"):
            await self.open("/account/log-in")
        await self.fill_in(email=person.email, password=person.password)
        await self.press("/account/log-in")

    async def use_passkeys(self) -> None:
        """Have a device that makes passkeys and asks for a finger, which is always the right one (Chromium's own)."""
        devices = await self.page.context.new_cdp_session(self.page)
        await devices.send("WebAuthn.enable")
        device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        options = {**device, "isUserVerified": True, "automaticPresenceSimulation": True}
        await devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    async def log_out(self) -> None:
        """Log out."""
        await self.open("/account/log-out")
        await self.press("/account/log-out")

    def _on_console(self, message: "ConsoleMessage") -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console: {message.text}")

    def _on_request(self, request: "Request") -> None:
        self.sent.append(f"{request.method} {request.url} {request.post_data or ''}")
        if not request.url.startswith((self.world.base_url, "data:")):
            self.complaints.append(f"left for another origin: {request.url}")
