"""Checkpoints and time stamps that are kept outside the trail, and whether they vouch for it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from core.audit.chain_check import Walk
from core.ledger.errors import LedgerError
from core.text.figures import counted
from core.trail.checkpoints import anchors, time_stamps
from core.trail.checkpoints.checkpoints import Checkpoint, Note, NoteError, blocks
from core.trail.checkpoints.time_stamps import Stamp


@dataclass(frozen=True)
class Held:
    """Checkpoints that somebody kept.

    Attributes:
        name: where they are from, in words.
        text: any number of signed notes.
        within_reach: whether who can write to the ledger can most likely write there, too.
        fault: why it could not be read; None when it could.
        missing: whether there is nothing at all where it should lie.
    """

    name: str
    text: str
    within_reach: bool = False
    fault: str | None = None
    missing: bool = False


def held_beside(ledger: str | os.PathLike[str]) -> tuple[Held, ...]:
    """The checkpoints beside a ledger and at every anchor its owner named; never raises."""
    try:
        return tuple(_held_at(anchors.anchors_of(ledger)))
    except LedgerError as error:
        beside = anchors.Anchor("beside", anchors.beside_path(ledger))
        settings = anchors.settings_path(ledger)
        return (*_held_at((beside,)), Held(str(settings), "", fault=first_line(error)))


@dataclass(frozen=True)
class Stamped:
    """The time stamps of a trail, and what they are checked by.

    Attributes:
        stamps: of its checkpoints.
        roots: the certificates that their signatures have to lead to.
        fault: why these could not be read, in a sentence; empty when they could.
    """

    stamps: tuple[Stamp, ...] = ()
    roots: tuple[x509.Certificate, ...] = ()
    fault: str = ""


#: No time stamps, and nothing to check them by.
UNSTAMPED = Stamped()


def stamps_beside(
    ledger: str | os.PathLike[str], roots: Sequence[x509.Certificate] = ()
) -> Stamped:
    """The time stamps beside a ledger, with the certificates its owner named; never raises.

    Args:
        ledger: the file.
        roots: certificates that somebody brought; with any, those its owner named do not count.
    """
    stamps: tuple[Stamp, ...] = ()
    try:
        stamps = time_stamps.beside(ledger)
        named = [one.certificates for one in anchors.authorities_of(ledger)] if not roots else []
        found = [one for file in dict.fromkeys(named) for one in time_stamps.certificates(file)]
    except (LedgerError, OSError) as error:
        return Stamped(stamps, tuple(roots), f"{first_line(error)}.")
    return Stamped(stamps, (*roots, *found))


@dataclass(frozen=True)
class HeldSource:
    """One source of held checkpoints, read."""

    source: Held
    notes: tuple[tuple[Note, Checkpoint], ...]
    strange: int


def _held_at(named: Iterable[anchors.Anchor]) -> Iterator[Held]:
    for anchor in named:
        beside = anchor.kind == "beside"
        try:
            text = anchors.text_of(anchor)
        except (OSError, ValueError) as error:
            yield Held(anchor.words, "", beside, fault=first_line(error))
        else:
            yield Held(anchor.words, text or "", beside, missing=text is None)


def read_held(held: Sequence[str | Path | Held]) -> list[HeldSource]:
    """What was kept, taken apart into signed notes; what cannot be read says why."""
    found = []
    for number, one in enumerate(held, start=1):
        if isinstance(one, Held):
            source = one
        elif isinstance(one, str):
            source = Held(f"the held checkpoint {number}", one)
        else:
            try:
                source = Held(str(one), one.read_text(encoding="utf-8", errors="replace"))
            except (OSError, ValueError) as error:
                source = Held(str(one), "", fault=first_line(error))
        notes, strange = [], 0
        for block in blocks(source.text):
            try:
                note = Note.of(block)
                notes.append((note, Checkpoint.of(note.text)))
            except NoteError:
                strange += 1
        found.append(HeldSource(source, tuple(notes), strange))
    return found


def sizes(kept: Sequence[HeldSource]) -> frozenset[int]:
    """Of the trees that the held checkpoints are of."""
    return frozenset(signed.size for one in kept for _, signed in one.notes)


def stamped_sizes(stamps: Iterable[Stamp]) -> frozenset[int]:
    """Of the trees that the stamped checkpoints are of."""
    found = set()
    for one in stamps:
        with suppress(NoteError):
            found.add(Checkpoint.of(Note.of(one.note).text).size)
    return frozenset(found)


def disagrees(walk: Walk, note: Note, signed: Checkpoint) -> str | None:
    """Why a held checkpoint does not vouch for this trail; with {name} and {before} to fill in."""
    size = signed.size
    if signed.origin != walk.origin:
        shown = json.dumps(signed.origin[:80]).replace("{", "{{").replace("}", "}}")
        return f"{{name}} holds a checkpoint of the trail {shown}, which this is not."
    key = walk.key_at(size)
    try:
        known = key is not None and note.signed_by([key])
    except NoteError:
        known = False
    held = f"{{name}} holds a checkpoint of {counted(size, 'entry', 'entries')}"
    if size > walk.count:
        signature = "" if known else ", though not by a key that this trail names"
        return (
            f"{held}{signature}; the trail has {walk.count}: what came after was cut off, or an "
            "older ledger was put back."
        )
    if not known:
        return (
            f"{held} that the trail's key of that time did not sign: one of the two was replaced."
        )
    if signed.root != walk.roots.get(size):
        return (
            f"{held} with another root: the trail was rewritten somewhere in entries {{before}} "
            f"to {size - 1}."
        )
    return None


def first_line(error: BaseException) -> str:
    """An error's first line, without a full stop, and no longer than a sentence."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0][:300].rstrip(".")
