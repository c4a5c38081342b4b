"""The fields that several bodies of newsletter have."""

from typing import Annotated

from pydantic import Field

from shared.web import SAFE_LINE, SAFE_TEXT, JsonBody, OpaqueText, Query

EDITOR_ROLES = ("support", "admin")
MAX_TOKEN_LENGTH = 1_000

SingleLine = Annotated[str, SAFE_LINE]
PlainText = Annotated[str, SAFE_TEXT]
Email = Annotated[str, Field(min_length=3, max_length=320, description="one email address"), OpaqueText("sealed")]
ListId = Annotated[str, Field(pattern=r"^lst_[0-9a-z]{26}$"), OpaqueText("looked up")]
Token = Annotated[
    str,
    Field(min_length=1, max_length=MAX_TOKEN_LENGTH, description="from the link in an email"),
    OpaqueText("decrypted"),
]


class LinkTokenBody(JsonBody):
    """The token of a link in an email."""

    token: Token


class LinkTokenQuery(Query):
    """The token of a link in an email."""

    token: Token
