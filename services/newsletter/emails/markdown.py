"""Markdown as HTML and as plain text. Raw HTML is shown as text; images come from our own host, or from nowhere."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from services.newsletter.errors import ForeignImageError

_TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p"),
    *("pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_PARSER = MarkdownIt("js-default")


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """The target of a link, and the line where its paragraph begins."""

    url: str
    line: int


class MarkdownText:
    """A parsed text."""

    def __init__(self, text: str, *, own_host: str) -> None:
        """Raise ForeignImageError for an image of another host: it would count who reads the email, and when."""
        self._tokens = _PARSER.parse(text)
        self._own_host = own_host
        if any(not self._is_own(url) for url in self.list_image_urls()):
            raise ForeignImageError

    def list_image_urls(self) -> list[str]:
        """Return the addresses of the images."""
        return [str(image.attrs.get("src", "")) for image in _iter_images(self._tokens)]

    def list_links(self) -> list[LinkTarget]:
        """Return the targets of the links."""
        return [LinkTarget(str(link.attrs.get("href", "")), line) for link, line in _iter_links(self._tokens)]

    def rewrite_links(self, rewrite: Callable[[str], str]) -> None:
        """Replace the target of each link by what *rewrite* returns for it."""
        for link, _ in _iter_links(self._tokens):
            link.attrs["href"] = rewrite(str(link.attrs.get("href", "")))

    def to_html(self) -> str:
        """Return the sanitized HTML."""
        rendered = str(_PARSER.renderer.render(self._tokens, _PARSER.options, {}))
        # The parser escapes raw HTML already; this is the second lock on the same door (N-12).
        cleaned: str = nh3.clean(
            rendered, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="noopener noreferrer"
        )
        return cleaned

    def to_text(self) -> str:
        """Return the text as people read it without HTML; the target of a link follows its words."""
        return _PlainTextWriter().render(self._tokens)

    def _is_own(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and parts.netloc == self._own_host


def _iter_images(tokens: Iterable[Token]) -> Iterable[Token]:
    for token in tokens:
        if token.type == "image":
            yield token
        yield from _iter_images(token.children or ())


def _iter_links(tokens: Iterable[Token], line: int = 1) -> Iterable[tuple[Token, int]]:
    for token in tokens:
        begins = token.map[0] + 1 if token.map else line
        if token.type == "link_open":
            yield token, begins
        yield from _iter_links(token.children or (), begins)


class _PlainTextWriter:
    """Renders tokens as plain text; one instance renders once."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._prefixes: list[str] = []
        """What the lines of the open lists and quotes begin with."""
        self._numbers: list[int | None] = []
        """The next number of each open list; None in one with bullets."""
        self._mark = ""
        """The bullet or number before the next block."""

    def render(self, tokens: Sequence[Token]) -> str:
        """Return the text of *tokens*."""
        handlers: dict[str, Callable[[Token], None]] = {
            "blockquote_open": lambda _: self._prefixes.append("> "),
            "bullet_list_open": lambda _: self._numbers.append(None),
            "ordered_list_open": lambda token: self._numbers.append(int(token.attrs.get("start", 1))),
            "list_item_open": lambda _: self._open_item(),
            "blockquote_close": lambda _: self._close_prefix(),
            "list_item_close": lambda _: self._close_prefix(),
            "bullet_list_close": lambda _: self._close_list(),
            "ordered_list_close": lambda _: self._close_list(),
            "inline": lambda token: self._add(_render_inline(token.children or ())),
            "fence": lambda token: self._add(_indent_code(token.content)),
            "code_block": lambda token: self._add(_indent_code(token.content)),
            "hr": lambda _: self._add("* * *"),
        }
        for token in tokens:
            if token.type in handlers:
                handlers[token.type](token)
        return "\n\n".join(self._blocks) + "\n"

    def _close_prefix(self) -> None:
        self._prefixes.pop()

    def _close_list(self) -> None:
        self._numbers.pop()

    def _open_item(self) -> None:
        number = self._numbers[-1]
        self._mark = "- " if number is None else f"{number}. "
        if number is not None:
            self._numbers[-1] = number + 1
        self._prefixes.append(" " * len(self._mark))

    def _add(self, text: str) -> None:
        prefix = "".join(self._prefixes)
        first = "".join(self._prefixes[:-1]) + self._mark if self._mark else prefix
        lines = text.split("\n")
        self._blocks.append("\n".join([first + lines[0], *(prefix + line for line in lines[1:])]))
        self._mark = ""


def _indent_code(content: str) -> str:
    return "\n".join(f"    {line}" for line in content.rstrip("\n").split("\n"))


def _render_inline(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    targets: list[tuple[str, int]] = []
    for token in tokens:
        match token.type:
            case "softbreak" | "hardbreak":
                parts.append("\n")
            case "link_open":
                targets.append((str(token.attrs.get("href", "")), len(parts)))
            case "link_close":
                target, start = targets.pop()
                words = "".join(parts[start:])
                parts.append("" if target in (words, f"mailto:{words}") else f" ({target})")
            case "image":
                parts.append(f"[{token.content}]")
            case _:
                parts.append(token.content)
    return "".join(parts)
