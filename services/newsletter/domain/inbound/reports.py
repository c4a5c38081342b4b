"""Machine-written reports: delivery status (RFC 3464, RFC 6533), feedback (RFC 5965), and the email they return."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.newsletter.domain.inbound.mime import InboundMail, parse_fields

_DELIVERY_STATUS = ("message/delivery-status", "message/global-delivery-status")
_FEEDBACK = ("message/feedback-report",)
_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers")
_RETURNED_TEXT = re.compile(
    r"^[ \t>]{0,20}(?:Return-Path:|X-Original-To:|Received: (?:from|by|\(qmail)"
    r"|-{2,60}[^\n]{0,60}(?:copy of|(?:original|returned|undelivered) message|message follows|below this line)"
    r"|(?:Message headers follow|(?:The )?original message (?:follows|is attached|below)|Below is a copy of))",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(r"[^\s<>\"',;:@]{1,64}@[A-Za-z0-9.-]{1,255}")
_MAX_ADDRESSES = 50
_MAX_BLOCKS = 100


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """What a delivery status says about one recipient."""

    action: str
    """failed, delayed, delivered, relayed or expanded; empty when it says none."""
    status: str
    diagnostic: str
    """The reply of the remote server, without the type in front of it."""


def list_recipient_statuses(mail: InboundMail) -> list[RecipientStatus]:
    """Return the statuses of a delivery report, the outermost only; empty when the mail is none."""
    text = mail.get_part(*_DELIVERY_STATUS)
    if text is None:
        return []
    blocks = [parse_fields(block) for block in re.split(r"\r?\n[ \t]*\r?\n", text.strip(), maxsplit=_MAX_BLOCKS)]
    return [_read_status(block) for block in blocks if block.keys() & {"action", "final-recipient", "status"}]


def has_delivery_status(mail: InboundMail) -> bool:
    """Return whether the mail has a delivery status, which may say nothing."""
    return mail.get_part(*_DELIVERY_STATUS) is not None


def read_feedback(mail: InboundMail) -> Mapping[str, str] | None:
    """Return the fields of a feedback report; None when the mail is none."""
    text = mail.get_part(*_FEEDBACK)
    return None if text is None else parse_fields(text.strip())


def is_disposition_notification(mail: InboundMail) -> bool:
    """Return whether the mail is a read receipt (RFC 8098)."""
    return mail.get_part("message/disposition-notification") is not None


def returns_an_email(mail: InboundMail) -> bool:
    """Return whether an email is attached, as JMRP does without a feedback report."""
    return mail.get_part(*_RETURNED) is not None


def cut_returned_text(text: str) -> str:
    """Return what a report in plain text says itself, without the email that it repeats."""
    match = _RETURNED_TEXT.search(text)
    return text[: match.start()] if match else text


def list_claimed_senders(mail: InboundMail) -> list[str]:
    """Return the addresses that a report names as the envelope sender of the returned email.

    Anybody can write them: what makes one trustworthy is its signature.
    """
    return list(dict.fromkeys(_claimed(mail)))[:_MAX_ADDRESSES]


def _claimed(mail: InboundMail) -> Iterator[str]:
    feedback = read_feedback(mail) or {}
    yield from _ADDRESS.findall(feedback.get("original-mail-from", ""))
    for part in mail.parts:
        if part.content_type in _RETURNED:
            fields = parse_fields(part.text.lstrip())
            for name in ("return-path", "x-envelope-from", "x-original-from", "reply-to"):
                yield from _ADDRESS.findall(fields.get(name, ""))


def _read_status(block: Mapping[str, str]) -> RecipientStatus:
    status = re.search(r"[245]\.\d{1,3}\.\d{1,3}", block.get("status", ""))
    return RecipientStatus(
        action=re.split(r"[\s(;]", block.get("action", "").strip().lower())[0],
        status=status[0] if status else "",
        diagnostic=re.sub(r"\A\s*[\w-]+\s*;", "", block.get("diagnostic-code", "")).strip(),
    )
