"""Chromium before the stack of this run; skipped with a word where there is no browser."""

import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared.stack.directory import StackDirectory
from shared.stack.settings import StackPorts
from tests.browser.visitor import Visitor
from tests.demo.world import World, open_world
from tests.support.parts import free_ports
from tests.support.stack import StackUnderTest

if TYPE_CHECKING:
    from playwright.async_api import Browser

NewVisitor = Callable[..., Awaitable[Visitor]]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def redirect_uri(ports: StackPorts) -> str:
    """Where the app of the company listens for its code: a port of the stack's range that no part of it has."""
    return f"http://127.0.0.1:{ports.base + 48}/in"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each more time: the first waits for the stack, and a browser is slow on a busy machine."""
    for item in items:
        if "/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def program() -> Path:
    """The browser of this machine."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    return Path(found)


@pytest.fixture(scope="session")
async def chromium(program: Path) -> AsyncIterator["Browser"]:
    """A browser that shows nothing."""
    playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed: make setup")
    async with playwright.async_playwright() as started:
        # No sandbox: it needs rights that a container does not have, and all pages are ours.
        launched = await started.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        await launched.close()


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackUnderTest]:
    """A stack of their own: passkeys are for a name, so it is known as localhost, and there is an app to be let in."""
    ports = free_ports()
    app = {"client_id": "desktop", "name": "Candor Desktop", "redirect_uris": [redirect_uri(ports)]}
    settings = {"CANDOR_PUBLIC_URL": f"http://localhost:{ports.base}", "IDENTITY_OAUTH_CLIENTS": json.dumps([app])}
    stack = StackUnderTest(StackDirectory(tmp_path_factory.mktemp("stack")), ports=ports, settings=settings)
    started = stack.run("up")
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        yield stack
    finally:
        stack.run("down")


@pytest.fixture(scope="package")
async def world(stack: StackUnderTest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The stack as seen from outside."""
    async with open_world(stack.home.root, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
async def new_visitor(chromium: "Browser", world: World) -> AsyncIterator[NewVisitor]:
    """Make people, each with a browser of their own; at the end none of their browsers may have complained."""
    made: list[Visitor] = []
    async with AsyncExitStack() as opened:

        async def make(*, scripts: bool = True, width: int = 1200, dark: bool = False) -> Visitor:
            context = await chromium.new_context(
                java_script_enabled=scripts,
                viewport={"width": width, "height": 900},
                color_scheme="dark" if dark else "light",
                locale="en-US",
            )
            context.set_default_timeout(60_000)
            opened.push_async_callback(context.close)
            made.append(await Visitor(await context.new_page(), world).begin())
            return made[-1]

        yield make
        assert [complaint for visitor in made for complaint in visitor.complaints] == []


@pytest.fixture
async def visitor(new_visitor: NewVisitor) -> Visitor:
    """A person at a browser."""
    return await new_visitor()
