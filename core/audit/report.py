"""What a verification found, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from core.audit.chain_check import Walk
from core.audit.held import HeldSource, Stamped, disagrees
from core.audit.kept_since import kept_since
from core.audit.signers import signers
from core.governance.people import names as directory
from core.text.figures import counted
from core.trail.acts import stamp
from core.trail.problems import Problem

#: Problems that a report shows; the rest is counted.
_SHOWN = 20


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
        root: of the tree over the entries, hexadecimal.
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
    root: str = ""

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


def report_of(
    walk: Walk,
    kept: Sequence[HeldSource],
    remarks: Sequence[str],
    people: Iterable[directory.NameRow] | None,
    stamped: Stamped,
) -> Report:
    """What a walk found, held against what somebody kept."""
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
            why = disagrees(walk, note, signed)
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
    by_stamps = kept_since(stamped.stamps, stamped.roots, walk.count, partial(disagrees, walk))
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
        root=walk.root().hex(),
    )


def _signers(
    walk: Walk, problems: Sequence[Problem], people: Iterable[directory.NameRow] | None
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
