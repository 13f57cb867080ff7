"""What an entry that lets something act by itself has to be able to show *above its cut*.

A small error over all confidences says little of those few that nobody looks at any more. So where
the stakes are medium or high, what acts by itself is bounded by itself: how often it is wrong, and
how far off its confidence is there. Both hold in each required segment, as all criteria do.

Their cuts come from threshold runs that are kept in the trail, and that promise no more wrong ones
than the entry allows; a cut chosen by hand is only for low stakes.

Entries from before these rules go on as they were; a change of what they concern has to keep them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.defaults import CUT_LEVEL_LEAST
from core.events import PPM
from core.registry.cut_runs import Cut, Runs, chosen_by_hand, cuts_of, proven_on_others
from core.registry.escalation_rules import fraction
from core.registry.signal_spec import Criterion, SignalSpec
from core.registry.value_checks import SpecProblem
from core.trail.fingerprint import Fingerprint

#: Bounds on what acts by itself, each with the words of what nobody has bounded without it.
ABOVE_THE_CUT = {
    "automated_error": "how often what acts by itself may be wrong",
    "high_band_gap": "how far off high confidences may be",
}
#: So many versions of a run are named.
MOST_VERSIONS = 3
#: A bound as one writes it, where none is known.
_AS_IN = "0.05"


def asked_of(spec: SignalSpec) -> bool:
    """Whether an entry has to show what happens above its cut."""
    return spec.stakes in ("medium", "high") and bool(cuts_of(spec))


def unproven(spec: SignalSpec, runs: Runs) -> tuple[SpecProblem, ...]:
    """What an entry lacks to let something act by itself, each with its fix; empty: nothing.

    Args:
        runs: the recorded threshold runs, by their SHA-256.
    """
    return tuple(_unproven(spec, runs)) if asked_of(spec) else ()


def changes_it(old: SignalSpec | None, new: SignalSpec) -> bool:
    """Whether a new version of an entry has to keep these rules, though the old one need not.

    Who fills a seat, and what else no cut rests on, may change without: nobody has to wait for new
    evidence to say who answers for a signal.
    """
    return old is None or _concerned(old) != _concerned(new)


def _concerned(spec: SignalSpec) -> object:
    return spec.stakes, spec.rules, spec.validation, spec.high_from_ppm, spec.cuts_from


def unbounded(spec: SignalSpec) -> tuple[str, ...]:
    """The keys of `ABOVE_THE_CUT` that no criterion of an entry bounds."""
    bounded = {one.metric for one in spec.validation.criteria if one.maximum_ppm is not None}
    return tuple(metric for metric in ABOVE_THE_CUT if metric not in bounded)


def _unproven(spec: SignalSpec, runs: Runs) -> Iterator[SpecProblem]:
    missing = unbounded(spec)
    if missing:
        lacking = " and ".join(ABOVE_THE_CUT[metric] for metric in missing)
        lines = " and ".join(f'{{metric: {metric}, max: "{_AS_IN}"}}' for metric in missing)
        yield SpecProblem(
            "spec.validation.criteria",
            "",
            f"say nothing of what happens above the threshold: {lacking}. At {spec.stakes} stakes "
            f"nothing acts by itself without it; add {lines} with your own bounds, or let no band "
            "automate",
        )
    by_hand = chosen_by_hand(spec, runs)
    if by_hand:
        of = " and ".join(map(cut_words, by_hand))
        yield SpecProblem(
            "spec.escalation.cutsFrom",
            "",
            f"names no threshold run that proves {of}: chosen by hand, which only low stakes "
            f"allow. Run calledger threshold --signal {spec.name} --risk … --record, and write "
            "the run that it prints here",
        )
    weak = tuple(cut for cut in chosen_by_hand(spec, _held(runs)) if cut not in by_hand)
    if weak:
        of = " and ".join(map(cut_words, weak))
        yield SpecProblem(
            "spec.escalation.cutsFrom",
            "",
            f"names a run that proves {of} with less than {CUT_LEVEL_LEAST:.0%} confidence: record "
            "a run with --confidence-level 0.9",
        )
    limit = min((one for one in map(_error_allowed, spec.validation.criteria) if one), default=PPM)
    loose = tuple(cut for cut in chosen_by_hand(spec, _within(runs, limit)) if cut not in by_hand)
    if loose:
        of = " and ".join(map(cut_words, loose))
        yield SpecProblem(
            "spec.escalation.cutsFrom",
            "",
            f"names a run that lets more be wrong from {of} on than automated_error allows, "
            f"{fraction(limit)}: record a run with --risk {fraction(limit)}, or say the higher "
            "bound",
        )


def _error_allowed(criterion: Criterion) -> int | None:
    return criterion.maximum_ppm if criterion.metric == "automated_error" else None


def _held(runs: Runs) -> Runs:
    """The runs whose promise holds often enough to be one."""
    return {name: run for name, run in runs.items() if run.level_ppm >= CUT_LEVEL_LEAST * PPM}


def _within(runs: Runs, limit_ppm: int) -> Runs:
    """The runs that promise no more wrong ones than that."""
    return {name: run for name, run in runs.items() if run.risk_ppm <= limit_ppm}


def on_others_words(spec: SignalSpec, runs: Runs, version: Fingerprint) -> tuple[str, ...]:
    """That cuts of an entry were chosen on claims of other versions, a sentence each."""
    return tuple(
        f"{_first_up(cut_words(cut))} was chosen on claims of "
        f"{versions_words(run.versions or ())}, and of none of {versions_words((version,))}: its "
        "bound is not proven for that version."
        for cut, run in proven_on_others(spec, runs, version)
    )


def versions_words(versions: Sequence[Fingerprint]) -> str:
    """Whose claims, after ``claims of``: ``m1 · p1 and of m2 · p1``; of many, how many."""
    if len(versions) > MOST_VERSIONS:
        return f"{len(versions)} versions"
    return " and of ".join(one.words() if one.as_json() else "no named version" for one in versions)


def _first_up(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


def cut_words(cut: Cut) -> str:
    """A cut as people read it: ``the threshold 0.90``, ``the threshold 0.95 of language=hi``."""
    of = "" if cut.dimension is None else f" of {cut.dimension}={cut.value}"
    return f"the threshold {fraction(cut.ppm)}{of}"
