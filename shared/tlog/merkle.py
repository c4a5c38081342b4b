"""The Merkle tree of RFC 9162, section 2.1, over SHA-256: hashes, proofs, and their verification.

A node is named by its height (0 for a leaf) and its number among the nodes of that height; only nodes of complete
subtrees have a name. Proofs are planned as ranges of leaves, so that a caller can load the nodes they need at once.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Subtree(NamedTuple):
    """The root of the complete subtree over leaves ``number * 2**height`` to ``(number + 1) * 2**height``."""

    height: int
    number: int


class LeafRange(NamedTuple):
    """The leaves from *start* up to, but not including, *end*."""

    start: int
    end: int


class ProofError(ValueError):
    """A proof that does not prove what it should; the message says why."""


def hash_leaf(entry: bytes) -> bytes:
    """Return the hash of the leaf with *entry* (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above *left* and *right* (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def hash_complete(hashes: Sequence[bytes]) -> bytes:
    """Return the root over *hashes*, whose number is a power of two."""
    level = list(hashes)
    while len(level) > 1:
        level = [hash_children(left, right) for left, right in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def cover_range(leaves: LeafRange) -> tuple[Subtree, ...]:
    """Return the fewest complete subtrees over *leaves*, left to right.

    ValueError where *leaves* starts in the middle of what ends it: no such range occurs in a tree.
    """
    nodes, start = [], leaves.start
    while start < leaves.end:
        height = (leaves.end - start).bit_length() - 1
        if start & ((1 << height) - 1):
            raise ValueError(f"no subtrees of a tree cover the leaves {leaves.start} to {leaves.end}")
        nodes.append(Subtree(height, start >> height))
        start += 1 << height
    return tuple(nodes)


def hash_range(leaves: LeafRange, hashes: Mapping[Subtree, bytes]) -> bytes:
    """Return the Merkle tree hash of *leaves* from the *hashes* of the nodes that cover them."""
    parts = [hashes[node] for node in cover_range(leaves)]
    if not parts:
        return EMPTY_ROOT
    result = parts.pop()
    while parts:
        result = hash_children(parts.pop(), result)
    return result


def plan_inclusion_proof(index: int, size: int) -> tuple[LeafRange, ...]:
    """Return the ranges whose hashes prove that leaf *index* is in the tree of *size* leaves (RFC 9162, 2.1.3.1).

    ValueError where there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    found, within = [], LeafRange(0, size)
    while within.end - within.start > 1:
        left, right = _split(within)
        within, other = (left, right) if index < left.end else (right, left)
        found.append(other)
    return tuple(reversed(found))


def plan_consistency_proof(old_size: int, new_size: int) -> tuple[LeafRange, ...]:
    """Return the ranges whose hashes prove that the tree of *old_size* is a prefix of the new one (RFC 9162, 2.1.4.1).

    ValueError where *old_size* is 0 or above *new_size*.
    """
    if not 0 < old_size <= new_size:
        raise ValueError(f"there is no consistency proof from {old_size} to {new_size} leaves")
    found, within, is_known = [], LeafRange(0, new_size), True
    while within.end != old_size:
        left, right = _split(within)
        if old_size <= left.end:
            found.append(right)
            within = left
        else:
            found.append(left)
            within, is_known = right, False
    return (*(() if is_known else (within,)), *reversed(found))


def plan_nodes(ranges: Iterable[LeafRange]) -> frozenset[Subtree]:
    """Return all nodes that *ranges* need."""
    return frozenset(node for leaves in ranges for node in cover_range(leaves))


def verify_inclusion(leaf_hash: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Verify that *leaf_hash* is leaf *index* of the tree of *size* leaves with *root* (RFC 9162, 2.1.3.2).

    ProofError where it is not.
    """
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    node, last, result = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise ProofError("the inclusion proof is too long")
        if node & 1 or node == last:
            result = hash_children(sibling, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = hash_children(result, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError("the inclusion proof is too short")
    if result != root:
        raise ProofError("the inclusion proof leads to another root")


def verify_consistency(
    *, old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Verify that the tree of *old_size* leaves is a prefix of the new one (RFC 9162, 2.1.4.2).

    ProofError where it is not. Every tree continues the empty one.
    """
    if not 0 <= old_size <= new_size:
        raise ProofError(f"a log cannot shrink from {old_size} to {new_size} leaves")
    if old_size in {0, new_size}:
        if proof:
            raise ProofError("the consistency proof is too long")
        if old_root != (new_root if old_size else EMPTY_ROOT):
            raise ProofError("two roots for one size")
        return
    if not proof:
        raise ProofError("the consistency proof is too short")
    old, new = _walk_consistency(old_size, new_size, old_root, proof)
    if old != old_root or new != new_root:
        raise ProofError("the consistency proof leads to other roots")


def _walk_consistency(old_size: int, new_size: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the old and the new root that *proof* leads to."""
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("the consistency proof is too long")
        if node & 1 or node == last:
            old, new = hash_children(sibling, old), hash_children(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = hash_children(new, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError("the consistency proof is too short")
    return old, new


def _split(within: LeafRange) -> tuple[LeafRange, LeafRange]:
    """Return the two halves of a tree: the left one is the largest complete subtree that is not all of it."""
    middle = within.start + (1 << ((within.end - within.start - 1).bit_length() - 1))
    return LeafRange(within.start, middle), LeafRange(middle, within.end)
