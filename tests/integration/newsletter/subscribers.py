"""The steps of editors and subscribers, over HTTP."""

import re
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from shared.ids import new_id
from shared.web import Principal
from tests.support.fake_services import PUBLIC_URL, Mailbox, until
from tests.support.running import Answer, Running, person

ROOT = "/v1/newsletter"
EDITOR = person("staff", "support", number="7")
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def address() -> str:
    """Return a new address."""
    return f"{new_id('r').removeprefix('r_')}@customers.example"


def parse_link(mail: EmailMessage, path: str) -> str:
    """Return the token of the link to a page in the text of *mail*."""
    part = mail.get_body(("plain",))
    assert part is not None
    found = re.search(re.escape(f"{PUBLIC_URL}{path}") + r"\?token=([A-Za-z0-9._~-]+)", part.get_content())
    assert found is not None, part.get_content()
    return found.group(1)


@dataclass(frozen=True, slots=True)
class Subscribers:
    """Calls the service over HTTP and reads the mail."""

    service: Running
    mailbox: Mailbox

    async def a_list(self, name: str = "") -> str:
        """Create a list."""
        body = {"name": name or new_id("List"), "description": "Once a month."}
        made = await self.service.call("POST", f"{ROOT}/lists", by=EDITOR, body=body, key=new_id("key"))
        assert made.status == 201, made.body
        return str(made.body["list_id"])

    async def request_subscription(self, list_id: str, email: str, *, by: Principal | None = None) -> Answer:
        """Request a subscription."""
        body = {"list_id": list_id, "email": email}
        return await self.service.call("POST", f"{ROOT}/subscriptions", by=by, body=body)

    async def mail_about(self, email: str, about: str) -> EmailMessage:
        """Wait for an email with *about* in its subject."""

        async def look() -> EmailMessage | None:
            return next((mail for mail in self.mailbox.mails_to(email) if about in str(mail["Subject"])), None)

        found = await until(look)
        assert found is not None
        return found

    async def confirm(self, token: str, *, by: Principal | None = None) -> Answer:
        """Confirm as the page does."""
        return await self.service.call("POST", f"{ROOT}/confirmations", by=by, body={"token": token})

    async def request_and_read_mail(self, list_id: str, email: str, *, by: Principal | None = None) -> str:
        """Request a subscription; return the token of the email."""
        before = len(self.mailbox.mails_to(email))
        assert (await self.request_subscription(list_id, email, by=by)).status == 202

        async def look() -> bool:
            return len(self.mailbox.mails_to(email)) > before

        await until(look)
        return parse_link(self.mailbox.mails_to(email)[-1], "/newsletter/confirm")

    async def join(self, list_id: str, email: str, *, by: Principal | None = None) -> str:
        """Subscribe and confirm, both with the same login; return the id of the subscription."""
        confirmed = await self.confirm(await self.request_and_read_mail(list_id, email, by=by), by=by)
        assert confirmed.status == 200, confirmed.body
        return str(confirmed.body["subscription_id"])

    async def join_new_address(self) -> tuple[str, str]:
        """Create a list with one subscriber; return both."""
        list_id, email = await self.a_list(), address()
        await self.join(list_id, email)
        return list_id, email

    async def create_campaign(self, list_id: str, subject: str, *, text: str = "What is new.\n\nThat is all.") -> str:
        """Create a campaign; return its path."""
        body = {"list_id": list_id, "subject": subject, "text": text}
        made = await self.service.call("POST", f"{ROOT}/campaigns", by=EDITOR, body=body, key=new_id("key"))
        assert made.status == 201, made.body
        return f"{ROOT}/campaigns/{made.body['campaign_id']}"

    async def start_campaign(self, path: str) -> Answer:
        """Send a campaign."""
        return await self.service.call("POST", f"{path}/send", by=EDITOR, key=new_id("key"))

    async def act(self, path: str, action: str) -> Answer:
        """Pause, resume, cancel or send a campaign."""
        return await self.service.call("POST", f"{path}/{action}", by=EDITOR, key=new_id("key"))

    async def send_campaign(self, path: str) -> dict[str, int]:
        """Wait until a campaign is sent; return its counts."""

        async def look() -> Any:
            view = (await self.service.call("GET", path, by=EDITOR)).body
            return view if view["state"] == "sent" else None

        return dict((await until(look))["counts"])

    async def campaign(self, list_id: str, subject: str = "News") -> dict[str, int]:
        """Create and send a campaign; return its final counts."""
        path = await self.create_campaign(list_id, subject)
        assert (await self.start_campaign(path)).status == 202
        return await self.send_campaign(path)

    async def one_click(self, path: str) -> Answer:
        """Unsubscribe as a mail provider does."""
        return await self.service.call("POST", path, raw=ONE_CLICK, headers=FORM)


def parse_one_click(mail: EmailMessage) -> str:
    """Return the path of the one-click link of an email."""
    return str(mail["List-Unsubscribe"]).partition(",")[0].strip("<>").removeprefix(PUBLIC_URL)
