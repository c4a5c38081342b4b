"""The errors of segments."""

from typing import Self

from shared.errors import FieldProblem, InvalidInputError, NotFoundError


class SegmentNotFoundError(NotFoundError):
    """The segment does not exist."""

    code = "newsletter.segment.not_found"


class SegmentFilterError(InvalidInputError):
    """The filter of the segment is not valid."""

    code = "newsletter.segment.filter_invalid"
    remedy = "Correct the named part of the filter; the API reference lists the fields and comparisons."

    @classmethod
    def at_place(cls, place: str, message: str) -> Self:
        """Return the error at a *place* of the filter; the message never quotes the input."""
        return cls(fields=(FieldProblem(field=place, code="filter_invalid", message=message),))
