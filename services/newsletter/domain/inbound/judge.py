"""The verdict on a mail, in an order that is binding: what comes earlier decides, whatever comes later says.

1. Door and token. Without a live token nothing counts, however perfect the report is.
2. Shape: a report, a complaint, a receipt, an automatic reply, or a person.
3. Delayed or final.
4. The class of the SMTP reply before the status, which Exim, sendmail and others make up.
5. The words.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from services.newsletter.domain.inbound.mime import InboundMail
from services.newsletter.domain.inbound.replies import SmtpReplyText, find_reply
from services.newsletter.domain.inbound.reports import (
    RecipientStatus,
    cut_returned_text,
    has_delivery_status,
    is_disposition_notification,
    list_recipient_statuses,
    read_feedback,
    returns_an_email,
)
from services.newsletter.domain.inbound.verdicts import Judgement, Reason, Verdict
from services.newsletter.domain.inbound.words import AWAY, STILL_TRYING, judge_words


class Door(StrEnum):
    """The kind of address that a mail came to."""

    BOUNCE = "bounce"
    LEAVE = "leave"
    COMPLAINTS = "complaints"
    ROLE = "role"
    RELAY = "relay"
    """No mail: the relay itself refused a letter."""


class TokenState(StrEnum):
    """The token of the door; at the door for complaints, the one in the returned email."""

    LIVE = "live"
    EXPIRED = "expired"
    FORGED = "forged"
    """There is one, and it is not ours."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What SMTP said, and what became of the token in it."""

    door: Door
    token: TokenState
    empty_sender: bool


_UNKNOWN_FEEDBACK = {"not-spam": Reason.NOT_SPAM, "auth-failure": Reason.AUTH_FAILURE, "dmarc": Reason.AUTH_FAILURE}
_COMPLAINTS = {"abuse", "fraud", "virus", "miscategorized"}
_OPT_OUTS = {"opt-out", "opt-out-list"}
_REACHED = {"delivered", "relayed", "expanded"}
_DAEMON = re.compile(
    r"mailer-?daemon|postmaster|mail ?delivery (?:sub)?system|mail-?daemon|mdaemon|mail administrator|<>", re.IGNORECASE
)
_FAILURE_SUBJECT = re.compile(
    r"undeliver|unzustellbar|delivery (?:status|failure|failed|error|problem|notification)|failure notice"
    r"|returned (?:mail|to)|mail (?:delivery )?(?:failed|failure|error|system error)|could not be delivered"
    r"|non-?delivery|delivery has failed|rejected",
    re.IGNORECASE,
)
_AUTO_SUBJECT = re.compile(
    r"\A(?:re: )?(?:auto(?:matic|mated)?[ -]?(?:reply|response|antwort)|out of (?:the )?office|abwesenheit)",
    re.IGNORECASE,
)
_CHALLENGE = re.compile(r"confirm|verify|prove|authenticat|approve your|bestätig", re.IGNORECASE)
_LINK = re.compile(r"https?://")


def judge(mail: InboundMail, envelope: Envelope) -> Judgement:
    """Return the verdict on *mail*."""
    if envelope.door is Door.ROLE:
        return Judgement(Verdict.UNKNOWN, Reason.REQUEST)
    if envelope.door is Door.LEAVE:
        return _judge_leave(mail, envelope)
    if envelope.door is Door.COMPLAINTS:
        return _judge_feedback(mail, envelope) or _judge_bare_complaint(mail, envelope)
    if envelope.token is not TokenState.LIVE:
        return _judge_untrusted(mail, envelope)
    return _judge_feedback(mail, envelope) or _judge_answer(mail, envelope)


def _judge_leave(mail: InboundMail, envelope: Envelope) -> Judgement:
    # Apple Mail unsubscribes with Auto-Submitted: auto-replied, so the door decides before that header is read.
    if envelope.token is TokenState.LIVE and not has_delivery_status(mail):
        return Judgement(Verdict.UNSUBSCRIBE, Reason.MAILTO)
    return _judge_untrusted(mail, envelope)


def _judge_untrusted(mail: InboundMail, envelope: Envelope) -> Judgement:
    if envelope.token is TokenState.EXPIRED:
        return Judgement(Verdict.UNKNOWN, Reason.EXPIRED_TOKEN)
    if envelope.token is TokenState.NONE and not _claims_a_failure(mail, envelope) and not has_delivery_status(mail):
        return _judge_reply(mail) or Judgement(Verdict.UNKNOWN, Reason.HUMAN)
    return Judgement(Verdict.UNKNOWN, Reason.FORGED)


def _judge_feedback(mail: InboundMail, envelope: Envelope) -> Judgement | None:
    feedback = read_feedback(mail)
    if feedback is None:
        return None
    kind = feedback.get("feedback-type", "").strip().lower()
    if kind not in _COMPLAINTS | _OPT_OUTS:
        return Judgement(Verdict.UNKNOWN, _UNKNOWN_FEEDBACK.get(kind, Reason.OTHER_FEEDBACK))
    if envelope.token is not TokenState.LIVE:
        return _without_token(envelope)
    if kind in _OPT_OUTS:
        return Judgement(Verdict.UNSUBSCRIBE, Reason.OPT_OUT)
    return Judgement(Verdict.COMPLAINT, Reason.ABUSE)


