"""The Merkle tree of RFC 9162 (section 2.1): one hash that stands for every entry in its order.

Leaf hash: SHA-256(0x00 || entry). Node hash: SHA-256(0x01 || left || right). A tree of n entries
splits after the largest power of two below n. Hashes are 32 bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

#: Bytes of every hash.
WIDTH = 32
#: The root of a tree without entries.
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Frontier:
    """As much of a tree as is needed to go on: the roots of its whole subtrees.

    Attributes:
        size: entries in the tree.
        roots: roots of the whole subtrees from left to right, one per bit set in ``size``, the
            largest first.
    """

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.roots) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} entries has not {len(self.roots)} subtrees")
        if any(len(root) != WIDTH for root in self.roots):
            raise ValueError(f"a subtree's root has {WIDTH} bytes")

    def append(self, leaf: bytes) -> Frontier:
        """The tree with one more entry.

        Args:
            leaf: the entry's leaf hash.
        """
        roots, size = list(self.roots), self.size
        while size & 1:
            leaf = node_hash(roots.pop(), leaf)
            size >>= 1
        return Frontier(self.size + 1, (*roots, leaf))

    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.roots:
            return EMPTY_ROOT
        *rest, root = self.roots
        for left in reversed(rest):
            root = node_hash(left, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over these leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """What proves that the entry at ``index`` stands in the tree (RFC 9162, 2.1.3.1).

    Args:
        leaves: leaf hashes of the whole tree.
        index: counted from 0.

    Raises:
        IndexError: the tree has no such entry.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"a tree of {len(leaves)} entries has no entry {index}")
    proof: list[bytes] = []
    first, until = 0, len(leaves)
    while until - first > 1:
        cut = first + _split(until - first)
        if index < cut:
            proof.append(root_of(leaves[cut:until]))
            until = cut
        else:
            proof.append(root_of(leaves[first:cut]))
            first = cut
    return tuple(reversed(proof))


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether the proof shows that entry ``index`` of the tree has this leaf hash (2.1.3.2)."""
    if not 0 <= index < size or any(len(node) != WIDTH for node in proof):
        return False
    at, last, found = index, size - 1, leaf
    for node in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(node, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, node)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)
