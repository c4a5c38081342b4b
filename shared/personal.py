"""Declares personal data once, on the model: category, purposes, retention (C01, C06, C17).

The declaration drives the validator, the record of processing, the export, the erasure, the retention sweeper, the
redaction of logs and the purpose check of ``shared.crypto.Vault``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel

from shared.policy.purposes import Purpose


class Category(StrEnum):
    """The category of a personal field."""

    CONTACT = "contact"
    CREDENTIAL = "credential"
    PSEUDONYM = "pseudonym"
    DEVICE = "device"
    CONTENT = "content"
    CONSENT = "consent"
    PAYMENT = "payment"
    USAGE = "usage"
    LEGAL = "legal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long a field is kept: *limit* after the time in the field *since*, or until erased without a limit."""

    limit: timedelta | None = None
    since: str = "created_at"
    ends_unused: bool = False
    """Whether a worker of the service also deletes what is of no more use, as no field alone can say."""


UNTIL_ERASED = Retention()
UNTIL_ERASED_OR_UNUSED = Retention(ends_unused=True)


def retain_for(days: float, *, since: str = "created_at") -> Retention:
    """Keep for *days* after the time in the field *since*; then the retention sweeper deletes the document."""
    return Retention(limit=timedelta(days=days), since=since)


@dataclass(frozen=True, slots=True)
class Personal:
    """The declaration of personal data on a field.

    ``email: Annotated[bytes, Personal(Category.CONTACT, {Purpose.ACCOUNT}, UNTIL_ERASED)]``
    """

    category: Category
    purposes: Iterable[Purpose]
    retention: Retention

    def __post_init__(self) -> None:
        allowed = frozenset(self.purposes)
        if not allowed:
            raise ValueError("a personal field needs at least one purpose")
        object.__setattr__(self, "purposes", allowed)

    def allows(self, purpose: Purpose) -> bool:
        """Return whether the field may be read for *purpose*."""
        return purpose in frozenset(self.purposes)


def personal_fields(model: type[BaseModel]) -> dict[str, Personal]:
    """Return the declarations of *model* by stored field name (the alias, if any)."""
    return {
        info.alias or name: mark
        for name, info in model.model_fields.items()
        for mark in info.metadata
        if isinstance(mark, Personal)
    }