def _judge_bare_complaint(mail: InboundMail, envelope: Envelope) -> Judgement:
    """Judge what comes to the door for complaints without a feedback report, as JMRP's do."""
    if not returns_an_email(mail) or has_delivery_status(mail):
        return Judgement(Verdict.UNKNOWN, Reason.HUMAN)
    if envelope.token is not TokenState.LIVE:
        return _without_token(envelope)
    return Judgement(Verdict.COMPLAINT, Reason.ABUSE)


def _without_token(envelope: Envelope) -> Judgement:
    reason = Reason.EXPIRED_TOKEN if envelope.token is TokenState.EXPIRED else Reason.FORGED
    return Judgement(Verdict.UNKNOWN, reason)


def _judge_answer(mail: InboundMail, envelope: Envelope) -> Judgement:
    if is_disposition_notification(mail) and not has_delivery_status(mail):
        return Judgement(Verdict.AUTO_REPLY, Reason.READ_RECEIPT)
    if has_delivery_status(mail):
        return _judge_statuses(mail)
    if _claims_a_failure(mail, envelope):
        return _judge_text(mail)
    return _judge_reply(mail) or Judgement(Verdict.UNKNOWN, Reason.HUMAN)


def _claims_a_failure(mail: InboundMail, envelope: Envelope) -> bool:
    """Whether a mail without a delivery status is a report in words: a daemon wrote it, or its subject says so."""
    if mail.get_header("X-Failed-Recipients"):
        return True
    from_daemon = bool(_DAEMON.search(mail.get_header("From") or "<>"))
    says_failure = bool(_FAILURE_SUBJECT.search(mail.get_header("Subject")))
    return from_daemon or (says_failure and (envelope.empty_sender or find_reply(_own_words(mail)) is not None))


def _judge_reply(mail: InboundMail) -> Judgement | None:
    """Judge an automatic reply (RFC 3834); None for what a person wrote."""
    submitted = mail.get_header("Auto-Submitted").strip().lower()
    automatic = (
        (submitted and not submitted.startswith("no"))
        or mail.get_header("X-Auto-Response-Suppress")
        or mail.get_header("X-Autoreply")
        or mail.get_header("X-Autorespond")
        or mail.get_header("Precedence").strip().lower() in {"auto_reply", "auto-reply"}
        or _AUTO_SUBJECT.search(mail.get_header("Subject"))
    )
    if not automatic:
        return None
    text = f"{mail.get_header('Subject')}\n{mail.plain_text}"
    is_challenge = _CHALLENGE.search(text) and _LINK.search(text)
    return Judgement(Verdict.AUTO_REPLY, Reason.CHALLENGE if is_challenge else Reason.VACATION)


def _judge_statuses(mail: InboundMail) -> Judgement:
    statuses = list_recipient_statuses(mail)
    actions = {each.action for each in statuses}
    failed = [each for each in statuses if each.action not in _REACHED | {"delayed"}]
    if not failed:
        if "delayed" in actions:
            return Judgement(Verdict.SOFT, Reason.DELAYED)
        return Judgement(Verdict.UNKNOWN, Reason.DELIVERED) if actions else _judge_text(mail)
    if actions & _REACHED:
        return Judgement(Verdict.SOFT, Reason.PARTIAL)
    found = [_judge_status(each, mail) for each in failed]
    # An alias is dead only when each of its targets is.
    return next((each for each in found if each.verdict is not Verdict.HARD), found[0])


def _judge_status(status: RecipientStatus, mail: InboundMail) -> Judgement:
    if status.action != "failed" and STILL_TRYING.search(_own_words(mail)):
        return Judgement(Verdict.SOFT, Reason.DELAYED)
    text = _own_words(mail)
    reply = find_reply(status.diagnostic) or (find_reply(text) if not status.diagnostic else None)
    words = status.diagnostic or text
    if reply is None:
        reply = SmtpReplyText(0, status.status)
    elif not reply.says_something and status.status[:1] == str(reply.reply_class):
        reply = SmtpReplyText(reply.code, status.status)
    return _judge_failure(reply, words, text)


def _judge_text(mail: InboundMail) -> Judgement:
    text = _own_words(mail)
    if STILL_TRYING.search(text) and not re.search(r"permanent", text, re.IGNORECASE):
        return Judgement(Verdict.SOFT, Reason.DELAYED)
    reply = find_reply(text)
    found = _judge_failure(reply or SmtpReplyText(0, ""), text, text)
    if reply is None and found.reason is Reason.UNDETERMINED:
        return Judgement(Verdict.UNKNOWN, Reason.UNREADABLE)
    return found


def _judge_failure(reply: SmtpReplyText, words: str, text: str) -> Judgement:
    if reply.reply_class == 4:
        return Judgement(Verdict.SOFT, Reason.EXPIRED)
    found = judge_words(words, reply.enhanced) or (judge_words(text, "") if text != words else None)
    if found is not None:
        return found
    if AWAY.search(text):
        return Judgement(Verdict.AUTO_REPLY, Reason.VACATION)
    return Judgement(Verdict.SOFT, Reason.UNDETERMINED)


def _own_words(mail: InboundMail) -> str:
    return cut_returned_text(mail.plain_text)
