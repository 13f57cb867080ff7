"""Checkpoints as signed notes: the published example, and nothing that merely looks like one."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.trail.checkpoints.checkpoints import (
    Checkpoint,
    Note,
    NoteError,
    NoteSignature,
    VerifierKey,
    blocks,
    checkpoint,
    sign,
)
from core.trail.checkpoints.merkle import leaf_hash
from core.trail.checkpoints.signer import Signer

#: The example in the documentation of Go's golang.org/x/mod/sumdb/note.
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_NOTE = GO_TEXT + (
    "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotp"
    "RZb6KE6RyyBwJnAM=\n"
)

_SIGNER = Signer("calledger/0123456789abcdef", bytes(range(32)))
_OTHER = Signer("calledger/0123456789abcdef", bytes(32))
_ROOT = leaf_hash(b"entry")
_NOTE = sign(Checkpoint(_SIGNER.name, 7, _ROOT).body, [_SIGNER])


def test_gos_example_is_verified_with_gos_key():
    key = VerifierKey.of(GO_VERIFIER)
    assert Note.of(GO_NOTE).signed_by([key]) == (key,)
    assert key.text == GO_VERIFIER


def test_gos_example_is_made_with_gos_signer():
    signer = Signer.of_secret_text(GO_SIGNER)
    assert sign(GO_TEXT, [signer]) == GO_NOTE
    assert (signer.verifier_key, signer.secret_text()) == (GO_VERIFIER, GO_SIGNER)


@given(
    st.integers(0, 10**18 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text("ab ", min_size=1)),
)
def test_a_checkpoint_is_read_back_from_its_text(size: int, root: bytes, more: list[str]):
    made = Checkpoint("calledger/x", size, root, tuple(more))
    assert Checkpoint.of(made.body) == made


def test_a_checkpoint_is_the_three_lines_of_the_specification():
    assert Checkpoint("o", 7, bytes(32)).body == f"o\n7\n{base64.b64encode(bytes(32)).decode()}\n"


def test_a_signed_checkpoint_is_read_with_its_key_only():
    assert checkpoint(_NOTE, _SIGNER.verifier_key) == Checkpoint(_SIGNER.name, 7, _ROOT)
    with pytest.raises(NoteError, match="not signed by"):
        checkpoint(_NOTE, _OTHER.verifier)


def test_a_checkpoint_of_another_trail_is_refused():
    note = sign(Checkpoint("calledger/other", 7, _ROOT).body, [_SIGNER])
    with pytest.raises(NoteError, match="of the trail 'calledger/other'"):
        checkpoint(note, _SIGNER.verifier)


def test_signatures_of_unknown_keys_are_passed_over():
    witness = NoteSignature("witness.example", b"abcd", b"anything at all").line
    assert checkpoint(_NOTE + witness, _SIGNER.verifier).size == 7
    assert Note.of(_NOTE + witness).signed_by([_OTHER.verifier]) == ()


def test_both_signatures_of_a_note_that_two_keys_signed_are_found():
    note = Note.of(sign("text\n", [_SIGNER, _OTHER]))
    keys = (_SIGNER.verifier, _OTHER.verifier)
    assert note.signed_by(keys) == keys


def test_a_false_signature_refuses_the_note_although_another_one_holds():
    forged = NoteSignature(_SIGNER.name, _SIGNER.key_id, bytes(64)).line
    for lines in (_NOTE + forged, _NOTE.replace("\n\n", "\n\n" + forged)):
        with pytest.raises(NoteError, match="does not hold"):
            Note.of(lines).signed_by([_SIGNER.verifier])


@given(st.integers(0, len(_NOTE.encode()) * 8 - 1))
def test_every_flipped_bit_of_a_note_is_seen(bit: int):
    raw = bytearray(_NOTE.encode())
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError):  # noqa: PT011 (each place has its own words)
        checkpoint(raw.decode("utf-8"), _SIGNER.verifier)


@given(st.text(st.sampled_from("a\n— +/=1\x00é"), max_size=60))
def test_whatever_text_is_read_it_is_written_back_or_refused(text: str):
    try:
        note = Note.of(text)
    except NoteError:
        return
    assert note.whole == text


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("", "text, an empty line and signature lines"),
        ("text\n", "text, an empty line and signature lines"),
        ("text\n\n— a YWJjZGVm", "text, an empty line and signature lines"),
        ("\n\n— a YWJjZGVm\n", "text, an empty line and signature lines"),
        ("text\n\n- a YWJjZGVm\n", "begins with an em dash"),
        ("text\n\n— a YWJjZGVm\n\n", "begins with an em dash|text, an empty line"),
        ("text\n\n— a YWJjZA==\n", "cut short"),
        ("text\n\n— a ****\n", "not base64"),
        ("text\n\n— a YWJjZGV\n", "not base64"),
        ("text\n\n— a YWJjZGW=\n", "not base64"),
        ("text\n\n— a+b YWJjZGVm\n", "cannot name a key"),
        ("text\n\n—  YWJjZGVm\n", "cannot name a key"),
        ("te\rxt\n\n— a YWJjZGVm\n", "no control characters"),
    ],
)
def test_a_malformed_note_is_refused_with_the_reason(note: str, words: str):
    with pytest.raises(NoteError, match=words):
        Note.of(note)


_B64 = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("o\n7\n", "an origin, a size and a root"),
        (f"o\n7\n{_B64}", "an origin, a size and a root"),
        (f"\n7\n{_B64}\n", "an origin, a size and a root"),
        (f"o\n7\n{_B64}\n\nmore\n", "an origin, a size and a root"),
        (f"o\n07\n{_B64}\n", "whole number"),
        (f"o\n-1\n{_B64}\n", "whole number"),
        (f"o\n+1\n{_B64}\n", "whole number"),
        (f"o\n٧\n{_B64}\n", "whole number"),
        (f"o\n{'9' * 40}\n{_B64}\n", "whole number"),
        ("o\n7\nYWJj\n", "32 bytes, not 3"),
        (f"o\n7\n{_B64[:-2]}B=\n", "not base64"),
    ],
)
def test_a_malformed_checkpoint_is_refused_with_the_reason(body: str, words: str):
    with pytest.raises(NoteError, match=words):
        Checkpoint.of(body)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "looks like"),
        ("PeterNeumann+c74f20a3", "looks like"),
        (GO_VERIFIER.replace("c74f20a3", "c74f20a4"), "not its own"),
        (GO_VERIFIER.replace("PeterNeumann", "Peter"), "not its own"),
        (GO_VERIFIER.replace("PeterNeumann", "Peter N"), "cannot name a key"),
        (GO_VERIFIER[:-4], "not an Ed25519 key"),
        ("a+00000000+AhIA", "not an Ed25519 key"),
    ],
)
def test_a_malformed_key_is_refused_with_the_reason(text: str, words: str):
    with pytest.raises(NoteError, match=words):
        VerifierKey.of(text)


@pytest.mark.parametrize("between", ["", "\n", "\n\n\n"])
def test_any_number_of_notes_is_read_from_one_file(between: str):
    later = sign(Checkpoint(_SIGNER.name, 9, _ROOT).body, [_SIGNER, _OTHER])
    assert blocks(f"{_NOTE}\n{later}{between}") == (_NOTE, later)
    assert blocks("") == ()


def test_a_note_cut_short_costs_no_other_in_the_file():
    torn = _NOTE[:30]
    assert blocks(f"{torn}\n\n{_NOTE}") == (f"{torn}\n", _NOTE)
    assert blocks(f"{_NOTE}\n{torn}") == (_NOTE, f"{torn}\n")
