"""What a step sees: the edge, the mailbox, and the people of the story."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE = 30.0
"""Seconds that a person would wait for a mail or a page to change."""


class AnswerError(ValueError):
    """The platform answered with another status than the step expected."""


@dataclass(slots=True, kw_only=True)
class Person:
    """A person who uses the platform: an address, a password, and what logging in gave."""

    email: str
    password: str
    account_id: str = ""
    token: str = ""
    username: str = ""
    app_password: str = ""


def new_person(name: str) -> Person:
    """Return a person without an account yet."""
    mark = secrets.token_hex(4)
    return Person(email=f"{name}-{mark}@customers.example", password=f"{secrets.token_urlsafe(18)} {mark}")


@dataclass(slots=True)
class World:
    """The running stack as seen from outside, and what the story has made so far."""

    http: aiohttp.ClientSession
    access: Mapping[str, Any]
    folder: Path
    ada: Person
    notes: dict[str, Any] = field(default_factory=dict)
    staff: dict[str, list[Person]] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """The address of the edge, without a trailing slash."""
        return str(self.access["base_url"])

    @property
    def customer(self) -> Person:
        """The demo customer whom the stack has made."""
        return Person(**self.access["customer"])

    async def call(
        self,
        method: str,
        path: str,
        *,
        by: Person | None = None,
        json_body: object = None,
        form: Mapping[str, str] | None = None,
        once: bool = False,
        expected: int = 200,
    ) -> Any:
        """Send one request through the edge and return its JSON; *once* adds a fresh Idempotency-Key."""
        headers = {"Authorization": f"Bearer {by.token}"} if by else {}
        if once:
            headers["Idempotency-Key"] = secrets.token_hex(16)
        url = self.base_url + path
        async with self.http.request(method, url, json=json_body, data=form, headers=headers) as answer:
            text = await answer.text()
            if answer.status != expected:
                raise AnswerError(f"{method} {path} answered {answer.status}, not {expected}: {text[:300]}")
            return json.loads(text) if "json" in answer.content_type else text

    async def log_in(self, person: Person) -> Person:
        """Log *person* in and keep the access token."""
        body = {"email": person.email, "password": person.password}
        session = await self.call("POST", "/v1/identity/sessions", json_body=body, expected=201)
        person.token = session["access_token"]
        return person

    async def staff_of(self, role: str, number: int = 0) -> Person:
        """Return a logged-in member of staff with *role*; *number* tells apart those of the same role."""
        entries = [entry for entry in self.access["staff"] if entry["role"] == role]
        entry = entries[number]
        return await self.log_in(Person(email=entry["email"], password=entry["password"]))

    async def mails_to(self, person: Person) -> list[dict[str, Any]]:
        """Return the mails that *person* has received, newest first."""
        url = f"{self.access['mailbox_url'].rstrip('/')}/api/messages"
        async with self.http.get(url, params={"to": person.email}) as answer:
            return list((await answer.json())["items"])

    async def mail_to(
        self, person: Person, *, about: str, but: Collection[str] = (), patience: float = PATIENCE
    ) -> dict[str, Any]:
        """Wait for a mail whose subject contains *about*, and whose id is none of *but*."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            for mail in await self.mails_to(person):
                if about.lower() in mail["subject"].lower() and mail["id"] not in but:
                    return mail
            await asyncio.sleep(0.2)
        raise TimeoutError(f"no mail about {about!r} within {patience:.0f} s")

    async def until(self, path: str, *, by: Person | None, key: str, is_: str) -> Any:
        """Ask *path* again until *key* of its answer is *is_*."""
        deadline = time.monotonic() + PATIENCE
        answer: Any = {}
        while time.monotonic() < deadline:
            answer = await self.call("GET", path, by=by)
            if answer[key] == is_:
                return answer
            await asyncio.sleep(0.3)
        raise TimeoutError(f"{path} stayed at {key}={answer.get(key)!r}, not {is_!r}: {json.dumps(answer)[:300]}")


def link_in(mail: Mapping[str, Any], path: str) -> str:
    """Return the token of the link to *path* in the text of *mail*."""
    found = re.search(re.escape(path) + r"\?token=([A-Za-z0-9._~-]+)", mail["text"])
    if found is None:
        raise LookupError(f"the mail {mail['subject']!r} holds no link to {path}")
    return found.group(1)


@asynccontextmanager
async def open_world(home: Path, folder: Path) -> AsyncIterator[World]:
    """Open the stack whose data folder is *home*; *folder* is scratch space for files."""
    access = json.loads((home / "access.json").read_text(encoding="utf-8"))
    # No cookie jar across people: each person of the story has a browser of their own.
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=60)
    ) as http:
        yield World(http=http, access=access, folder=folder, ada=new_person("ada"))
