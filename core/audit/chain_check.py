"""Entry after entry, checkpoint after checkpoint: whether each follows from what came before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args

from core.audit.export import cited
from core.trail.act_kinds import KINDS
from core.trail.acts import ASSURANCES, Act, Via, stamp
from core.trail.canonical_json import canonical
from core.trail.checkpoints.checkpoints import Checkpoint, Note, NoteError, VerifierKey, time_line
from core.trail.checkpoints.merkle import EMPTY_ROOT, Frontier, leaf_hash
from core.trail.log import KEY_CHANGED, STARTED
from core.trail.problems import Problem

_KEYS = frozenset(
    {
        *("v", "log", "seq", "at", "kind", "actor", "signal", "fingerprint"),
        *("before", "after", "body", "signature", "prev"),
    }
)
#: What reading a text that somebody made up may raise.
BAD = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)


@dataclass
class Walk:
    """Reads a trail from its first entry on, and notes what does not follow.

    Attributes:
        problems: what was found so far.
        origin: the trail's, by its first entry.
        keys: (entry, key) of each key, in the order they came into force.
        count: entries read.
        acts: those that could be read.
        evidence: bundles cited, by SHA-256, with the first entry that cites each.
        roots: roots of the tree at the sizes that were asked for.
    """

    wanted: frozenset[int] = frozenset()
    problems: list[Problem] = field(default_factory=list)
    origin: str | None = None
    keys: list[tuple[int, VerifierKey]] = field(default_factory=list)
    count: int = 0
    acts: list[Act] = field(default_factory=list)
    evidence: dict[str, int] = field(default_factory=dict)
    roots: dict[int, bytes] = field(default_factory=dict)
    first_at: datetime | None = None
    last_at: datetime | None = None
    _at: datetime | None = None
    _next: int = 0
    _prev: str = ""
    _frontier: Frontier = field(default_factory=Frontier)
    _differs: bool = False

    def __post_init__(self) -> None:
        self.roots[0] = EMPTY_ROOT

    def entry(self, text: str, *, seq: int | None = None, leaf: str | None = None) -> None:
        """Read the next entry.

        Args:
            text: its exact text.
            seq: the number it is stored under; None where it is not stored apart.
            leaf: the leaf hash stored with it; None where there is none.
        """
        place = self._next
        hashed = leaf_hash(text.encode("utf-8", errors="surrogatepass"))
        if seq is not None and seq != place:
            self._misplaced(seq, place)
            place = seq
        if leaf is not None and leaf != hashed.hex():
            self._add(place, f"The text of entry {place} is not the one that was hashed.")
        self._at = None
        faults = list(self._faults(text, place))
        self.problems += [Problem("entry", max(place, 0), fault) for fault in faults]
        self._prev = hashed.hex()
        self._frontier = self._frontier.append(hashed)
        self.count += 1
        self._next = place + 1
        if self.count in self.wanted:
            self.roots[self.count] = self._frontier.root()

    def checkpoint(self, note: str, *, size: int | None = None, roots: Any = None) -> None:
        """Read the checkpoint that was signed with the last entry.

        Args:
            note: the signed note.
            size: the size it is stored under; None where it is not stored apart.
            roots: the stored frontier, hexadecimal; None where there is none.
        """
        seq = self._next - 1
        if size is not None and size != self._next:
            self._add(seq, f"A checkpoint of size {size} stands where {self._next} is due.", True)
            return
        stored_differs = roots is not None and roots != [r.hex() for r in self._frontier.roots]
        # Where an entry was changed, that is said, and not what comes of it.
        if stored_differs and self._root_of(note) == self._frontier.root():
            self._add(seq, f"The tree stored with entry {seq} is not the trail's.", True)
        try:
            read = Note.of(note)
            signed = Checkpoint.of(read.text)
            by = read.signed_by(key for _, key in self.keys)
        except NoteError as error:
            self._add(seq, f"The checkpoint of entry {seq} is not valid: {error}.", True)
            return
        self._signatures(read, by, seq)
        # Checkpoints of an earlier version carry no time.
        timed = () if self._at is None else (time_line(self._at),)
        if signed.origin != self.origin:
            self._add(seq, f"The checkpoint of entry {seq} is not one of this trail.", True)
        elif signed.size != self._next:
            self._add(seq, f"The checkpoint of entry {seq} is one of {signed.size} entries.", True)
        elif signed.root != self._frontier.root() and not self._differs:
            # Whatever follows differs, too: only the first is said.
            self._differs = True
            self._add(seq, f"Entry {seq} is not the one that was signed.")
        elif signed.extensions not in ((), timed):
            self._add(seq, f"The checkpoint of entry {seq} has not the time of its entry.", True)

    def root(self) -> bytes:
        """Of the tree over all that was read."""
        return self._frontier.root()

    def key_at(self, size: int) -> VerifierKey | None:
        """The key that signs the checkpoint of a size."""
        found = [key for seq, key in self.keys if seq < max(size, 1)]
        return found[-1] if found else None

    def _add(self, seq: int, words: str, checkpoint: bool = False) -> None:
        self.problems.append(Problem("checkpoint" if checkpoint else "entry", max(seq, 0), words))

    def _misplaced(self, seq: int, place: int) -> None:
        if seq > place:
            lost = f"Entry {place} is" if seq == place + 1 else f"Entries {place} to {seq - 1} are"
            self._add(place, f"{lost} missing.")
        else:
            self._add(seq, f"Entry {seq} stands there again, or out of order.")

    def _faults(self, text: str, place: int) -> Iterator[str]:
        """What is wrong with an entry; keeps what it says where it can be read."""
        try:
            read = json.loads(text)
            if not isinstance(read, dict) or canonical(read) != text:
                yield f"Entry {place} is not canonical JSON."
                return
            strange = sorted(read.keys() - _KEYS)
            if strange:
                yield f"Entry {place} has an unknown key, {strange[0]!r}."
            if read.keys() >= _KEYS and read["seq"] != place:
                yield f"The entry that stands in place {place} is number {read['seq']!r}."
            act = Act.of_text(text)
            _check_types(act)
        except BAD as error:
            yield f"Entry {place} cannot be read: {_reason(error)}."
            return
        yield from self._follows(act, read, place)
        if act.to_text(log=str(read["log"]), prev=str(read["prev"])) != text and not strange:
            yield f"Entry {place} has unknown keys or values."
        self.acts.append(act)
        self._at = act.at
        for sha256 in cited(act):
            self.evidence.setdefault(sha256, place)

    def _follows(self, act: Act, read: dict[str, Any], place: int) -> Iterator[str]:
        if act.kind not in KINDS:
            yield f"Entry {place} is of the unknown kind {act.kind!r}."
        if (act.kind == STARTED) != (self.count == 0):
            yield (
                f"Entry {place} begins a trail, and is not the first."
                if self.count
                else f"The first entry does not begin a trail: it is {act.kind!r}."
            )
        if act.kind in (STARTED, KEY_CHANGED):
            yield from self._new_key(act, place)
        if read["log"] != self.origin:
            yield f"Entry {place} is of the trail {read['log']!r}."
        if read["prev"] != self._prev:
            yield f"Entry {place} does not follow from the entry before it."
        if self.last_at is not None and act.at < self.last_at:
            yield f"Entry {place} is dated {stamp(act.at)}, before the entry before it."
        self.first_at = self.first_at or act.at
        self.last_at = max(act.at, self.last_at or act.at)

    def _new_key(self, act: Act, place: int) -> Iterator[str]:
        try:
            key = VerifierKey.of(act.body["key"])
        except BAD as error:
            yield f"Entry {place} names no key: {_reason(error)}."
            return
        if self.origin is None:
            self.origin = key.name
        if key.name != self.origin or act.body.get("origin", key.name) != key.name:
            yield f"The key of entry {place} is not named after the trail."
        self.keys.append((place, key))

    def _signatures(self, note: Note, by: tuple[VerifierKey, ...], seq: int) -> None:
        due = self.keys[-1:]
        if due and due[0][0] == seq and len(self.keys) > 1:
            # No key comes into force without the one before it.
            due = self.keys[-2:]
        missing = [key for _, key in due if key not in by]
        if not due or missing:
            named = f" by {missing[0].name}+{missing[0].key_id.hex()}" if missing else ""
            self._add(seq, f"The checkpoint of entry {seq} is not signed{named}.", True)
        elif len(note.signatures) != len(due):
            self._add(seq, f"The checkpoint of entry {seq} carries a strange signature.", True)

    @staticmethod
    def _root_of(note: str) -> bytes | None:
        try:
            return Checkpoint.of(Note.of(note).text).root
        except NoteError:
            return None


def _check_types(act: Act) -> None:
    """Refuse what has the right keys but values of other types.

    Raises:
        ValueError: which one.
    """
    actor, sign = act.actor, act.signature
    texts = {"kind": act.kind, "actor.sub": actor.sub, "actor.role": actor.role}
    if sign is not None:
        texts |= {"signature.meaning": sign.meaning, "signature.evidence": sign.evidence}
    if act.fingerprint is not None:
        texts |= {f"fingerprint.{name}": text for name, text in act.fingerprint.as_json().items()}
    maybe = {"signal": act.signal, "before": act.before, "after": act.after}
    texts |= {name: text for name, text in maybe.items() if text is not None}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise ValueError(f"{name} is not text")
    if type(act.seq) is not int or act.seq < 0:
        raise ValueError("seq is not a number of an entry")
    if actor.assurance not in ASSURANCES or actor.via not in get_args(Via):
        raise ValueError("its actor is of no known assurance or way")
    if not isinstance(act.body, dict):
        raise ValueError("its body is not an object")


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
