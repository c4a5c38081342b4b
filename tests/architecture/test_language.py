"""The English of the product is plain and current (CONTRIBUTING: language); a list of words that have a plainer one.

It reads documents, templates, proto files, and the docstrings and comments of the product's Python. Names of tests are
sentences and stay free; a decision record is not edited afterwards.
"""

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping

from tests.architecture.tree import Source, refuse, texts

PLAIN: Mapping[str, str] = {
    r"whoever": "the client, the caller, the customer …: name the subject",
    r"whomever": "name the subject",
    r"nobody": "no one, or name the subject: no service, no reader",
    r"somebody": "someone, or name the subject",
    r"anew": "again",
    r"afresh": "again",
    r"nought": "zero",
    r"for ever": "forever, or: without end",
    r"besides": "also",
    r"meanwhile": "at the same time",
    r"the own": "its own, your",
    r"in hand": "running, being processed",
    r"is over": "has ended",
    r"are over": "have ended",
    r"think of": "consider",
    r"looked into": "checked",
    r"look into your": "check your",
    r"begun anew": "restarted",
    r"begin anew": "start again",
    r"taken for": "treated as",
    r"is of use": "is useful",
    r"had from": "obtained from",
    r"be had": "be available",
    r"not to be had": "not available",
    r"made sure of": "ensured",
    r"lest": "so that … not",
    r"thereby": "by this",
    r"thereof": "of it",
    r"wherein": "in which",
    r"whereof": "of which",
    r"hitherto": "until now",
    r"henceforth": "from now on",
    r"as it were": "leave it out",
    r"by and by": "gradually",
    r"at hand": "available, cached",
    r"sums? up": "hash, total",
    r"summed up": "hashed, totalled",
    r"letters? of the newsletter": "issue, email",
    r"tells? the facts?": "publishes the events",
    r"hears? facts?": "consumes events",
    r"a fact that": "an event that",
    r"who asks": "the caller",
    r"who(?:ever)? wants": "name the subject",
}
"""Each pattern is a whole word or phrase; beside it what to write instead."""

READ = re.compile(r"\.(?:md|html|txt|proto)$")
LEFT_OUT = ("docs/decisions/", "CHANGELOG.md", "tests/", "LICENSE", "services/identity/domain/")
_PATTERN = re.compile(rf"\b(?:{'|'.join(PLAIN)})\b", re.IGNORECASE)


def quaint_words(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield each place that uses a word of the list."""
    for source in wanted:
        if source.path.startswith(LEFT_OUT) and not source.path.endswith(".py"):
            continue
        for number, line in _prose(source):
            if match := _PATTERN.search(line):
                yield f"{source.path}:{number} “{match[0]}” -> {_advice(match[0])}"


def _advice(word: str) -> str:
    return next(plain for pattern, plain in PLAIN.items() if re.fullmatch(pattern, word, re.IGNORECASE))


def _prose(source: Source) -> Iterator[tuple[int, str]]:
    """Yield the lines that people read: whole documents; of Python, comments and strings."""
    if READ.search(source.path):
        yield from enumerate(source.text.splitlines(), start=1)
    elif source.path.startswith(("services/", "shared/")) and source.path.endswith(".py"):
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type in (tokenize.COMMENT, tokenize.STRING):
                yield from enumerate(token.string.splitlines(), start=token.start[0])


def long_lines(wanted: Iterable[Source]) -> Iterator[str]:
    """Yield the lines of Markdown over 120 characters; a generated reference and a link may be longer."""
    for source in wanted:
        if source.path.endswith(".md") and not source.path.startswith(("docs/reference/", "CHANGELOG.md")):
            for number, line in enumerate(source.text.splitlines(), start=1):
                if len(line) > 120 and not re.search(r"\]\(\S{60,}\)", line):
                    yield f"{source.path}:{number} {len(line)} characters"


def test_the_english_is_plain() -> None:
    refuse(
        quaint_words(texts()),
        "Write the plain word; name the subject: the client, the worker, the caller, the customer (CONTRIBUTING).",
    )


def test_a_line_of_a_document_can_be_read_in_a_diff() -> None:
    refuse(long_lines(texts()), "Wrap it at 120 characters; a table cell holds a phrase, prose goes below the table.")
