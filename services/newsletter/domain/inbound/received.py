"""A mail that came in, as it is recorded, and the score of an address."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from services.newsletter.domain.inbound.judge import Door, TokenState
from services.newsletter.domain.inbound.verdicts import Judgement

KEPT_FOR = timedelta(days=30)
"""How long staff can read a mail that came in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMail:
    """The record of one mail that came in: what it is about, and the verdict."""

    received_id: str
    received_at: datetime
    door: Door
    token: TokenState
    judgement: Judgement
    service: str
    """The service that sent the email that it is about; empty when that is unknown."""
    mail_id: str
    campaign_id: str
    subscription_id: str
    size: int
    reverted_at: datetime | None = None

    @property
    def needs_a_person(self) -> bool:
        """Whether staff should look at it."""
        return self.judgement.needs_a_person and self.reverted_at is None

    @property
    def is_kept(self) -> bool:
        """Whether the mail itself is kept: a verdict that has an effect can be looked at, a vacation reply cannot."""
        return self.judgement.counts or self.judgement.refuses_us or self.judgement.needs_a_person


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceScore:
    """The newest letters to one subscription that came back, without one in between that did not."""

    subscription_id: str
    mail_ids: tuple[str, ...] = ()
    first_at: datetime | None = None
    last_at: datetime | None = None

    def add(self, mail_id: str, at: datetime, *, accepted_between: bool) -> Self:
        """Return the score after *mail_id* came back; a letter that was accepted in between resets it.

        Two reports about one letter count once.
        """
        if mail_id in self.mail_ids:
            return self
        if accepted_between or self.first_at is None:
            return replace(self, mail_ids=(mail_id,), first_at=at, last_at=at)
        return replace(self, mail_ids=(*self.mail_ids, mail_id), last_at=at)

    def remove_letter(self, mail_id: str) -> Self:
        """Return the score as if *mail_id* had not come back."""
        left = tuple(each for each in self.mail_ids if each != mail_id)
        return replace(self, mail_ids=left) if left else replace(self, mail_ids=(), first_at=None, last_at=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePolicy:
    """When soft bounces mean that an address is dead: several letters in a row over some time."""

    letters: int
    span: timedelta

    def is_dead(self, score: BounceScore) -> bool:
        """Return whether *score* exceeds the limit."""
        if score.first_at is None or score.last_at is None:
            return False
        return len(score.mail_ids) >= self.letters and score.last_at - score.first_at >= self.span


def was_accepted_between(accepted: Sequence[str], bounced: Sequence[str], mail_id: str) -> bool:
    """Return whether a letter of *accepted* was sent after the last of *bounced* and before *mail_id*, and stayed away.

    The ids are in the order of sending. A relay accepts nearly everything and reports later, so acceptance alone says
    nothing: what counts is a letter that was followed by a report about the next one only.
    """
    if not bounced or mail_id not in accepted:
        return False
    order = list(accepted)
    last = max((order.index(each) for each in bounced if each in order), default=-1)
    return any(each not in bounced for each in order[last + 1 : order.index(mail_id)])
