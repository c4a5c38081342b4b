"""Batches: the recipients of a campaign in portions, each of which one worker holds at a time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.newsletter.domain.campaigns.campaigns import DeliveryCounts

BATCH_CODE_LENGTH = 14
"""The first characters of a mail id after its prefix: deliveries of one batch are adjacent in the index."""
MAIL_ID_PREFIX, MAIL_ID_LENGTH = "mail_", 26


class BatchState(StrEnum):
    """The state of a batch."""

    READY = "ready"
    """Waits for its turn, or for the time of its next attempt."""
    QUEUED = "queued"
    """Workers have been told of it."""
    HELD = "held"
    """A worker sends it."""
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignBatch:
    """Some recipients of a campaign.

    *holder* and *beat* fence it: a worker writes only while its name is there, and another one takes over when *beat*
    has not changed for the whole length of a hold.
    """

    batch_id: str
    campaign_id: str
    state: BatchState
    size: int
    delivery_ids: tuple[str, ...] = ()
    """The ids of its deliveries; read only with a single batch."""
    composed_at: datetime | None = None
    """The Date of its emails, from the first attempt on: a repeated email has the same bytes."""
    dkim_selector: str | None = None
    """The key that signs its emails, from the first attempt on: a rotation changes no byte; empty for none."""
    settled_at: datetime | None = None
    """When a worker let it go last; None while one holds it. No answer to its emails is later."""
    due_at: datetime
    holder: str = ""
    beat: int = 0
    counts: DeliveryCounts
    """As of the last time that a worker let it go."""
    repeated_count: int = 0
    """Emails that went out again because the relay's answer was lost."""

    @property
    def has_counts(self) -> bool:
        """Whether a worker has let it go before."""
        return any(self.counts.values())


def parse_batch_code(batch_id: str) -> str:
    """Return the code of a batch, with which the ids of its deliveries begin."""
    return batch_id.partition("_")[2]
