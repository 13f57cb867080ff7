"""Where the cuts of a registry entry come from: a threshold run, or somebody's hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from core.events import PPM
from core.governance.people.names import Directory, directory
from core.governance.state import State
from core.registry.cut_runs import CutRun, ProvenCut, chosen_by_hand, cuts_of, needed
from core.registry.escalation_rules import fraction
from core.registry.proof_rules import cut_words, versions_words
from core.registry.signal_spec import SignalSpec
from core.sentences.numbers import value_name
from core.trail.fingerprint import Fingerprint

#: So many digits of a run's SHA-256 stand in a sentence.
SHOWN = 12
#: Of so many thresholds of a run the claims are named.
MOST_CUTS = 3


@dataclass(frozen=True)
class CutOrigin:
    """Where the cuts in force come from.

    Attributes:
        runs: the recorded runs that prove some of them.
        by_hand: those that none proves, in words.
        words: all of it in a sentence.
    """

    runs: tuple[CutRun, ...]
    by_hand: tuple[str, ...]
    words: str

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "chosen": "by hand" if self.by_hand else "run",
            "by_hand": list(self.by_hand),
            "runs": [run_json(one) for one in self.runs],
            "words": self.words,
        }


def origin_of(
    cursor: duckdb.DuckDBPyConnection, state: State | None, signal: str
) -> CutOrigin | None:
    """Where the cuts of a signal's entry come from; None where it has none, or no entry."""
    entry = None if state is None else state.entries.get(signal)
    if state is None or entry is None:
        return None
    return origin_of_spec(state, entry.spec, directory(cursor))


def origin_of_spec(state: State, spec: SignalSpec, names: Directory) -> CutOrigin | None:
    """The same of an entry, whether it is in force or not."""
    if not cuts_of(spec):
        return None
    runs = tuple(state.runs[one] for one in needed(spec, state.runs))
    by_hand = tuple(map(cut_words, chosen_by_hand(spec, state.runs)))
    said = [run_words(run, names) for run in runs]
    if by_hand:
        said.append(f"{' and '.join(by_hand)} chosen by hand")
    words = "; ".join(said)
    return CutOrigin(runs, by_hand, f"{words[0].upper()}{words[1:]}.")


def run_words(run: CutRun, names: Directory) -> str:
    """A run as people read it."""
    return (
        f"threshold run {run.sha256[:SHOWN]} of {run.at:%Y-%m-%d} by {names.words(run.by)}, look "
        f"{run.look}: at most {run.risk_ppm / 10_000:.6g}% wrong, with "
        f"{run.level_ppm / 10_000:.6g}% confidence over all looks{_chosen_on(run.versions)}"
        f"{_shown_by(run.cuts)}"
    )


def _chosen_on(versions: tuple[Fingerprint, ...] | None) -> str:
    """Whose claims it rests on: `` on claims of m1 · p1``; "" where it does not say."""
    return f" on claims of {versions_words(versions)}" if versions else ""


def _shown_by(cuts: tuple[ProvenCut, ...]) -> str:
    """The claims that a run rests on; of many thresholds, how many they are."""
    if len(cuts) > MOST_CUTS:
        return f", for {len(cuts)} segments"
    said = []
    for one in cuts:
        of = "" if one.dimension is None else f"{value_name(one.value)}: "
        at = fraction(one.lowest_ppm)
        said.append(f"{of}{one.errors:,} of {one.n:,} wrong at {at} or more")
    return f" ({', '.join(said)})" if said else ""


def run_json(run: CutRun) -> dict[str, Any]:
    """A run for programs."""
    return {
        "sha256": run.sha256,
        "entry": run.seq,
        "at": f"{run.at:%Y-%m-%dT%H:%M:%S}Z",
        "look": run.look,
        "risk": run.risk_ppm / PPM,
        "confidence_level": run.level_ppm / PPM,
        "versions": None if run.versions is None else [one.as_json() for one in run.versions],
        "cuts": [
            {
                "segment": None if one.dimension is None else f"{one.dimension}={one.value}",
                "lowest": one.lowest_ppm / PPM,
                "highest": one.highest_ppm / PPM,
                "n": one.n,
                "errors": one.errors,
            }
            for one in run.cuts
        ],
    }
