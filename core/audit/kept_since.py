"""Since when a trail stands as it does, by the time stamps of outside authorities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from core.text.figures import counted
from core.trail.checkpoints.checkpoints import Checkpoint, Note, NoteError
from core.trail.checkpoints.time_stamps import Stamp, StampError, checked
from core.trail.problems import Problem

#: Why a checkpoint does not vouch for the trail, with {name} and {before} to fill in; or None.
Against = Callable[[Note, Checkpoint], str | None]


@dataclass(frozen=True)
class KeptSince:
    """What time stamps say.

    Attributes:
        words: since when the trail is kept, and what was checked.
        problems: stamps that are of another trail than this.
        remarks: what could not be checked.
    """

    words: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Proven:
    """A stamp that its authority made of a checkpoint of this trail."""

    at: datetime
    size: int
    root: str


def kept_since(
    stamps: Sequence[Stamp], roots: Sequence[x509.Certificate], count: int, against: Against
) -> KeptSince:
    """Check time stamps, and say since when the trail is kept.

    Args:
        stamps: those that lie beside the trail.
        roots: the certificates that their signatures have to lead to.
        count: entries of the trail.
        against: what to hold a stamped checkpoint against.
    """
    if not stamps:
        return KeptSince()
    if not roots:
        said = counted(len(stamps), "time stamp was", "time stamps were")
        return KeptSince(
            remarks=(f"{said} not checked: give the authority's root certificate, --root FILE.",)
        )
    proven, problems, unproven = list[_Proven](), list[Problem](), dict[str, list[str]]()
    good = set[str]()
    for stamp in stamps:
        try:
            at, root = checked(stamp, roots)
        except StampError as error:
            unproven.setdefault(stamp.authority, []).append(str(error).rstrip("."))
            continue
        size, why = _of_this_trail(stamp, at, against)
        if size is None:
            problems.append(Problem("held", None, why))
        else:
            proven.append(_Proven(at, size, root.subject.rfc4514_string()))
            good.add(stamp.authority)
    remarks = []
    for authority, reasons in unproven.items():
        said = counted(len(reasons), "time stamp", "time stamps")
        words = f"{said} of {authority} could not be checked: {reasons[0]}."
        # Where others of the same authority hold, it is not for want of its certificate.
        if authority in good:
            problems.append(Problem("held", None, words))
        else:
            remarks.append(words)
    return KeptSince(_words(proven, count), tuple(problems), tuple(remarks))


def _of_this_trail(stamp: Stamp, at: datetime, against: Against) -> tuple[int | None, str]:
    """Entries that a stamped checkpoint covers; None: it is not of this trail, and why."""
    name = f"The time stamp of {stamp.authority} from {_time(at)}"
    try:
        note = Note.of(stamp.note)
        signed = Checkpoint.of(note.text)
    except NoteError as error:
        return None, f"{name} is of no checkpoint: {error}."
    why = against(note, signed)
    if why is not None:
        return None, why.format(name=name, before=0)
    return signed.size, ""


def _words(proven: Sequence[_Proven], count: int) -> tuple[str, ...]:
    if not proven:
        return ()
    newest = max(proven, key=lambda one: (one.size, one.at))
    # Of the same checkpoint the oldest says most.
    newest = min((one for one in proven if one.size == newest.size), key=lambda one: one.at)
    oldest = min(proven, key=lambda one: one.at)
    rest = "" if newest.size >= count else f" Nothing says so of entry {newest.size} and later."
    words = [
        f"Kept since {_time(newest.at)}: entries 0 to {newest.size - 1} stood then as they stand "
        f"now, by a time stamp under the root certificate {newest.root}.{rest}",
        "Checked: the stamp's signature and its certificates up to a root that was given, and "
        "the signature and root of the checkpoint it is of.",
    ]
    if len(proven) > 1:
        words.append(
            f"{len(proven):,} time stamps agree, the oldest from {_time(oldest.at)}, of entries 0 "
            f"to {oldest.size - 1}."
        )
    return tuple(words)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
