"""Proof that one entry stands in the trail."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audit.inclusion_proof import proof, verify_proof
from core.ledger.connection import Ledger
from core.trail import log as trail
from core.trail.acts import Actor, Proposal
from core.trail.checkpoints.checkpoints import NoteError
from core.trail.checkpoints.signer import Signer
from core.trail.log import TrailError

_NOW = datetime(2026, 11, 24, 9)
_SIGNER = Signer("calledger/0123456789abcdef", bytes(range(32)))


def _trail(size: int) -> duckdb.DuckDBPyConnection:
    cursor = Ledger.in_memory().cursor()
    trail.start(cursor, _SIGNER, at=_NOW, program="1")
    for i in range(1, size):
        one = Proposal("person.added", Actor("p-1", "admin"), body={"sub": f"p-{i}"})
        trail.append(cursor, _SIGNER, one, at=_NOW, before=None, after=None)
    return cursor


_CURSOR = _trail(11)
_TEXTS = [text for _, text, _ in trail.entries(_CURSOR)]
_PROOF = proof(_CURSOR, 4)


def test_every_entry_is_proven_against_the_newest_checkpoint():
    for seq, text in enumerate(_TEXTS):
        found = verify_proof(proof(_CURSOR, seq), text, _SIGNER.verifier_key)
        assert (found.origin, found.size) == (_SIGNER.name, 11)


def test_the_only_entry_is_proven_without_hashes():
    cursor = _trail(1)
    text = proof(cursor, 0)
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 0\n\ncalledger/")
    assert verify_proof(text, next(trail.entries(cursor))[1], _SIGNER.verifier).size == 1


def test_it_has_the_form_of_the_specification():
    head, note = _PROOF.split("\n\n", 1)
    lines = head.split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 4"]
    assert all(len(line) == 44 for line in lines[2:])
    assert note == trail.latest_note(_CURSOR)


def test_extra_data_is_allowed_and_not_relied_on():
    text = _PROOF.replace("index", "extra YWJj\nindex", 1)
    assert verify_proof(text, _TEXTS[4], _SIGNER.verifier).size == 11


def test_a_proof_is_of_its_own_entry_only():
    for seq, text in enumerate(_TEXTS):
        if seq != 4:
            with pytest.raises(NoteError, match="the entry is not number 4 of the 11"):
                verify_proof(_PROOF, text, _SIGNER.verifier)


def test_a_proof_is_of_its_own_trail_only():
    for other in (Signer.generate(), Signer.generate(_SIGNER.name)):
        with pytest.raises(NoteError, match="not signed by"):
            verify_proof(_PROOF, _TEXTS[4], other.verifier_key)


@given(st.integers(0, len(_PROOF.encode()) * 8 - 1))
def test_every_flipped_bit_of_a_proof_is_seen(bit: int):
    raw = bytearray(_PROOF.encode())
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError):  # noqa: PT011 (each place has its own words)
        verify_proof(raw.decode("utf-8"), _TEXTS[4], _SIGNER.verifier)


@given(st.text(max_size=40))
def test_whatever_is_no_proof_is_refused(text: str):
    for one in (text, f"c2sp.org/tlog-proof@v1\n{text}", _PROOF.replace("index 4", text)):
        with pytest.raises(NoteError):
            verify_proof(one, _TEXTS[4], _SIGNER.verifier)


@pytest.mark.parametrize("seq", [-1, 11])
def test_an_entry_that_is_not_there_has_no_proof(seq: int):
    with pytest.raises(TrailError, match="has no entry"):
        proof(_CURSOR, seq)


def test_an_altered_trail_gives_no_proof():
    cursor = _trail(5)
    cursor.execute("UPDATE acts SET entry = replace(entry, 'p-3', 'p-4') WHERE seq = 3")
    with pytest.raises(TrailError, match="not what was signed"):
        proof(cursor, 3)
