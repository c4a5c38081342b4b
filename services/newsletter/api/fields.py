"""The fields that several bodies of newsletter have."""

from typing import Annotated

from pydantic import AfterValidator, Field

from shared.web import JsonBody, Query

EDITOR_ROLES = ("support", "admin")
MAX_TOKEN_LENGTH = 1_000


def _validate_single_line(text: str) -> str:
    # The text becomes an email header: a line break would start another one.
    if not text.isprintable():
        raise ValueError("give one line of printable characters")
    return text


def _validate_plain_text(text: str) -> str:
    if any(char < " " and char not in "\n\r\t" for char in text):
        raise ValueError("give plain text without control characters")
    return text


SingleLine = Annotated[str, AfterValidator(_validate_single_line)]
PlainText = Annotated[str, AfterValidator(_validate_plain_text)]
Email = Annotated[str, Field(min_length=3, max_length=320, description="one email address")]
ListId = Annotated[str, Field(pattern=r"^lst_[0-9a-z]{26}$")]
Token = Annotated[str, Field(min_length=1, max_length=MAX_TOKEN_LENGTH, description="from the link in an email")]


class LinkTokenBody(JsonBody):
    """The token of a link in an email."""

    token: Token


class LinkTokenQuery(Query):
    """The token of a link in an email."""

    token: Token
