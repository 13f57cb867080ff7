"""What is wrong with a ledger and what lies beside it; looks, and changes nothing."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from core.audit.held import held_beside
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError, LedgerHeld
from core.spool.segments import Segment, beside, failed_beside, segments_beside
from core.trail import log as trail
from core.trail.checkpoints import time_stamps
from core.trail.checkpoints.anchors import authorities_of
from core.trail.checkpoints.checkpoints import Checkpoint, Note, NoteError, blocks
from core.trail.signing_key import load_or_create, warning

#: Free bytes below which a disk is nearly full.
FREE_BYTES = 1 << 30
#: Seconds that what came in may wait while a server runs, which folds each minute.
_FOLDED_WITHIN = 600.0
#: Segments that are named; of more, how many.
_NAMED = 3


@dataclass(frozen=True)
class Ailment:
    """Something that is wrong.

    Attributes:
        of: what it concerns: file, spool, checkpoint, time stamp, key, disk, clock.
        words: what is wrong, and what to do.
    """

    of: str
    words: str


@dataclass(frozen=True)
class LookedOver:
    """What was found.

    Attributes:
        held: whether another process has the ledger open, so that nothing in it could be looked
            at.
        held_by: that process, where it is known.
        ailments: what is wrong; none: nothing was found.
    """

    held: bool
    held_by: int | None
    ailments: tuple[Ailment, ...]


def look_over(path: Path, *, now: datetime) -> LookedOver:
    """Look a ledger over, and the files beside it; nothing is written.

    Whether the trail is what was signed is not looked at: that is `verify_ledger`'s.
    """
    inside: list[Ailment] = []
    held_by, held = None, False
    try:
        with Ledger.open(path, read_only=True) as ledger, ledger.cursor() as cursor:
            inside += _trail(path, cursor, now)
    except LedgerHeld as error:
        held, held_by = True, error.pid
    except (LedgerError, duckdb.Error) as error:
        inside.append(Ailment("file", str(error)))
    if not path.is_file():
        return LookedOver(False, None, tuple(inside))
    around = (
        *_modes(path),
        *_spool(path, served=held),
        *_time_stamps(path, now),
        *_disk(path),
    )
    return LookedOver(held, held_by, (*inside, *around))


def _trail(path: Path, cursor: duckdb.DuckDBPyConnection, now: datetime) -> Iterator[Ailment]:
    size = trail.size(cursor)
    if not size:
        return
    yield from _key(path, cursor)
    for held in held_beside(path):
        behind = _behind(held.text, size)
        if held.missing:
            yield Ailment(
                "checkpoint",
                f"There is no checkpoint in {held.name}, and each act writes one there: put it "
                "back from your backup, or the next act begins it anew.",
            )
        elif held.fault is not None:
            yield Ailment("checkpoint", f"{held.name} cannot be read: {held.fault}.")
        elif behind:
            yield Ailment(
                "checkpoint",
                f"The newest checkpoint in {held.name} is {behind} of {size:,} acts behind: the "
                "next act makes it good; see that it can be written.",
            )
    (last,) = trail.acts(cursor, size - 1)
    if now < last.at:
        yield Ailment(
            "clock",
            f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC, and the newest act is of "
            f"{last.at:%Y-%m-%d %H:%M}: set the clock right. Until then acts bear that time.",
        )


def _time_stamps(path: Path, now: datetime) -> Iterator[Ailment]:
    """The authorities that leave the newest checkpoint beside the ledger unstamped."""
    try:
        named = authorities_of(path)
    except LedgerError:
        # Said of the checkpoints, whose places stand in the same file.
        return
    notes = blocks(held_beside(path)[0].text)
    for authority in named:
        try:
            time_stamps.certificates(authority.certificates)
        except LedgerError as error:
            yield Ailment("time stamp", str(error))
            continue
        last = time_stamps.newest(path, authority)
        stamped = last is not None and bool(notes) and last.note.strip() == notes[-1].strip()
        if not notes or stamped or not time_stamps.silent(path, notes[-1], last, now):
            continue
        yield Ailment(
            "time stamp",
            f"{authority.url} has stamped {_since(last)}, so nobody outside says since when later "
            f"acts are as they are: calledger trail stamp --ledger {path} asks it, and says what "
            "fails.",
        )


def _since(last: time_stamps.Stamp | None) -> str:
    try:
        return "no checkpoint yet" if last is None else f"none since {last.at:%Y-%m-%d %H:%M} UTC"
    except time_stamps.StampError:
        return "none that can be read"


def _behind(text: str, size: int) -> int:
    """Acts that no checkpoint of a text covers; one that is none counts for nothing."""
    sizes = [0]
    for block in blocks(text):
        try:
            sizes.append(Checkpoint.of(Note.of(block).text).size)
        except NoteError:
            continue
    return max(0, size - max(sizes))


def _key(path: Path, cursor: duckdb.DuckDBPyConnection) -> Iterator[Ailment]:
    try:
        # The trail has begun, so it makes none.
        load_or_create(path, cursor)
    except LedgerError as error:
        yield Ailment("key", str(error))


def _modes(path: Path) -> Iterator[Ailment]:
    unsafe = warning(path)
    if unsafe:
        yield Ailment("key", unsafe)
    if os.name != "posix":
        return
    for one in (path, beside(path)):
        try:
            mode = stat.S_IMODE(one.stat().st_mode)
        except FileNotFoundError:
            continue
        if mode & 0o077:
            fix = "700" if one.is_dir() else "600"
            yield Ailment("file", f"{one} is open to others (mode {mode:03o}): chmod {fix} {one}")


def _spool(path: Path, *, served: bool) -> Iterator[Ailment]:
    folder = beside(path)
    waiting = [one for one in segments_beside(path) if one.path.stat().st_size]
    late = [one for one in waiting if time.time() - one.number / 1000 > _FOLDED_WITHIN]
    if served and late:
        yield Ailment(
            "spool",
            f"{_files(late)} in {folder} came in more than {_FOLDED_WITHIN / 60:.0f} minutes ago "
            "and the server has not folded them in: its log says why.",
        )
    elif waiting and not served:
        yield Ailment(
            "spool",
            f"{_files(waiting)} in {folder} came in and are not in the ledger yet: calledger serve "
            "or calledger check folds them in.",
        )
    aside = failed_beside(path)
    if aside:
        yield Ailment(
            "spool",
            f"{_files(aside)} in {aside[0].path.parent} could not be folded in and were set aside: "
            "correct the rows and import the file, then move it away.",
        )
    if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
        yield Ailment("spool", f"You have no permission to write in {folder}.")


def _files(segments: Sequence[Segment]) -> str:
    names = ", ".join(one.path.name for one in segments[:_NAMED])
    more = f" and {len(segments) - _NAMED} more" if len(segments) > _NAMED else ""
    return f"{names}{more}"


def _disk(path: Path) -> Iterator[Ailment]:
    free = shutil.disk_usage(path.parent).free
    if free < FREE_BYTES:
        yield Ailment(
            "disk",
            f"The disk of {path.parent} has {free / 1e6:,.0f} MB left, and a ledger wants at least "
            f"{FREE_BYTES / 1e6:,.0f}: make room, or move the ledger.",
        )
