"""The tree against the definition of RFC 9162, written down once more and as plainly as it stands there."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.tlog.merkle import (
    EMPTY_ROOT,
    LeafRange,
    ProofError,
    Subtree,
    cover_range,
    hash_children,
    hash_complete,
    hash_leaf,
    hash_range,
    plan_consistency_proof,
    plan_inclusion_proof,
    plan_nodes,
    verify_consistency,
    verify_inclusion,
)


def defined_root(leaves: Sequence[bytes]) -> bytes:
    """Return MTH(D[n]) as RFC 9162, 2.1.1, defines it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + defined_root(leaves[:half]) + defined_root(leaves[half:])).digest()


def leaves_of(size: int) -> list[bytes]:
    return [b"%d" % number for number in range(size)]


def hash_node(leaves: Sequence[bytes], node: Subtree) -> bytes:
    part = leaves[node.number << node.height : (node.number + 1) << node.height]
    return hash_complete([hash_leaf(each) for each in part])


def prove(leaves: Sequence[bytes], ranges: Sequence[LeafRange]) -> list[bytes]:
    hashes = {node: hash_node(leaves, node) for node in plan_nodes(ranges)}
    return [hash_range(each, hashes) for each in ranges]


sizes = st.integers(1, 300)


@settings(deadline=None)
@given(size=st.integers(0, 300))
def test_the_root_is_the_defined_one(size: int) -> None:
    leaves, whole = leaves_of(size), LeafRange(0, size)
    hashes = {node: hash_node(leaves, node) for node in cover_range(whole)}
    assert hash_range(whole, hashes) == defined_root(leaves)


@settings(deadline=None)
@given(size=sizes, data=st.data())
def test_an_inclusion_proof_proves_its_leaf_and_no_other(size: int, data: st.DataObject) -> None:
    leaves, index = leaves_of(size), data.draw(st.integers(0, size - 1))
    proof, root = prove(leaves, plan_inclusion_proof(index, size)), defined_root(leaves)
    verify_inclusion(hash_leaf(leaves[index]), index=index, size=size, proof=proof, root=root)
    other = data.draw(st.integers(0, size - 1).filter(lambda each: each != index)) if size > 1 else 1
    for wrong in (
        {"leaf_hash": hash_leaf(b"other")},
        {"index": other},
        {"proof": [*proof, EMPTY_ROOT]},
        {"proof": proof[:-1]} if proof else {"size": 0},
        {"root": EMPTY_ROOT},
    ):
        asked = {"leaf_hash": hash_leaf(leaves[index]), "index": index, "size": size, "proof": proof, "root": root}
        with pytest.raises(ProofError):
            verify_inclusion(**{**asked, **wrong})  # type: ignore[arg-type] # mypy does not see the types of the members


@settings(deadline=None)
@given(new_size=sizes, data=st.data())
def test_a_consistency_proof_proves_growth_and_nothing_else(new_size: int, data: st.DataObject) -> None:
    leaves, old_size = leaves_of(new_size), data.draw(st.integers(1, new_size))
    proof = prove(leaves, plan_consistency_proof(old_size, new_size))
    asked = {
        "old_size": old_size,
        "old_root": defined_root(leaves[:old_size]),
        "new_size": new_size,
        "new_root": defined_root(leaves),
        "proof": proof,
    }
    verify_consistency(**asked)  # type: ignore[arg-type] # mypy does not see the types of the members
    for wrong in (
        {"old_root": EMPTY_ROOT},
        {"new_root": EMPTY_ROOT},
        {"proof": [*proof, EMPTY_ROOT]},
        {"proof": proof[:-1]} if proof else {"new_size": old_size - 1},
    ):
        with pytest.raises(ProofError):
            verify_consistency(**{**asked, **wrong})  # type: ignore[arg-type] # mypy does not see the types of the members


def test_every_tree_continues_the_empty_one() -> None:
    verify_consistency(old_size=0, old_root=EMPTY_ROOT, new_size=3, new_root=defined_root(leaves_of(3)), proof=[])
    with pytest.raises(ProofError):
        verify_consistency(old_size=0, old_root=b"x" * 32, new_size=3, new_root=b"y" * 32, proof=[])


def test_a_node_is_no_leaf() -> None:
    """A second preimage: without the prefixes an inner node could pass for an entry."""
    left, right = hash_leaf(b"a"), hash_leaf(b"b")
    assert hash_children(left, right) != hash_leaf(left + right)


def test_a_repeated_last_leaf_is_another_tree() -> None:
    """CVE-2012-2459: a tree that pads an odd level by repeating its end has two contents for one root."""
    assert defined_root([b"a", b"b", b"c"]) != defined_root([b"a", b"b", b"c", b"c"])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        plan_inclusion_proof(index, size)


@pytest.mark.parametrize(("old_size", "new_size"), [(0, 3), (4, 3)])
def test_there_is_no_consistency_proof_from_nothing_or_backwards(old_size: int, new_size: int) -> None:
    with pytest.raises(ValueError, match="no consistency proof"):
        plan_consistency_proof(old_size, new_size)
