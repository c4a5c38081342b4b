"""The verdict on a mail that came in, and whether it counts against the address."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a mail that came in is."""

    HARD = "hard"
    """The address does not exist."""
    SOFT = "soft"
    """The email was not delivered, and the address may well exist."""
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    AUTO_REPLY = "auto_reply"
    UNKNOWN = "unknown"
    """Nothing follows from it; a person may look."""


class Reason(StrEnum):
    """Why; one word for operators, campaigns and relays."""

    UNKNOWN_USER = "unknown_user"
    UNKNOWN_HOST = "unknown_host"
    MAILBOX_FULL = "mailbox_full"
    EXPIRED = "expired"
    """The relay gave up after temporary failures."""
    UNDETERMINED = "undetermined"
    """A final failure that says nothing about the cause."""
    DELAYED = "delayed"
    PARTIAL = "partial"
    """An alias with several targets, of which some were reached."""
    BLOCKED = "blocked"
    """A refusal of us: reputation, policy, content, authentication."""
    TOO_BIG = "too_big"
    OUR_SIDE = "our_side"
    """Our protocol, our sender address or our relay is at fault."""
    ABUSE = "abuse"
    OPT_OUT = "opt_out"
    MAILTO = "mailto"
    VACATION = "vacation"
    CHALLENGE = "challenge"
    READ_RECEIPT = "read_receipt"
    DELIVERED = "delivered"
    NOT_SPAM = "not_spam"
    AUTH_FAILURE = "auth_failure"
    OTHER_FEEDBACK = "other_feedback"
    FORGED = "forged"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - the name of a verdict
    REQUEST = "request"
    """A mail to a role address (questions, support, security, abuse)."""
    HUMAN = "human"
    UNREADABLE = "unreadable"


REFUSALS_OF_US = frozenset({Reason.BLOCKED, Reason.TOO_BIG, Reason.OUR_SIDE})
"""These count against campaign and relay, never against the address."""
_UNCOUNTED = REFUSALS_OF_US | {Reason.DELAYED, Reason.PARTIAL}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one mail."""

    verdict: Verdict
    reason: Reason

    @property
    def counts(self) -> bool:
        """Whether it counts against the address, or ends the subscription."""
        match self.verdict:
            case Verdict.HARD | Verdict.COMPLAINT | Verdict.UNSUBSCRIBE:
                return True
            case Verdict.SOFT:
                return self.reason not in _UNCOUNTED
            case Verdict.AUTO_REPLY | Verdict.UNKNOWN:
                return False

    @property
    def refuses_us(self) -> bool:
        """Whether it counts against the campaign and the relay."""
        return self.reason in REFUSALS_OF_US

    @property
    def needs_a_person(self) -> bool:
        """Whether staff should look at the mail."""
        return self.verdict is Verdict.UNKNOWN and self.reason not in _SILENT


_SILENT = {Reason.DELIVERED, Reason.NOT_SPAM}
