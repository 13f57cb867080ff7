"""Is the trail intact? Asked of the ledger, or of an export with nothing else at hand.

What the trail's own signed checkpoints cannot show (a trail cut short, or rewritten by whoever
holds the key) is shown by checkpoints that somebody else kept. The answer therefore never is a bare
yes: it says since which entry nothing outside the ledger vouches for the trail.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
from cryptography import x509

from core.audit import coverage as covered
from core.audit.chain_check import BAD, Walk
from core.audit.export import FORMAT, checkpoint_line, evidence_line, header, person_line
from core.audit.kept_since import kept_since
from core.audit.signers import signers
from core.governance import names as directory
from core.ledger.connection import is_database
from core.ledger.errors import LedgerError
from core.text.figures import counted
from core.trail import anchors, time_stamps
from core.trail import row_seals as seal
from core.trail.acts import stamp
from core.trail.canonical_json import canonical
from core.trail.checkpoints import Checkpoint, Note, NoteError, blocks
from core.trail.log import at_one_moment
from core.trail.problems import Problem
from core.trail.time_stamps import Stamp

#: Problems that a report shows; the rest is counted.
_SHOWN = 20


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


@dataclass(frozen=True)
class Report:
    """What a verification found.

    Attributes:
        problems: what is wrong, in the trail's order; none when it is intact.
        n_entries: entries read.
        origin: the trail's name; None when it has none that can be read.
        key: the public key in force at its end, as text.
        span: times of its first and last entry, as they stand in them.
        anchored: entries covered by the newest held checkpoint that is out of the ledger's reach
            and agrees with the trail; None when there is none.
        beside: the same of those within its reach.
        beside_from: entries covered by the oldest of those that agree.
        remarks: what is worth knowing and not wrong.
        kept_since: since when it stands as it does, by time stamps, and what of them was checked.
        signers: who signed, and on what assurance; empty where the trail is not intact.
    """

    problems: tuple[Problem, ...]
    n_entries: int
    origin: str | None = None
    key: str | None = None
    span: tuple[str, str] | None = None
    anchored: int | None = None
    beside: int | None = None
    beside_from: int | None = None
    remarks: tuple[str, ...] = ()
    kept_since: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def first_bad(self) -> int | None:
        """The first entry that is wrong; None when no problem names one.

        A held checkpoint that disagrees says only from where on: it counts where nothing in the
        trail itself names an entry.
        """
        named = [(one.kind == "held", one.seq) for one in self.problems if one.seq is not None]
        return min(named)[1] if named else None

    def lines(self) -> tuple[str, ...]:
        """The report in plain words."""
        return (
            *self._verdict(),
            *self._anchoring(),
            *self.kept_since,
            *self.signers,
            *self.remarks,
        )

    def _verdict(self) -> Iterator[str]:
        entries = counted(self.n_entries, "entry", "entries")
        if self.ok and not self.n_entries:
            yield "The trail has not begun: there are no entries."
        elif self.ok:
            first, last = self.span or ("?", "?")
            yield f"The trail is intact: {entries} of {self.origin}, from {first} to {last}."
            yield f"Every checkpoint is signed by the trail's key, now {self.key}."
        else:
            count = len(self.problems)
            first_bad = self.first_bad
            at = "" if first_bad is None else f" The first bad entry is {first_bad}."
            problems = f"{count:,} {'problem' if count == 1 else 'problems'}"
            yield f"The trail is not intact: {problems} in {entries}.{at}"
            yield from (problem.words for problem in self.problems[:_SHOWN])
            if count > _SHOWN:
                yield f"And {count - _SHOWN:,} problems more."

    def _anchoring(self) -> Iterator[str]:
        if not self.n_entries:
            return
        if self.anchored is None:
            yield (
                "Nothing outside the ledger holds a checkpoint: whoever holds the signing key could"
                " have rewritten all of it. Keep one elsewhere: calledger trail checkpoint."
            )
        elif self.anchored < self.n_entries:
            yield f"Not anchored since entry {self.anchored}."
        else:
            yield "Anchored up to its last entry by a checkpoint outside the ledger."
        if self.beside is not None:
            yield (
                f"The checkpoints beside the ledger agree up to entry {self.beside - 1}, the "
                f"oldest is of entry {(self.beside_from or self.beside) - 1}; but who can write to "
                "the ledger can most likely write there, too."
            )


def held_beside(ledger: str | os.PathLike[str]) -> tuple[Held, ...]:
    """The checkpoints beside a ledger and at every anchor its owner named; never raises."""
    try:
        return tuple(_held_at(anchors.anchors_of(ledger)))
    except LedgerError as error:
        beside = anchors.Anchor("beside", anchors.beside_path(ledger))
        settings = anchors.settings_path(ledger)
        return (*_held_at((beside,)), Held(str(settings), "", fault=_first(error)))


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
        return Stamped(stamps, tuple(roots), f"{_first(error)}.")
    return Stamped(stamps, (*roots, *found))


def verify_ledger(
    cursor: duckdb.DuckDBPyConnection,
    *,
    held: Sequence[str | Path | Held] = (),
    stamped: Stamped = Stamped(),
) -> Report:
    """Verify the trail in a ledger and every table against it; never raises.

    What it does not cover is among the remarks (`core.audit.coverage`).

    Args:
        held: checkpoints that were kept: paths of files, or texts, with any number of notes each.
        stamped: the time stamps beside the ledger.
    """
    kept = _read_held(held)
    walk = Walk(_sizes(kept))
    walk.wanted |= _stamped_sizes(stamped.stamps)
    people: tuple[directory.Row, ...] = ()
    remarks: list[str] = []
    try:
        with at_one_moment(cursor):
            # First, since what is missing may keep the rest from being read.
            walk.problems += covered.check_objects(cursor)
            _walk_ledger(cursor, walk)
            walk.problems += _evidence_in(cursor, walk)
            walk.problems += seal.check_seals(cursor, walk.acts)
            read = covered.Trail(
                walk.acts, [key for _, key in walk.keys], frozenset(walk.evidence), walk.count > 0
            )
            people = directory.rows_of(cursor)
            problems, remarks = covered.check_tables(cursor, read)
            walk.problems += problems
        if walk.count:
            remarks += covered.not_covered()
    except (duckdb.Error, *BAD) as error:
        walk.problems.append(Problem("file", None, f"The ledger cannot be read: {_first(error)}."))
    remarks += [stamped.fault] if stamped.fault else []
    return _report(walk, kept, remarks, people, stamped)


def verify_export(
    path: str | os.PathLike[str],
    *,
    held: Sequence[str | Path | Held] = (),
    roots: Sequence[x509.Certificate] = (),
) -> Report:
    """Verify an export with nothing else at hand.

    Line ends changed on the way, all of them to CRLF, are read as the ones they were.

    Args:
        held: checkpoints that the auditor kept, as for `verify_ledger`.
        roots: certificates of time stamp authorities, got from elsewhere than the export.

    Raises:
        LedgerError: there is no such file, it cannot be read, or it is a ledger.
    """
    path = Path(path)
    kept = _read_held(held)
    walk = Walk(_sizes(kept))
    reader = _Export(walk)
    try:
        if is_database(path):
            raise LedgerError(
                f"{path} is a ledger, not an export; verify it with: "
                f"calledger trail verify --ledger {path}"
            )
        reader.read(path)
    except FileNotFoundError:
        raise LedgerError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise LedgerError(f"{path} is a folder; name the export inside it.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LedgerError(f"{path} cannot be read: {reason}.") from error
    remarks = [
        "An export holds the trail and its evidence; seals are checked in the ledger itself."
    ]
    if reader.crlf:
        remarks.append(
            "The line ends of the file were changed to CRLF on its way; what stands in the lines "
            "was verified all the same."
        )
    people = reader.people
    if people is not None:
        problems, bare = directory.check_rows(people, walk.acts, "The directory of the export")
        walk.problems += problems
        remarks += bare
    return _report(walk, kept, remarks, people, Stamped(tuple(reader.stamps), tuple(roots)))


# -- the ledger ------------------------------------------------------------------------------------


def _walk_ledger(cursor: duckdb.DuckDBPyConnection, walk: Walk) -> None:
    cursor.execute(
        """
        SELECT seq::HUGEINT AS place, 0 AS kind, entry AS text, leaf, NULL AS roots FROM acts
        UNION ALL
        SELECT size::HUGEINT - 1, 1, note, NULL, frontier FROM checkpoints
        ORDER BY place, kind, text
        """
    )
    due, last = False, -1
    while rows := cursor.fetchmany(1000):
        for place, kind, text, leaf, roots in rows:
            if kind == 0:
                _check_due(walk, due, last)
                walk.entry(text, seq=place, leaf=leaf)
                due, last = True, place
            elif due and place == last:
                walk.checkpoint(text, size=place + 1, roots=roots)
                due = False
            else:
                walk.problems.append(
                    Problem(
                        "checkpoint",
                        max(place, 0),
                        f"There is a checkpoint of size {place + 1} too many.",
                    )
                )
    _check_due(walk, due, last)


def _check_due(walk: Walk, due: bool, last: int) -> None:
    if due:
        walk.problems.append(
            Problem("checkpoint", max(last, 0), f"Entry {last} has no signed checkpoint.")
        )


def _evidence_in(cursor: duckdb.DuckDBPyConnection, walk: Walk) -> Iterator[Problem]:
    found: set[str] = set()
    cursor.execute("SELECT sha256, bundle FROM evidence ORDER BY sha256")
    while rows := cursor.fetchmany(10):
        for sha256, bundle in rows:
            found.add(sha256)
            if _sha256(bundle) != sha256:
                yield _altered(sha256, walk)
    yield from _missing(found, walk)


def _altered(sha256: str, walk: Walk) -> Problem:
    seq = walk.evidence.get(sha256)
    by = "" if seq is None else f", which entry {seq} cites,"
    return Problem("evidence", seq, f"The evidence {sha256[:12]}…{by} was altered.")


def _missing(found: set[str], walk: Walk) -> Iterator[Problem]:
    for sha256, seq in walk.evidence.items():
        if sha256 not in found:
            words = f"The evidence {sha256[:12]}…, which entry {seq} cites, is missing."
            yield Problem("evidence", seq, words)


# -- the export ------------------------------------------------------------------------------------


class _Export:
    """Reads an export line by line; every line must be the one the program wrote."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._due = False
        self._found: list[str] = []
        self._header: str | None = None
        self._carried = False
        self._people: list[directory.Row] = []
        self.stamps: list[Stamp] = []
        self.crlf = False

    @property
    def people(self) -> tuple[directory.Row, ...] | None:
        """The directory; None: the export was written without one."""
        return tuple(self._people) if self._carried else None

    def read(self, path: Path) -> None:
        """Read all of it.

        Raises:
            OSError: the file cannot be read.
        """
        number = 0
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                if number == 1:
                    self.crlf = raw.endswith(b"\r\n")
                # A carriage return is never part of canonical JSON. Where only some lines have
                # one, each of those is said to be none of an export.
                changed = self.crlf and raw.endswith(b"\r\n")
                self._line(number, raw[:-2] + b"\n" if changed else raw)
        if number == 0:
            self._problem("The file is empty.")
            return
        self._entry_is_signed()
        walk = self._walk
        keys = tuple(key.text for _, key in walk.keys)
        people = len(self._people) if self._carried else None
        due = header(walk.origin or "", keys, walk.count, people)
        if self._header is not None and self._header != due:
            self._problem(
                f"The header in line 1 ({self._header[:300]}) is not that of the {walk.count} "
                "entries that follow it."
            )
        if self._found != sorted(set(self._found)) or set(self._found) - walk.evidence.keys():
            self._problem("The evidence is out of order, doubled, or cited by no entry.")
        walk.problems += _missing(set(self._found), walk)

    def _line(self, number: int, raw: bytes) -> None:
        try:
            text = raw.decode("utf-8")
            if not text.endswith("\n"):
                raise ValueError("it is cut short")
            text = text[:-1]
            read = json.loads(text)
            if not isinstance(read, dict):
                raise ValueError("it is not an object")
            names = read.keys()
            if number == 1:
                self._first_line(text, read)
            elif names == {"checkpoint"}:
                self._checkpoint(number, text, read["checkpoint"])
            elif names == {"bundle", "sha256"}:
                self._evidence(text, read["sha256"], read["bundle"])
            elif names == {"stamp"}:
                self._stamp(number, text)
            elif names == {"person"}:
                self._person(text, read["person"])
            else:
                self._entry(text)
        except BAD as error:
            self._problem(f"Line {number} is not one of an export: {_first(error)}.")

    def _first_line(self, text: str, read: dict[str, object]) -> None:
        if read.get("format") != FORMAT or canonical(read) != text:
            raise ValueError(f"line 1 of a {FORMAT} export is its header")
        self._header = text
        self._carried = "people" in read

    def _stamp(self, number: int, text: str) -> None:
        # Before the entries, so that the tree is looked at where one is.
        if self._walk.count:
            self._problem(f"The time stamp in line {number} stands after an entry.")
        self.stamps.append(Stamp.of(text))
        self._walk.wanted |= _stamped_sizes(self.stamps[-1:])

    def _entry(self, text: str) -> None:
        self._entry_is_signed()
        if self._found or self._people:
            self._problem(f"Entry {self._walk.count} stands after the evidence or the directory.")
        self._walk.entry(text)
        self._due = True

    def _checkpoint(self, number: int, text: str, note: object) -> None:
        if not isinstance(note, str) or checkpoint_line(note) != text:
            raise ValueError("it is not canonical JSON")
        if not self._due:
            self._problem(f"The checkpoint in line {number} follows no entry.")
            return
        self._due = False
        self._walk.checkpoint(note)

    def _evidence(self, text: str, sha256: object, bundle: object) -> None:
        if not isinstance(sha256, str) or not isinstance(bundle, str):
            raise ValueError("a bundle is text")
        if evidence_line(sha256, bundle) != text:
            raise ValueError("it is not canonical JSON")
        self._entry_is_signed()
        if self._people:
            self._problem(f"The evidence {sha256[:12]}… stands after the directory.")
        self._found.append(sha256)
        if _sha256(bundle) != sha256:
            self._walk.problems.append(_altered(sha256, self._walk))

    def _person(self, text: str, found: object) -> None:
        if not isinstance(found, dict) or not all(
            isinstance(value, str | None) for value in found.values()
        ):
            raise ValueError("a person is an object of texts")
        row = directory.Row(**found)
        if not isinstance(row.sub, str) or person_line(row) != text:
            raise ValueError("it is not canonical JSON")
        self._entry_is_signed()
        self._people.append(row)

    def _entry_is_signed(self) -> None:
        _check_due(self._walk, self._due, self._walk.count - 1)
        self._due = False

    def _problem(self, words: str) -> None:
        self._walk.problems.append(Problem("file", None, words))


