"""Every mail class of the platform as bytes: ``python -m tests.support.golden_mails`` writes tests/data/golden_mails.

A mail class is a template with a subject line in ``services/<service>/emails/templates``. The golden bytes show in a
diff what a change of a text, a header or the composition does to what customers receive.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from shared.mail import EmailAddress, EmailMessage, EmailTemplates, FromAddress, compose
from tests.support import NOON
from tests.support.campaigns import GOLDEN, build_golden_email

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/data/golden_mails"
URL = "https://candor.example"
SENDER = FromAddress.parse("Candor <no-reply@candor.example>")
ADA = EmailAddress("ada@customers.example")
TOKEN = "T" * 120

VALUES: Mapping[str, object] = {
    "url": URL,
    "public_url": URL,
    "token": TOKEN,
    "at": NOON,
    "due_at": NOON + timedelta(days=14),
    "deadline": NOON + timedelta(days=30),
    "ended_at": NOON,
    "expires_at": NOON + timedelta(days=7),
    "approved_at": NOON,
    "answer": "You find it under Security.",
    "question_id": "que_" + "0" * 26,
    "takes_effect_at": NOON + timedelta(days=5),
    "action": "remove_second_factors",
    "cancels_password": False,
    "hours": 48,
    "access_count": 3,
    "reason": "You wrote to us",
    "erasure_id": "ers_" + "0" * 26,
    "inspection_id": "ins_" + "0" * 26,
    "report_id": "rep_" + "0" * 26,
    "retained_items": [
        SimpleNamespace(description="1 record of a payment", until=NOON + timedelta(days=3650), reason="tax law")
    ],
    "subject": "Your data was disclosed as required by law",
    "case": SimpleNamespace(
        requester="A court", reference="1 Ab 2/27", case_id="cas_" + "0" * 26, fields=["identity.accounts.email"]
    ),
    "amount": "39.99 USD",
    "notice": SimpleNamespace(charge_id="chg_" + "0" * 26, refund_id="ref_" + "0" * 26, is_credit=False, at=NOON),
    "links": [("Größe & Maß", f"{URL}/newsletter/unsubscribe?token={TOKEN}")],
    "requested_in_account": True,
    "list_name": "Größe & Maß – the news of everything that we measure, weigh and count, once a month",
    "description": "Once a month.",
    "origin": "our shop, orders until 2026",
    "confirmation_url": f"{URL}/newsletter/confirm?token={TOKEN}",
    "consent_text": "Send me the emails of this list.",
}
"""A sample for every variable of every template; a template with a new variable needs one here."""


@dataclass(frozen=True, slots=True)
class MailClass:
    """A kind of email; it is rendered when it is asked for, so that a missing sample fails one test."""

    service: str
    template: str

    @property
    def kind(self) -> str:
        """The kind, as the mail queue names it."""
        return f"{self.service}.{self.template}"

    @property
    def email(self) -> EmailMessage:
        """One email of it; a new variable of the template needs a sample in VALUES."""
        rendered = EmailTemplates(f"services.{self.service}.emails").render(self.template, **VALUES)
        return EmailMessage(kind=self.kind, to=ADA, subject=rendered.subject, text=rendered.text)

    @property
    def raw(self) -> bytes:
        """The bytes, without a signature."""
        return compose(self.email, SENDER, mail_id="mail_" + "0" * 26, at=NOON, dkim=None)

    @property
    def file(self) -> Path:
        """Where the golden bytes are."""
        return FOLDER / f"{self.kind}.eml"


def list_mail_classes() -> Iterator[MailClass]:
    """Yield every mail class, by kind."""
    for folder in sorted((ROOT / "services").glob("*/emails/templates")):
        for file in sorted(folder.glob("*.txt")):
            if _has_subject(file):
                yield MailClass(folder.parts[-3], file.stem)


def _has_subject(file: Path) -> bool:
    return any(line.startswith("Subject: ") for line in file.read_text(encoding="utf-8").splitlines()[:2])


def main() -> int:
    """Write the golden bytes, and delete those of classes that are gone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = list(list_mail_classes())
    for stale in set(FOLDER.glob("*.eml")) - {each.file for each in found}:
        stale.unlink()
    for each in found:
        each.file.write_bytes(each.raw)
    GOLDEN.write_bytes(build_golden_email())
    return 0


if __name__ == "__main__":
    sys.exit(main())
