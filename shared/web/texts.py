"""The types of text in a request: safe text that is kept readable, and opaque text that is not.

Every text of a body or query is one of them, or has a pattern (``tests/architecture/test_texts.py``).
"""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from shared.safe_text import UnsafeTextError, check_line, check_text


@dataclass(frozen=True, slots=True)
class OpaqueText:
    """Marks a text that is never kept readable: it is compared, sealed, hashed or decoded; *reason* says which."""

    reason: str


def _build_validator(check: Callable[[str], str]) -> AfterValidator:
    def validate(text: str | None) -> str | None:
        try:
            return text if text is None else check(text)
        except UnsafeTextError as fault:
            raise PydanticCustomError(fault.code, "{advice}", {"advice": str(fault)}) from None

    return AfterValidator(validate)


SAFE_LINE = _build_validator(check_line)
"""One line that is kept readable: ``Annotated[str, Field(max_length=100), SAFE_LINE]``."""
SAFE_TEXT = _build_validator(check_text)
"""Text of many lines that is kept readable."""
