"""The fields that several bodies have."""

from typing import Annotated

from pydantic import Field

from services.telemetry.domain import WEEK_PATTERN
from shared.web import OpaqueText

WeekName = Annotated[str, Field(pattern=WEEK_PATTERN, max_length=30, examples=["2026-W49"])]
QuestionVersion = Annotated[int, Field(ge=1, le=10_000)]


# The last character has unused bits, which are zero: bytes have one spelling (``domain/encoding.py``).
Bytes32 = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"), OpaqueText("decoded")]
"""32 bytes in base64url without padding."""
Bytes64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{85}[AQgw]$"), OpaqueText("decoded")]
"""64 bytes in base64url without padding."""
