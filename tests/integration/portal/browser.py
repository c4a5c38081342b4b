"""A browser without a script: keeps cookies, follows redirects, fills in the forms that are on the page."""

import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import aiohttp
from lxml import html

HEADERS = {"Accept": "text/html", "User-Agent": "Firefox on Linux", "Sec-Fetch-Site": "same-origin"}


@dataclass(slots=True)
class Page:
    """What came back."""

    status: int
    path: str
    headers: Any
    raw: bytes

    @property
    def tree(self) -> Any:
        """The parsed page."""
        return html.fromstring(self.raw.decode())

    @property
    def text(self) -> str:
        """The words of the page, blanks made one."""
        return " ".join(self.tree.text_content().split())

    @property
    def name(self) -> str:
        """The name of the template that made the page."""
        return str(self.tree.xpath("string(//main/@data-page)"))

    @property
    def marks(self) -> list[str]:
        """The marks (``data-test``) of notices and other parts of the page, in their order."""
        return [str(mark) for mark in self.tree.xpath("//@data-test")]

    def part(self, mark: str) -> str:
        """Return the text of the first part with *mark*, blanks made one."""
        found = self.tree.xpath("//*[@data-test=$mark]", mark=mark)
        assert found, f"no {mark} among {self.marks}"
        return " ".join(found[0].text_content().split())

    @property
    def title(self) -> str:
        """The first heading."""
        return " ".join(self.tree.xpath("string(//h1)").split())

    def form_with(self, field: str) -> dict[str, str]:
        """Return the fields of the form that has *field*."""
        [found] = self.tree.xpath(f"//form[.//input[@name='{field}']]")
        return {name: value or "" for name, value in found.fields.items() if name}

    def form(self, action: str) -> dict[str, str]:
        """Return the fields of the form that is sent to *action*, with what stands in them."""
        [found] = self.tree.xpath(f"//form[@action='{action}']")
        return {name: value or "" for name, value in found.fields.items() if name}


@dataclass(slots=True)
class Browser:
    """One visitor."""

    http: aiohttp.ClientSession
    base_url: str
    cookies: dict[str, str] = field(default_factory=dict)
    set: list[str] = field(default_factory=list)
    """Each Set-Cookie header that was seen."""
    headers: dict[str, str] = field(default_factory=lambda: dict(HEADERS))

    @property
    def session(self) -> str | None:
        """The cookie of a log-in, if there is one."""
        return next((value for name, value in self.cookies.items() if re.fullmatch(r"candor-\d+", name)), None)

    async def get(self, path: str, **headers: str) -> Page:
        """Open a page; redirects are followed."""
        return await self.send("GET", path, headers=headers)

    async def submit(self, page: Page, action: str, **typed: str) -> Page:
        """Fill in the form on *page* and send it."""
        return await self.send("POST", action, form={**page.form(action), **typed})

    async def post(self, action: str, **typed: str) -> Page:
        """Open the page that has the form to *action* under the same address, fill it in, send it."""
        return await self.submit(await self.get(action), action, **typed)

    async def log_in(self, email: str, password: str) -> Page:
        """Log in."""
        return await self.post("/account/log-in", email=email, password=password)

    async def send(
        self,
        method: str,
        path: str,
        *,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        follow: bool = True,
    ) -> Page:
        """Send one request, and those that its redirects ask for."""
        sent = {**self.headers, **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        url = self.base_url + path
        async with self.http.request(method, url, data=form, headers=sent, allow_redirects=False) as answer:
            self._keep(answer.headers.getall("Set-Cookie", []))
            page = Page(answer.status, path, answer.headers, await answer.read())
        if follow and page.status == 303:
            return await self.send("GET", page.headers["Location"])
        if follow and page.status == 307:
            return await self.send(method, page.headers["Location"], form=form)
        return page

    def _keep(self, headers: list[str]) -> None:
        self.set += headers
        for header in headers:
            for name, morsel in SimpleCookie(header).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
