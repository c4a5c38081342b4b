"""Personalisation without logic: a text may name a few fields, and nothing else is evaluated (N-11)."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from services.newsletter.errors import UnknownPlaceholderError

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")


class PlaceholderField(StrEnum):
    """The fields that a campaign may show to its recipient."""

    EMAIL = "email"
    LIST_NAME = "list_name"
    SUBSCRIBED_ON = "subscribed_on"
    UNSUBSCRIBE_URL = "unsubscribe_url"


PERSONAL_FIELDS = (PlaceholderField.EMAIL, PlaceholderField.SUBSCRIBED_ON, PlaceholderField.UNSUBSCRIBE_URL)
"""The fields that differ between recipients."""
SUBJECT_FIELDS = (PlaceholderField.EMAIL, PlaceholderField.LIST_NAME, PlaceholderField.SUBSCRIBED_ON)


def list_placeholders(text: str) -> list[str]:
    """Return the names of the placeholders in *text*, as they are written."""
    return [found.strip() for found in _PLACEHOLDER.findall(text)]


def check_placeholders(
    text: str, *, allowed: Sequence[PlaceholderField] = tuple(PlaceholderField), field: str = "text"
) -> None:
    """Raise UnknownPlaceholderError unless each placeholder names a field that may stand there."""
    unknown = sorted(set(list_placeholders(text)) - set(allowed))
    if unknown:
        raise UnknownPlaceholderError(unknown, allowed, field=field)


def split_placeholders(text: str) -> Iterator[tuple[str, PlaceholderField | None]]:
    """Yield the parts of *text*: a literal with None, or the text of a placeholder with its field."""
    position = 0
    for found in _PLACEHOLDER.finditer(text):
        yield text[position : found.start()], None
        yield found[0], PlaceholderField(found[1].strip())
        position = found.end()
    yield text[position:], None
