"""The texts of e-mails: each template renders, with a subject of one line and only links to our own pages."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.identity.domain.accounts.payment_notices import PaymentNotice
from services.identity.domain.authentication.security import SecurityEventKind
from services.identity.domain.privacy_requests.lifecycle import RetainedItem
from services.identity.emails import security
from services.identity.emails.messages import build_message
from shared.mail import EmailMessage

AT = datetime(2027, 3, 5, 14, 5, tzinfo=UTC)
URL = "https://candor.example"
TEMPLATES = sorted(
    path.stem for path in Path(security.__file__).with_name("templates").glob("*.txt") if path.stem[0] != "_"
)
VALUES: dict[str, Any] = {
    "url": URL,
    "token": "t0ken",
    "at": AT,
    "due_at": AT,
    "ended_at": AT,
    "expires_at": AT,
    "deadline": AT,
    "answer": "You find it under Security.",
    "question_id": "que_1",
    "takes_effect_at": AT,
    "action": "export",
    "cancels_password": True,
    "hours": 24,
    "reason": "case 4711",
    "erasure_id": "era_1",
    "report_id": "rep_1",
    "inspection_id": "ins_1",
    "access_count": 2,
    "amount": "39.99 USD",
    "notice": PaymentNotice(
        account_id="acc_1", charge_id="chg_1", refund_id="ref_1", amount=3_999, currency="USD", at=AT
    ),
    "retained_items": [RetainedItem(description="your account", reason="case 4711", until=AT)],
}


class Outbox:
    """Takes what would be queued."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def enqueue(self, message: EmailMessage, **_: object) -> None:
        self.messages.append(message)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_renders_with_links_to_our_own_pages_only(name: str) -> None:
    message = build_message(name, "ada@customers.example", **VALUES)
    links = re.findall(r"https?://\S+", message.text)
    assert all(link.startswith(f"{URL}/account/") for link in links)
    assert not set("{}#%") & set(message.text)
    assert max(len(line) for line in message.text.splitlines() if "://" not in line) <= 78


@pytest.mark.parametrize("name", TEMPLATES)
def test_I07_no_text_asks_for_a_password(name: str) -> None:
    text = " ".join(build_message(name, "ada@customers.example", **VALUES).text.lower().split())
    assert not re.search(r"(send|tell|give|reply with)( us)? your password", text)


@pytest.mark.parametrize("kind", security._EVENT_TEMPLATES)
async def test_each_event_of_the_owner_has_a_text_with_its_time(kind: SecurityEventKind) -> None:
    outbox = Outbox()
    emails = security.SecurityEmails(outbox, URL)  # type: ignore[arg-type]  # what it calls is there
    await emails.send_security_event("acc_1", "ada@customers.example", kind, at=AT)
    [message] = outbox.messages
    assert "5 March 2027 at 14:05 UTC" in message.text
    assert f"{URL}/account/forgot-password" in message.text


def test_what_must_be_kept_is_listed_and_else_not_mentioned() -> None:
    nothing = build_message("erasure_started", "ada@customers.example", **{**VALUES, "retained_items": ()})
    something = build_message("erasure_started", "ada@customers.example", **VALUES)
    assert "- your account, until 5 March 2027: case 4711" in something.text
    assert "case 4711" not in nothing.text
    assert "\n\n\n" not in nothing.text + something.text
