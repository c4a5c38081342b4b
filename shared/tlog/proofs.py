"""Proofs that an entry is in a log, to be kept and verified without the log (c2sp.org/tlog-proof)."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Self

from shared.tlog.checkpoints import Checkpoint, open_checkpoint
from shared.tlog.merkle import HASH_SIZE, ProofError, hash_leaf, verify_inclusion
from shared.tlog.notes import VerifierKey

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX_LINE = re.compile(r"index (0|[1-9]\d{0,18})", re.ASCII)
_MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """The path from an entry to the root of a signed checkpoint."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    """As the log published it, cosignatures included."""
    extra: bytes = b""
    """Anything that the reader needs to rebuild the entry; the proof does not vouch for it."""

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Return the proof in a ``.tlog-proof`` file; ProofError where it is none."""
        head, blank, checkpoint = content.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            lines = []
        if not blank or not lines or lines.pop(0) != _HEADER:
            raise ProofError("not a proof of this form")
        extra = _decode_line(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else b""
        found = _INDEX_LINE.fullmatch(lines.pop(0)) if lines else None
        hashes = tuple(_decode_line(line) for line in lines)
        if found is None or len(hashes) > _MAX_HASHES or any(len(each) != HASH_SIZE for each in hashes):
            raise ProofError("the proof cannot be read")
        return cls(int(found[1]), hashes, checkpoint, extra)

    def verify(self, entry: bytes, key: VerifierKey) -> Checkpoint:
        """Return the checkpoint of the log *key* that has *entry*; ProofError or NoteError where it has not."""
        checkpoint, _ = open_checkpoint(self.checkpoint, key)
        verify_inclusion(
            hash_leaf(entry), index=self.index, size=checkpoint.size, proof=self.hashes, root=checkpoint.root
        )
        return checkpoint

    def __bytes__(self) -> bytes:
        """Return the contents of a ``.tlog-proof`` file."""
        extra = [f"extra {base64.b64encode(self.extra).decode()}"] if self.extra else []
        hashes = [base64.b64encode(each).decode() for each in self.hashes]
        return "\n".join([_HEADER, *extra, f"index {self.index}", *hashes, "", ""]).encode() + self.checkpoint


def _decode_line(line: str) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raise ProofError("the proof cannot be read") from None
