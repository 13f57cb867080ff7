"""Threshold runs as the trail keeps them: what each proved, and which cuts it covers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.registry.escalation_rules import RuleBand
from core.registry.signal_spec import SignalSpec
from core.trail.fingerprint import Fingerprint


@dataclass(frozen=True)
class ProvenCut:
    """Thresholds that a run proved, of all claims or of one segment.

    Attributes:
        dimension, value: the segment; None for all claims.
        lowest_ppm, highest_ppm: every threshold from the one to the other keeps the bound.
        n, errors: labelled claims at the lowest or above, and the wrong ones among them.
    """

    dimension: str | None
    value: str | None
    lowest_ppm: int
    highest_ppm: int
    n: int
    errors: int


@dataclass(frozen=True)
class CutRun:
    """A recorded run.

    Attributes:
        sha256: of what it found on which claims; it is known by it.
        signal: of which signal.
        seq, at: the act.
        by: opaque id of who recorded it.
        look: which look at this signal it was, counted from 1.
        risk_ppm: the share of wrong ones accepted.
        level_ppm: with which probability that holds, all looks together.
        cuts: what it proved; empty: nothing.
        versions: that stated the confidences it was chosen on; None: recorded before they were
            named.
    """

    sha256: str
    signal: str
    seq: int
    at: datetime
    by: str
    look: int
    risk_ppm: int
    level_ppm: int
    cuts: tuple[ProvenCut, ...]
    versions: tuple[Fingerprint, ...] | None = None

    def proves(self, cut: Cut) -> bool:
        """Whether it covers a cut."""
        return any(
            (one.dimension or "").lower() == (cut.dimension or "").lower()
            and one.value == cut.value
            and one.lowest_ppm <= cut.ppm <= one.highest_ppm
            for one in self.cuts
        )

    def speaks_of(self, version: Fingerprint) -> bool:
        """Whether it was chosen on claims of a version, or does not say on which."""
        return self.versions is None or version in self.versions


Runs = Mapping[str, CutRun]


def looks_at(runs: Runs, signal: str | None) -> int:
    """How often thresholds of a signal were recorded."""
    return sum(run.signal == signal for run in runs.values())


@dataclass(frozen=True)
class Cut:
    """From where on a ladder of bands lets claims act by themselves.

    Attributes:
        dimension, value: the segment whose ladder it is; None for the bands of all claims.
        ppm: the cut; 0 where everything acts by itself.
    """

    dimension: str | None
    value: str | None
    ppm: int


def cuts_of(spec: SignalSpec) -> tuple[Cut, ...]:
    """Every cut from which an entry lets something act by itself."""
    ladders: list[tuple[str | None, str | None, tuple[RuleBand, ...]]] = [
        (None, None, spec.rules.bands),
        *((one.dimension, one.value, one.bands) for one in spec.rules.overrides),
    ]
    found = []
    for dimension, value, bands in ladders:
        low = 0
        for band in bands:
            if band.action == "automate":
                found.append(Cut(dimension, value, low))
                break
            low = band.below_ppm or 0
    return tuple(found)


def chosen_by_hand(spec: SignalSpec, runs: Runs) -> tuple[Cut, ...]:
    """The cuts that none of the runs an entry names has proven."""
    named = tuple(_named(spec, runs))
    return tuple(cut for cut in cuts_of(spec) if not any(run.proves(cut) for run in named))


def _named(spec: SignalSpec, runs: Runs) -> Iterator[CutRun]:
    for sha256 in spec.cuts_from:
        run = runs.get(sha256)
        if run is not None and run.signal == spec.name:
            yield run


def promises(spec: SignalSpec, runs: Runs) -> tuple[tuple[Cut, CutRun], ...]:
    """Every cut of an entry with the run that proves it; those chosen by hand promise nothing."""
    named = tuple(_named(spec, runs))
    found = ((cut, next((run for run in named if run.proves(cut)), None)) for cut in cuts_of(spec))
    return tuple((cut, run) for cut, run in found if run is not None)


def proven_on_others(
    spec: SignalSpec, runs: Runs, version: Fingerprint
) -> tuple[tuple[Cut, CutRun], ...]:
    """The cuts of an entry that were chosen on claims of other versions, each with its run."""
    named = tuple(_named(spec, runs))
    found = []
    for cut in cuts_of(spec):
        proving = [run for run in named if run.proves(cut)]
        if proving and not any(run.speaks_of(version) for run in proving):
            found.append((cut, proving[0]))
    return tuple(found)


def needed(spec: SignalSpec, runs: Runs) -> tuple[str, ...]:
    """The runs that an entry names and needs, in its order: those that prove a cut first."""
    open_, kept = list(cuts_of(spec)), []
    for run in _named(spec, runs):
        left = [cut for cut in open_ if not run.proves(cut)]
        if len(left) < len(open_):
            kept.append(run.sha256)
            open_ = left
    return tuple(kept)
