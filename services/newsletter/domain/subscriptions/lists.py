"""Mailing lists."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingList:
    """A list that people can subscribe to."""

    list_id: str
    name: str
    description: str
    created_at: datetime
