"""The last time that all of a ledger was verified: kept beside it, as a note and no proof.

Verifying every sealed row takes time in proportion to the ledger, so pages show when that was done
last, and what it found. Who can write to the ledger can write this file, too: whoever has to be
sure verifies it all themselves.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import get_args

from core.audit.report import Report
from core.ledger.private import owner_only
from core.trail.acts import stamp
from core.trail.problems import Problem, ProblemKind

#: Problems that are kept; the rest is counted.
_KEPT = 20
SUFFIX = ".verified"


@dataclass(frozen=True)
class LastFull:
    """A verification of everything.

    Attributes:
        at: when, UTC without zone.
        n_entries: entries that the trail had.
        root: of the tree over them, hexadecimal; tells whether it was this trail.
        problems: what was wrong, the first `_KEPT` of them.
        n_problems: how many.
    """

    at: datetime
    n_entries: int
    root: str
    problems: tuple[Problem, ...]
    n_problems: int


def beside(ledger: str | os.PathLike[str]) -> Path:
    """Where it is kept: ``<ledger>.verified``."""
    path = Path(ledger)
    return path.with_name(path.name + SUFFIX)


def last_full(ledger: str | os.PathLike[str]) -> LastFull | None:
    """The last verification of everything; None where none is kept that can be read."""
    try:
        found = json.loads(beside(ledger).read_text(encoding="utf-8"))
        return LastFull(
            at=datetime.fromisoformat(found["at"]).replace(tzinfo=None),
            n_entries=int(found["entries"]),
            root=str(found["root"]),
            problems=tuple(_problem(one) for one in found["problems"]),
            n_problems=int(found["n_problems"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(ledger: str | os.PathLike[str], report: Report, *, at: datetime) -> None:
    """Keep that everything was verified, in place of what was kept before.

    Raises:
        OSError: it cannot be written.
    """
    path = beside(ledger)
    half = path.with_name(f"{path.name}.{os.getpid()}.partial")
    text = json.dumps(
        {
            "note": "When calledger verified all of the ledger last. No proof: whoever can write "
            "to the ledger can write this.",
            "at": stamp(at),
            "entries": report.n_entries,
            "root": report.root,
            "problems": [[one.kind, one.seq, one.words] for one in report.problems[:_KEPT]],
            "n_problems": len(report.problems),
        },
        indent=1,
    )
    try:
        with owner_only():
            half.write_text(text + "\n", encoding="utf-8")
            half.replace(path)
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)


def _problem(read: Sequence[object]) -> Problem:
    kind, seq, words = read
    kinds: dict[object, ProblemKind] = {one: one for one in get_args(ProblemKind)}
    if kind not in kinds or not (seq is None or isinstance(seq, int)):
        raise ValueError("no problem")
    return Problem(kinds[kind], seq, str(words))
