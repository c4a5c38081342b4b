"""Weeks, closed lists, reports and tokens: what telemetry is about."""

from services.telemetry.domain.addresses import network_of
from services.telemetry.domain.encoding import decode_bytes, encode_bytes
from services.telemetry.domain.reports import RefusalReason, StoredReport, Token, UsageReport
from services.telemetry.domain.schema import (
    QUESTION,
    SCHEMAS,
    SENSITIVITY,
    Bucket,
    CellKey,
    Feature,
    Locale,
    OperatingSystem,
    Program,
    ProgramSchema,
    Question,
    Table,
    cells_of,
    invalid_fields,
    iter_tables,
    programs_of,
)
from services.telemetry.domain.streams import Stream
from services.telemetry.domain.weeks import TOKEN_WEEKS, WEEK_PATTERN, Calendar, Calendars, Week

__all__ = [
    "QUESTION",
    "SCHEMAS",
    "SENSITIVITY",
    "TOKEN_WEEKS",
    "WEEK_PATTERN",
    "Bucket",
    "Calendar",
    "Calendars",
    "CellKey",
    "Feature",
    "Locale",
    "OperatingSystem",
    "Program",
    "ProgramSchema",
    "Question",
    "RefusalReason",
    "StoredReport",
    "Stream",
    "Table",
    "Token",
    "UsageReport",
    "Week",
    "cells_of",
    "decode_bytes",
    "encode_bytes",
    "invalid_fields",
    "iter_tables",
    "network_of",
    "programs_of",
]
