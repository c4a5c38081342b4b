"""A library that is not ours accepts our proofs, checkpoints and cosignatures: tlog-scales."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint as ForeignCheckpoint
from tlog_scales.tlog import ConsistencyProof, InclusionProof

from shared.tlog.checkpoints import Checkpoint, cosign
from shared.tlog.merkle import (
    LeafRange,
    hash_leaf,
    hash_range,
    plan_consistency_proof,
    plan_inclusion_proof,
    plan_nodes,
)
from shared.tlog.notes import SignatureType, SignerKey
from shared.tlog.tiles import RightEdge, Tile, find_tiles, hash_nodes

SIZES = (1, 2, 3, 7, 255, 256, 257, 1_000)
ENTRIES = [b"entry %d" % number for number in range(max(SIZES))]
KEY = SignerKey("log.example/candor", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
WITNESS = SignerKey("witness.example", Ed25519PrivateKey.from_private_bytes(b"w" * 32), SignatureType.COSIGNATURE)


def grown(size: int) -> tuple[RightEdge, dict[Tile, bytes]]:
    return RightEdge().append_entries(ENTRIES[:size])


def prove(ranges: Sequence[LeafRange], size: int, files: dict[Tile, bytes]) -> list[bytes]:
    nodes = plan_nodes(ranges)
    hashes = hash_nodes(nodes, {tile: files[tile] for tile in find_tiles(nodes, size)})
    return [hash_range(each, hashes) for each in ranges]


@pytest.mark.parametrize("size", SIZES)
def test_tlog_scales_accepts_our_proofs(size: int) -> None:
    edge, files = grown(size)
    for index in {0, size // 2, size - 1}:
        proof = prove(plan_inclusion_proof(index, size), size, files)
        InclusionProof(index, size, proof).check(hash_leaf(ENTRIES[index]), edge.root)
    for old in {1, size // 2 or 1, size}:
        proof = prove(plan_consistency_proof(old, size), size, files)
        ConsistencyProof(old, size, proof).check(grown(old)[0].root, edge.root)


def test_tlog_scales_reads_our_checkpoint_and_our_cosignature() -> None:
    edge, _ = grown(257)
    note = Checkpoint(KEY.name, edge.size, edge.root).build_note(KEY)
    note = note.add_signatures(cosign(note, WITNESS, at=datetime(2026, 11, 30, tzinfo=UTC)))
    read = ForeignCheckpoint.from_text(bytes(note).decode())
    assert (read.origin, read.size, read.root_hash) == (KEY.name, 257, edge.root)
    for key in (KEY.verifier_key, WITNESS.verifier_key):
        read.verify(Vkey.from_string(str(key)))
    with pytest.raises(RuntimeError):
        read.verify(Vkey.from_string(str(SignerKey("other.example", KEY.private_key).verifier_key)))