# -- what somebody kept ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kept:
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
            yield Held(anchor.words, "", beside, fault=_first(error))
        else:
            yield Held(anchor.words, text or "", beside, missing=text is None)


def _read_held(held: Sequence[str | Path | Held]) -> list[_Kept]:
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
                source = Held(str(one), "", fault=_first(error))
        notes, strange = [], 0
        for block in blocks(source.text):
            try:
                note = Note.of(block)
                notes.append((note, Checkpoint.of(note.text)))
            except NoteError:
                strange += 1
        found.append(_Kept(source, tuple(notes), strange))
    return found


def _sizes(kept: Sequence[_Kept]) -> frozenset[int]:
    return frozenset(signed.size for one in kept for _, signed in one.notes)


def _stamped_sizes(stamps: Iterable[Stamp]) -> frozenset[int]:
    found = set()
    for one in stamps:
        with suppress(NoteError):
            found.add(Checkpoint.of(Note.of(one.note).text).size)
    return frozenset(found)


def _report(
    walk: Walk,
    kept: Sequence[_Kept],
    remarks: Sequence[str],
    people: Iterable[directory.Row] | None,
    stamped: Stamped,
) -> Report:
    further = list(remarks)
    for (_, old), (seq, key) in zip(walk.keys, walk.keys[1:], strict=False):
        further.append(f"The signing key changed at entry {seq}, from {old.text} to {key.text}.")
    agreed: dict[bool, list[int]] = {True: [], False: []}
    against: list[tuple[int, str, str]] = []
    problems = list(walk.problems)
    for one in kept:
        name = one.source.name
        if one.source.missing and one.source.within_reach and walk.count:
            # Every act writes there, so only what came after the last act can be missing.
            problems.append(
                Problem(
                    "held",
                    None,
                    f"The checkpoint file {name} is missing, and every act writes there. Put it "
                    "back from your backup. Without it, or a checkpoint kept elsewhere (--held), "
                    "an older ledger put in this one's place would not show.",
                )
            )
        elif one.source.missing:
            further.append(f"{name} holds no checkpoint yet.")
        elif one.source.fault is not None or not one.notes:
            fault = one.source.fault or "it holds no checkpoint"
            problems.append(Problem("held", None, f"{name} cannot be used: {fault}."))
        elif one.strange:
            further.append(
                f"{one.strange} blocks of {name} are no checkpoint and were passed over."
            )
        for note, signed in one.notes:
            why = _disagrees(walk, note, signed)
            if why is None:
                agreed[one.source.within_reach].append(signed.size)
            else:
                against.append((signed.size, name, why))
    sizes = agreed[True] + agreed[False]
    for name in sorted({name for _, name, _ in against}):
        # The earliest says most; those that follow disagree because it does.
        (size, _, why), *later = sorted(one for one in against if one[1] == name)
        before = max((good for good in sizes if good < size), default=0)
        words = why.format(name=name, before=before)
        if later:
            words += f" {len(later):,} larger ones in it disagree as well."
        problems.append(Problem("held", min(before, walk.count), words))
    by_stamps = kept_since(stamped.stamps, stamped.roots, walk.count, partial(_disagrees, walk))
    problems += by_stamps.problems
    further += by_stamps.remarks
    return Report(
        problems=tuple(sorted(problems, key=_place)),
        n_entries=walk.count,
        origin=walk.origin,
        key=walk.keys[-1][1].text if walk.keys else None,
        span=None
        if walk.first_at is None or walk.last_at is None
        else (stamp(walk.first_at), stamp(walk.last_at)),
        anchored=max(agreed[False], default=None),
        beside=max(agreed[True], default=None),
        beside_from=min(agreed[True], default=None),
        remarks=tuple(further),
        kept_since=() if _doubtful(problems) else by_stamps.words,
        signers=_signers(walk, problems, people),
    )


def _signers(
    walk: Walk, problems: Sequence[Problem], people: Iterable[directory.Row] | None
) -> tuple[str, ...]:
    if _doubtful(problems):
        return ()
    names = None if people is None else directory.resolved(people, walk.acts)
    return signers(walk.acts, names)


def _doubtful(problems: Sequence[Problem]) -> bool:
    """Whether the trail itself is; a wrong table of names makes no signature doubtful."""
    return any(one.kind in ("entry", "checkpoint", "held", "file") for one in problems)


def _place(problem: Problem) -> tuple[bool, int]:
    """In the trail's order; what is about the file as a file comes first, other things last."""
    if problem.seq is None:
        return (problem.kind != "file", -1)
    return False, problem.seq


def _disagrees(walk: Walk, note: Note, signed: Checkpoint) -> str | None:
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


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()


def _first(error: BaseException) -> str:
    """An error's first line, without a full stop, and no longer than a sentence."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0][:300].rstrip(".")
