"""A client that keeps every answer, so that they are searched as well."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import aiohttp

from shared.ids import new_id
from shared.stack.scan.numbers import TEST_NUMBERS
from tests.demo.world import Person, World

_NUMBER = re.compile(r"\d{8,}")
TYPED = TEST_NUMBERS[1:]
"""All but 4242…, which is what people try by themselves."""


@dataclass(slots=True)
class CardClient:
    """Sends requests to one stack with a test number in each; the numbers take turns."""

    world: World
    sent: int = 0
    answers: dict[str, bytearray] = field(default_factory=dict)
    """The answers by route: headers and bodies. A number in one of them is an echo."""
    statuses: dict[int, int] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: cycle(TYPED))

    @property
    def number(self) -> str:
        """The next test number."""
        return str(next(self._numbers))

    async def send(
        self, method: str, path: str, *, by: Person | None = None, headers: Mapping[str, str] | None = None, **body: Any
    ) -> tuple[int, bytes]:
        """Send one request and keep its answer; a connection that the server ends is an answer, too."""
        given = {"Idempotency-Key": new_id("key"), **({"Authorization": f"Bearer {by.token}"} if by else {})}
        self.sent += 1
        with suppress(aiohttp.ClientError, TimeoutError, ValueError):
            async with self.world.http.request(
                method, self.world.base_url + path, headers={**given, **(headers or {})}, allow_redirects=False, **body
            ) as answer:
                content = await answer.read()
                self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
                if not path.startswith("/sync/"):  # Customer Data: what its owner stores is what its owner reads
                    self.keep(f"{method} {path}", str(dict(answer.headers)).encode() + b"\n" + content)
                return answer.status, content
        return 0, b""

    def keep(self, route: str, answer: bytes) -> None:
        """Keep an answer for the search."""
        name = _NUMBER.sub("…", route.partition("?")[0])
        self.answers.setdefault(name, bytearray()).extend(answer + b"\n\n")
