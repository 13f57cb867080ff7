"""The tree of RFC 9162: published vectors, the definition itself, and proofs that must fail."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.trail.checkpoints.merkle import (
    EMPTY_ROOT,
    Frontier,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_inclusion,
)

#: The entries and roots that Certificate Transparency's implementations are tested with.
_ENTRIES = (
    *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
    "606162636465666768696a6b6c6d6e6f",
)
_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
_PUBLISHED = [leaf_hash(bytes.fromhex(entry)) for entry in _ENTRIES]
_LEAVES = [leaf_hash(str(i).encode()) for i in range(70)]


def _by_definition(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(_by_definition(leaves[:k]), _by_definition(leaves[k:]))


def _path_by_definition(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*_path_by_definition(m, leaves[:k]), _by_definition(leaves[k:])]
    return [*_path_by_definition(m - k, leaves[k:]), _by_definition(leaves[:k])]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_the_published_ones(size: int):
    assert root_of(_PUBLISHED[:size]).hex() == _ROOTS[size - 1]


def test_the_proofs_are_the_published_ones():
    assert [one.hex() for one in inclusion_proof(_PUBLISHED, 0)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


@pytest.mark.parametrize("size", range(71))
def test_the_root_of_every_size_is_the_definitions(size: int):
    assert root_of(_LEAVES[:size]) == _by_definition(_LEAVES[:size])
    assert size or root_of([]) == EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, 71))
def test_proofs_of_every_size_are_the_definitions_and_hold(size: int):
    leaves = _LEAVES[:size]
    root = root_of(leaves)
    for index in range(size):
        proof = inclusion_proof(leaves, index)
        assert list(proof) == _path_by_definition(index, leaves)
        assert verify_inclusion(leaves[index], index, size, proof, root)


@given(st.lists(st.binary(max_size=4), max_size=70), st.data())
def test_a_frontier_kept_at_any_size_goes_on_to_the_same_root(
    entries: list[bytes], data: st.DataObject
):
    leaves = [leaf_hash(entry) for entry in entries]
    cut = data.draw(st.integers(0, len(leaves)))
    frontier = Frontier()
    for leaf in leaves[:cut]:
        frontier = frontier.append(leaf)
    kept = Frontier(frontier.size, frontier.roots)
    assert len(kept.roots) == cut.bit_count()
    for leaf in leaves[cut:]:
        kept = kept.append(leaf)
    assert (kept.size, kept.root()) == (len(leaves), _by_definition(leaves))


def _flipped(data: st.DataObject, material: bytes) -> bytes:
    bit = data.draw(st.integers(0, len(material) * 8 - 1))
    changed = bytearray(material)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@given(st.integers(1, 70), st.data())
def test_a_corrupted_inclusion_proof_fails(size: int, data: st.DataObject):
    leaves = _LEAVES[:size]
    index = data.draw(st.integers(0, size - 1))
    proof, root, leaf = list(inclusion_proof(leaves, index)), root_of(leaves), leaves[index]
    what = data.draw(st.sampled_from(["leaf", "root", "index", "node", "drop", "add", "short"]))
    other = index
    if what == "leaf":
        leaf = _flipped(data, leaf)
    elif what == "root":
        root = _flipped(data, root)
    elif what == "add":
        proof.insert(data.draw(st.integers(0, len(proof))), data.draw(st.sampled_from(leaves)))
    elif what == "index" or not proof:
        other = data.draw(st.integers(-3, size + 3).filter(lambda i: i != index))
    else:
        at = data.draw(st.integers(0, len(proof) - 1))
        if what == "node":
            proof[at] = _flipped(data, proof[at])
        elif what == "drop":
            del proof[at]
        else:
            proof[at] = proof[at][:-1]
    assert not verify_inclusion(leaf, other, size, proof, root)


def test_an_entry_that_is_not_there_has_no_proof():
    with pytest.raises(IndexError, match="has no entry 3"):
        inclusion_proof(_LEAVES[:3], 3)


@pytest.mark.parametrize(("size", "roots"), [(3, 1), (4, 3), (0, 1), (-1, 1)])
def test_a_frontier_of_another_shape_is_refused(size: int, roots: int):
    with pytest.raises(ValueError, match="has not"):
        Frontier(size, tuple(_LEAVES[:roots]))
    with pytest.raises(ValueError, match="32 bytes"):
        Frontier(1, (b"short",))
