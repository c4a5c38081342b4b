"""The probes common to all services: no undeclared fields are stored, no document outlives its retention limit."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from shared.mongo import Database, Document, RetentionSweeper
from shared.promises.probe import Finding, Probe, broken_finding, kept_finding

_SAMPLE_SIZE = 50
_MAX_NAMED_FIELDS = 5


def undeclared_fields_probe(db: Database, documents: Sequence[type[Document]]) -> Probe:
    """C01: no stored document in a sample of *documents* has a field that its model does not declare.

    During a rolling upgrade, collections changed by a newer release are left to its own probe.
    """

    async def check() -> Finding:
        checked = 0
        undeclared: set[str] = set()
        ours = [document for document in documents if not await db.has_newer_schema(document)]
        for document in ours:
            for raw in await db.get_collection(document).sample_documents(_SAMPLE_SIZE):
                checked += 1
                undeclared |= {f"{document.collection}.{field}" for field in find_undeclared_fields(document, raw)}
        if undeclared:
            return broken_finding(
                checked, f"stored but not declared: {', '.join(sorted(undeclared)[:_MAX_NAMED_FIELDS])}"
            )
        return kept_finding(checked, f"sampled from {len(ours)} collections; every field is declared")

    return Probe("C01", check)


def find_undeclared_fields(document: type[Document], raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths of fields in *raw*, nested ones included, that *document* does not declare."""
    try:
        document.model_validate(raw)
    except ValidationError as invalid:
        for fault in invalid.errors(include_url=False, include_context=False, include_input=False):
            if fault["type"] == "extra_forbidden":
                yield ".".join(step for step in fault["loc"] if isinstance(step, str))


def retention_probe(sweeper: RetentionSweeper) -> Probe:
    """C17: no document outlives the retention limit that its fields declare."""

    async def check() -> Finding:
        overdue = await sweeper.count_overdue()
        if overdue:
            return broken_finding(overdue, f"documents older than their limit: {overdue}")
        return kept_finding(0, "no document is older than its limit")

    return Probe("C17", check)
