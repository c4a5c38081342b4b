"""Cells of an exported CSV file that no spreadsheet executes (N-13)."""

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA_STARTS = tuple("=+-@\t\r")


def guard_cell(text: str) -> str:
    """Return *text* so that a spreadsheet shows it: what it would execute as a formula starts with a quote.

    An address may start with + or =. The import takes the quote off again.
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def render_rows(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of CSV (RFC 4180), each cell guarded."""
    out = io.StringIO()
    csv.writer(out).writerows([guard_cell(cell) for cell in row] for row in rows)
    return out.getvalue()
