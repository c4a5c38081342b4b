"""C18: no stored document holds a card number, whether plain, spaced, dashed, or inside base64 or hex."""

from collections.abc import Sequence

from shared.card_numbers import contains_card_number
from shared.mongo import Database, Document
from shared.promises.probe import Finding, Probe, broken_finding, kept_finding

_SAMPLE_SIZE = 500


def card_number_probe(db: Database, documents: Sequence[type[Document]]) -> Probe:
    """Check a sample of every collection; the cost grows with the sample, not with the stored data."""

    async def check() -> Finding:
        checked = 0
        found: set[str] = set()
        for document in documents:
            for raw in await db.get_collection(document).sample_documents(_SAMPLE_SIZE):
                checked += 1
                if contains_card_number(raw):
                    found.add(document.collection)
        if found:
            return broken_finding(checked, f"a card number is stored in: {', '.join(sorted(found))}")
        return kept_finding(checked, f"no card number in a sample of {len(documents)} collections")

    return Probe("C18", check)
