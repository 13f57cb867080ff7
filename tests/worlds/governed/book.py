"""A trail written by hand, entry by entry, to be verified and altered."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.audit.export import export
from core.audit.report import Report
from core.audit.verify import verify_ledger
from core.ledger.connection import Ledger
from core.trail import log as trail
from core.trail.acts import Act, Actor, Proposal, Signature
from core.trail.canonical_json import canonical, sha256_of
from core.trail.checkpoints.checkpoints import Checkpoint, sign
from core.trail.checkpoints.merkle import Frontier, leaf_hash
from core.trail.checkpoints.signer import Signer
from core.trail.fingerprint import Fingerprint

NOW = datetime(2026, 11, 24, 9)
ADMIN = Actor("p-0123456789abcdef", "admin")
BUNDLE = canonical({"n": 412, "gap": "0.021"})
EVIDENCE = sha256_of({"n": 412, "gap": "0.021"})
GROUP = {"name": "risk", "members": ["p-1"]}
SIZE = 8


class Book:
    """A trail with evidence, a change of key and checkpoints that an auditor kept."""

    def __init__(self, signer: Signer | None = None) -> None:
        self.ledger = Ledger.in_memory()
        self.cursor = self.ledger.cursor()
        self.signer = signer or Signer.generate()
        self.clock = NOW
        self.kept: dict[int, str] = {}
        trail.start(self.cursor, self.signer, at=NOW, program="1")

    def add(self, kind: str = "group.set", body: Any = None, **given: Any) -> Act:
        self.clock += timedelta(minutes=1)
        successor = given.pop("successor", None)
        proposal = Proposal(kind, ADMIN, body=GROUP if body is None else body, **given)
        act = trail.append(
            self.cursor, self.signer, proposal,
            at=self.clock, before=None, after=None, successor=successor,
        )  # fmt: skip
        self.kept[act.seq + 1] = trail.latest_note(self.cursor) or ""
        return act

    def change_key(self) -> None:
        new = Signer.generate(self.signer.name)
        self.add("key.changed", {"key": new.verifier_key}, successor=new)
        self.signer = new

    def verified(self, *held: int) -> Report:
        return verify_ledger(self.cursor, held=[self.kept[size] for size in held])

    def change(self, sql: str) -> None:
        self.cursor.execute(sql)


def story(signer: Signer | None = None) -> Book:
    book = Book(signer)
    book.add()
    book.cursor.execute("INSERT INTO evidence VALUES (?, ?)", [EVIDENCE, BUNDLE])
    book.add("validation.submitted", {"evidence": EVIDENCE}, signal="s")
    book.add(
        "validation.signed",
        {"until": "2027-01-01"},
        signal="s",
        fingerprint=Fingerprint(model_version="m"),
        signature=Signature("I checked — ✓", EVIDENCE),
    )
    book.change_key()
    for _ in range(3):
        book.add()
    return book


@pytest.fixture
def book() -> Book:
    return story()


def said_of(report: Report) -> str:
    return "\n".join(report.lines())


def rewritten(
    book: Book, signer: Signer, alter: Callable[[int, dict[str, Any]], None], size: int = SIZE
) -> None:
    """Alter entries and chain, hash and sign everything anew, as the key's holder could."""
    texts = [text for _, text, _ in trail.entries(book.cursor)][:size]
    book.change("DELETE FROM acts; DELETE FROM checkpoints")
    frontier, prev = Frontier(), ""
    for seq, text in enumerate(texts):
        read = json.loads(text)
        alter(seq, read)
        text = canonical({**read, "prev": prev})
        leaf = leaf_hash(text.encode())
        frontier, prev = frontier.append(leaf), leaf.hex()
        note = sign(Checkpoint(signer.name, seq + 1, frontier.root()).body, [signer])
        book.cursor.execute("INSERT INTO acts VALUES (?, ?, ?)", [seq, text, prev])
        roots = [root.hex() for root in frontier.roots]
        book.cursor.execute("INSERT INTO checkpoints VALUES (?, ?, ?)", [seq + 1, roots, note])


def plain_book(size: int = SIZE) -> Book:
    """Without a change of key, so that one key can sign all of it again."""
    book = Book()
    for _ in range(size - 1):
        book.add()
    return book


def alter_five(seq: int, read: dict[str, Any]) -> None:
    if seq == 5:
        read["body"] = {"sub": "p-666"}


@pytest.fixture
def exported(book: Book, tmp_path: Path) -> Path:
    path = tmp_path / "trail.jsonl"
    assert export(book.cursor, path) == SIZE
    return path
