"""Placeholders on their way through Markdown: letters stand for them while it is rendered, then slots."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlsplit

from services.newsletter.domain.campaigns.personalization import PERSONAL_FIELDS, PlaceholderField, split_placeholders
from services.newsletter.emails.markdown import LinkTarget, MarkdownText
from services.newsletter.errors import PersonalLinkError
from shared.mail import build_slot

_IN_URL = "_in_url"
# Mail programs make a link of what only looks like one.
_WORD = re.compile(r"[^\s<>()\[\]\"]+")
_LINK_START = re.compile(r"[a-z][a-z0-9+.-]*://|www\.|(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?[/?#]", re.IGNORECASE)
_MAX_LINK = 2_000


@dataclass(frozen=True, slots=True)
class PlaceholderMarks:
    """Letters that stand for the placeholders of one text; Markdown keeps them, in a link, too."""

    plain: Mapping[PlaceholderField, str]
    in_url: Mapping[PlaceholderField, str]

    @classmethod
    def choose_marks(cls, text: str) -> Self:
        """Return marks that do not occur in *text*."""
        return cls(
            {name: _choose_mark(text, name) for name in PlaceholderField},
            {name: _choose_mark(text, name + _IN_URL) for name in PlaceholderField},
        )

    def mark_text(self, text: str) -> str:
        """Return *text* with marks for its placeholders."""
        return "".join(part if name is None else self.plain[name] for part, name in split_placeholders(text))

    def mark_links(self, parsed: MarkdownText) -> None:
        """Let what is filled into the target of a link be encoded; a link that is a placeholder stays whole."""

        def rewrite(url: str) -> str:
            if url == self.plain[PlaceholderField.UNSUBSCRIBE_URL]:
                return url
            for name, mark in self.plain.items():
                url = url.replace(mark, self.in_url[name])
            return url

        parsed.rewrite_links(rewrite)

    def fill_slots(self, rendered: str) -> str:
        """Return *rendered* with slots in place of the marks."""
        for name, mark in self.plain.items():
            rendered = rendered.replace(mark, build_slot(name))
        for name, mark in self.in_url.items():
            rendered = rendered.replace(mark, build_slot(name + _IN_URL))
        return rendered

    def reject_personal_links(self, marked: str, parsed: MarkdownText, *, own_host: str) -> None:
        """Raise PersonalLinkError for a link by which another host would learn who reads the email."""
        for link in (*parsed.list_links(), *self._iter_bare_links(marked)):
            names = self._list_personal(link.url)
            is_unsubscription = link.url == self.plain[PlaceholderField.UNSUBSCRIBE_URL]
            if names and not is_unsubscription and not self._is_harmless(link.url, own_host):
                raise PersonalLinkError(link.line, names)

    def _is_harmless(self, url: str, own_host: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        is_own = parts.scheme in ("http", "https") and parts.netloc.lower() == own_host
        return is_own and not self._list_personal(parts.path)  # our own access log has paths, and no queries

    def _iter_bare_links(self, marked: str) -> Iterator[LinkTarget]:
        """Yield what mail programs make a link of although it is none in Markdown."""
        for number, line in enumerate(marked.split("\n"), start=1):
            for word in _WORD.findall(line) if self._list_personal(line) else ():
                found = _LINK_START.search(word[:_MAX_LINK])
                if found:
                    yield LinkTarget(word[found.start() :], number)

    def _list_personal(self, text: str) -> list[PlaceholderField]:
        return [name for name in PERSONAL_FIELDS if self.plain[name] in text]


def build_slot_values(values: Mapping[PlaceholderField, str]) -> dict[str, str]:
    """Return the values of all slots: as they are, and encoded for the target of a link."""
    plain = {name.value: value for name, value in values.items()}
    return plain | {name + _IN_URL: quote(value, safe="") for name, value in plain.items()}


def _choose_mark(text: str, name: str) -> str:
    mark = f"slot{name.replace('_', '')}"
    while mark in text:
        mark += "x"
    return mark + "end"
