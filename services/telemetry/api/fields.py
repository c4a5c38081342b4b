"""The fields that several bodies have."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from services.telemetry.domain import WEEK_PATTERN, decode_bytes
from shared.web import OpaqueText

WeekName = Annotated[str, Field(pattern=WEEK_PATTERN, max_length=30, examples=["2026-W49"])]
QuestionVersion = Annotated[int, Field(ge=1, le=10_000)]


def _check_encoding(text: str) -> str:
    try:
        decode_bytes(text)
    except ValueError as fault:
        raise PydanticCustomError("encoding", "{wrong}", {"wrong": str(fault)}) from None
    return text


def _encoded(count: int) -> AfterValidator:
    def check(text: str) -> str:
        if len(decode_bytes(_check_encoding(text))) != count:
            raise PydanticCustomError("length", "must be {count} bytes", {"count": count})
        return text

    return AfterValidator(check)


_BASE64URL = r"^[A-Za-z0-9_-]+$"
Bytes32 = Annotated[str, Field(pattern=_BASE64URL, min_length=43, max_length=43), _encoded(32), OpaqueText("decoded")]
"""32 bytes in base64url without padding."""
Bytes64 = Annotated[str, Field(pattern=_BASE64URL, min_length=86, max_length=86), _encoded(64), OpaqueText("decoded")]
"""64 bytes in base64url without padding."""
