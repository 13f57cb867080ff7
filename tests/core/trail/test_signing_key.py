"""The signing key: made once, beside the ledger, and never another trail's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.trail import log as trail
from core.trail.acts import Actor
from core.trail.checkpoints.checkpoints import NoteError
from core.trail.checkpoints.signer import Signer
from core.trail.signing_key import key_path, load_or_create, warning

_NOW = datetime(2026, 11, 24, 9)
_SYSTEM = Actor("system", "system", via="system")
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "x.duckdb", create=True) as ledger:
        yield ledger


def _path(ledger: Ledger) -> Path:
    assert ledger.path is not None
    return ledger.path


def _begin(ledger: Ledger) -> Signer:
    with ledger.transaction() as cursor:
        signer = load_or_create(_path(ledger), cursor)
        trail.start(cursor, signer, at=_NOW, program="1")
    return signer


def test_the_first_use_makes_a_key_and_later_ones_read_it(ledger: Ledger):
    signer = load_or_create(_path(ledger), ledger.cursor())
    assert re.fullmatch(r"calledger/[0-9a-f]{16}", signer.name)
    assert load_or_create(_path(ledger), ledger.cursor()) == signer
    assert key_path(_path(ledger)).name == "x.duckdb.key"


@posix
def test_only_its_owner_can_read_the_key_whatever_the_umask(ledger: Ledger):
    before = os.umask(0)
    try:
        load_or_create(_path(ledger), ledger.cursor())
    finally:
        os.umask(before)
    assert key_path(_path(ledger)).stat().st_mode & 0o777 == 0o600
    assert warning(_path(ledger)) is None


@posix
def test_a_key_that_others_can_read_is_warned_of_with_the_mend(ledger: Ledger):
    assert warning(_path(ledger)) is None
    load_or_create(_path(ledger), ledger.cursor())
    key_path(_path(ledger)).chmod(0o644)
    assert "chmod 600" in (warning(_path(ledger)) or "")


def test_two_keys_are_never_the_same():
    assert Signer.generate().seed != Signer.generate().seed
    assert Signer.generate("calledger/x").name == "calledger/x"


def test_nothing_that_is_printed_shows_the_secret():
    signer = Signer.generate()
    secret = signer.secret_text().split("+", 2)[2]
    for shown in (repr(signer), str(signer), f"{signer}", repr([signer])):
        assert secret not in shown
        assert repr(signer.seed) not in shown
        assert signer.seed.hex() not in shown
    assert signer.verifier_key in repr(signer)


def test_a_trail_whose_key_is_missing_makes_no_new_one(ledger: Ledger):
    _begin(ledger)
    key_path(_path(ledger)).unlink()
    with pytest.raises(LedgerError, match=r"is missing.*from your backup"):
        load_or_create(_path(ledger), ledger.cursor())
    assert not key_path(_path(ledger)).exists()


def test_another_trails_key_is_refused(ledger: Ledger):
    _begin(ledger)
    key_path(_path(ledger)).write_text(Signer.generate().secret_text())
    with pytest.raises(LedgerError, match="not the one that signs this trail"):
        load_or_create(_path(ledger), ledger.cursor())


@pytest.mark.parametrize("text", ["", "hello", "PRIVATE+KEY+a+00000000+AQAA", "PRIVATE+KEY+a"])
def test_a_file_that_is_no_key_is_refused_and_kept(ledger: Ledger, text: str):
    key_path(_path(ledger)).write_text(text)
    with pytest.raises(LedgerError, match="holds no signing key"):
        load_or_create(_path(ledger), ledger.cursor())
    assert key_path(_path(ledger)).read_text() == text


def test_a_refused_key_is_not_repeated_in_the_message():
    text = Signer.generate().secret_text()
    other = "C" if text[-44] == "B" else "B"
    for wrong in (text[:-5] + "*****", text[:-4], f"{text[:-44]}{other}{text[-43:]}", text[12:]):
        with pytest.raises(NoteError) as refused:
            Signer.of_secret_text(wrong)
        assert text.split("+", 4)[4][4:20] not in str(refused.value)


def test_a_key_that_cannot_be_read_is_said_in_one_sentence(ledger: Ledger):
    key_path(_path(ledger)).mkdir()
    with pytest.raises(LedgerError, match="cannot be read"):
        load_or_create(_path(ledger), ledger.cursor())
