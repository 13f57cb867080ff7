"""A bundle of evidence as a page shows it: frames, and the rest in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from core.measure.metrics.bounded import METRICS
from core.measure.verdicts.measure_table import HighBand, Measures, PartMeasure
from core.measure.verdicts.parts import PartState
from core.queries.base.selection import CLAIM_DIMENSIONS
from core.sentences import measures as sentences
from core.sentences.fact import Fact
from core.sentences.measure_rows import MeasureRow, measure_rows
from core.sentences.numbers import ABSENT, counted, cut, percent
from core.sentences.pointer import Pointer
from core.trail.acts import moment
from core.validation.criteria import METRIC_WORDS, CriterionResult, Outcome
from core.validation.evidence_bundle import Bundle, BundlePart
from core.validation.held_out import DECLARATION
from core.validation.limitations import crowded_words

OUTCOME_WORDS: Mapping[Outcome, str] = {
    "met": "Met",
    "missed": "Missed",
    "undecided": "Not decided",
}
_SHORT = 16


@dataclass(frozen=True)
class CriterionTried:
    """One criterion on one sample, in words.

    Attributes:
        outcome: what became of it.
        verdict: the same in words.
        criterion: ``ECE at most 0.08``.
        value: the estimate with its interval.
        n: labelled claims it rests on.
        needed: labels that would roughly decide it, ``–`` where it is decided or none would.
    """

    outcome: Outcome
    verdict: str
    criterion: str
    value: str
    n: int
    needed: str


@dataclass(frozen=True)
class SampleCriteria:
    """The criteria on one sample.

    Attributes:
        name: which sample.
        met: whether it is large enough and every criterion is met on it.
        said: how large it is, and how large it has to be.
        rows: one per criterion.
    """

    name: str
    met: bool
    said: str
    rows: tuple[CriterionTried, ...]


@dataclass(frozen=True)
class TakenByRule:
    """What a written rule would take of the judged claims.

    Attributes:
        action: what it does with them.
        whom: which claims it is for.
        stated: from which confidence to which; a confidence between two rules is the upper one's.
        n_claims: how many it would take.
        wrong: how many of the labelled ones among them are wrong, in words.
    """

    action: str
    whom: str
    stated: str
    n_claims: int
    wrong: str


@dataclass(frozen=True)
class EvidenceView:
    """What a page shows of a bundle.

    Attributes:
        sha256: what it is known by, and what a signature binds to.
        met: whether every criterion is met.
        verdict: whether they are, in a sentence.
        headline, interval, high_band, coverage: what all judged claims say, in sentences.
        whole, window: the criteria on all judged claims and on the recent ones; None: there are
            none.
        window_words: what the recent window is for, or that there is none.
        segments: each required segment: label, gap, low, high, n, verdict; for a chart.
        segment_samples: the criteria on each of them, those that are not met first.
        segment_words: how they fared, in a sentence.
        measures: every measure with its interval and meaning.
        curve, consistency, honest, histogram: as `Bundle` has them.
        tolerance, high_from: by which it was judged.
        rules: what each written rule would take of the judged claims.
        automated: how much of what would be automated is wrong, in a sentence.
        overlap: whether anything was tuned on, in a sentence.
        overlap_checked: whether that could be checked.
        query: which claims, in names and values.
        claims: where to see them.
        hashes: what is hashed, and the program.
        untold: what cannot be told, in sentences.
    """

    sha256: str
    met: bool
    verdict: str
    headline: str
    interval: str | None
    high_band: str
    coverage: str
    whole: SampleCriteria
    window: SampleCriteria | None
    window_words: str
    segments: pd.DataFrame
    segment_samples: tuple[SampleCriteria, ...]
    segment_words: str
    measures: tuple[MeasureRow, ...]
    curve: pd.DataFrame
    consistency: pd.DataFrame
    honest: pd.DataFrame
    histogram: pd.DataFrame
    tolerance: float
    high_from: float
    rules: tuple[TakenByRule, ...]
    automated: str
    overlap: str
    overlap_checked: bool
    query: tuple[Fact, ...]
    claims: Pointer
    hashes: tuple[Fact, ...]
    untold: tuple[str, ...]


def evidence_view(bundle: Bundle) -> EvidenceView:
    """Put a bundle into words."""
    spec, counts = bundle.spec, bundle.counts
    tolerance, high_from = spec.tolerance_ppm / 1_000_000, spec.high_from_ppm / 1_000_000
    measured = _measures(bundle.whole)
    checked = counts["tuning"] > 0
    return EvidenceView(
        sha256=bundle.sha256,
        met=bundle.met,
        verdict=_verdict(bundle),
        headline=sentences.headline(measured, tolerance=tolerance),
        interval=sentences.interval(measured),
        high_band=sentences.high_band(measured, high_from=high_from),
        coverage=sentences.coverage(measured),
        whole=_sample("All judged claims", bundle.whole),
        window=None if bundle.window is None else _sample("The recent window", bundle.window),
        window_words=_window_words(bundle),
        segments=_segments(bundle.segments),
        segment_samples=_segment_samples(bundle.segments),
        segment_words=_segment_words(bundle),
        measures=measure_rows(measured, _intervals(bundle.whole)),
        curve=bundle.curve(),
        consistency=bundle.consistency(),
        honest=bundle.honest(),
        histogram=bundle.histogram(),
        tolerance=tolerance,
        high_from=high_from,
        rules=tuple(map(_taken, bundle.content["rules"])),
        automated=_automated(bundle),
        overlap=_overlap(counts, checked=checked, declared=bundle.declared_untuned),
        overlap_checked=checked,
        query=_query(bundle),
        claims=_claims(bundle),
        hashes=_hashes(bundle),
        untold=bundle.untold,
    )


def criterion_words(one: CriterionResult) -> str:
    """A bound, which somebody declared and is never rounded: ``ECE at most 0.08``."""
    if one.metric == "tuning_apart":
        return METRIC_WORDS[one.metric]
    if one.metric == "heldout_use":
        return f"{METRIC_WORDS[one.metric]} at most {counted(round(one.bound), 'time')}"
    if one.metric == "verdict":
        return f"No part off by more than {one.bound * 100:.6g} points"
    unit = METRICS[one.metric].unit
    if unit == "points":
        bound = f"{one.bound * 100:.6g} points"
    else:
        bound = cut(one.bound) if unit == "percent" else f"{one.bound:.6g}"
    return f"{METRIC_WORDS[one.metric]} at {'most' if one.side == 'max' else 'least'} {bound}"


def _verdict(bundle: Bundle) -> str:
    if bundle.met:
        return "Every criterion is met."
    parts = [bundle.whole, *bundle.segments]
    judged = [one for part in parts for one in part.sample.results]
    missed = sum(one.outcome == "missed" for one in judged)
    undecided = sum(one.outcome == "undecided" for one in judged)
    recent = bundle.window is not None and bundle.window.sample.missed
    told = [
        f"{missed} missed" if missed else "",
        f"{undecided} not decided" if undecided else "",
        "a miss in the recent window" if recent else "",
        f"no judged claim names {', '.join(bundle.missing_segments)}"
        if bundle.missing_segments
        else "",
        *map(crowded_words, bundle.crowded_segments),
    ]
    said = "; ".join(one for one in told if one) or "the sample is too small"
    return f"Not every criterion is met, so this cannot be signed: {said}."


def _sample(name: str, part: BundlePart) -> SampleCriteria:
    found = part.sample
    said = f"{counted(found.n, 'labelled claim')}"
    if found.n_inputs != found.n:
        said += f" on {counted(found.n_inputs, 'input')}"
    said += f"; at least {found.minimum:,} asked for"
    if found.missing:
        said += f", {found.missing:,} are missing"
    return SampleCriteria(name, found.met, f"{said}.", tuple(map(_tried, found.results)))


def _segment_samples(parts: Sequence[BundlePart]) -> tuple[SampleCriteria, ...]:
    worst_first = sorted(parts, key=lambda part: (not part.sample.missed, part.sample.met))
    return tuple(_sample(part.name, part) for part in worst_first)


def _tried(one: CriterionResult) -> CriterionTried:
    value = ABSENT
    if one.metric not in METRICS:
        # What was found stands behind the criterion and its outcome.
        value = one.words.split(": ", 2)[-1].removesuffix(".")
    elif one.value is not None:
        value = _shown(one.metric, one.value)
        if one.low is not None and one.high is not None and one.metric != "coverage":
            value += f" ({_shown(one.metric, one.low)} to {_shown(one.metric, one.high)})"
    return CriterionTried(
        one.outcome,
        OUTCOME_WORDS[one.outcome],
        criterion_words(one),
        value,
        one.n,
        ABSENT if one.labels_needed is None else f"about {one.labels_needed:,}",
    )


def _shown(metric: str, value: float) -> str:
    unit = METRICS[metric].unit
    if unit == "points":
        return f"{value * 100:.1f}"
    return percent(value, decimals=1) if unit == "percent" else f"{value:.3f}"


def _window_words(bundle: Bundle) -> str:
    since, until = (bundle.content["query"][name] for name in ("window_since", "settled_until"))
    if bundle.window is None:
        return (
            "No outcome of this version's production claims is final yet: nothing recent is judged."
        )
    return (
        f"Production claims from {_day(since)} to {_day(until)}. A miss here fails the "
        "whole; “too few labels” does not."
    )


def _segments(parts: Sequence[BundlePart]) -> pd.DataFrame:
    rows = [
        (
            part.name,
            *(part.measures[name] for name in ("gap", "gap_low", "gap_high", "n")),
            "no_verdict" if part.measures.get("speaks_for") == "labelled" else _state(part),
        )
        for part in parts
    ]
    frame = pd.DataFrame(rows, columns=["label", "gap", "low", "high", "n", "verdict"])
    return frame.astype({"gap": "float64", "low": "float64", "high": "float64"})


def _segment_words(bundle: Bundle) -> str:
    if not bundle.spec.validation.segments:
        return "The registry entry requires no segment, so only the whole is judged."
    named = ", ".join(bundle.missing_segments)
    absent = f" No judged claim names {named}." if named else ""
    absent += "".join(f" {crowded_words(one)}." for one in bundle.crowded_segments)
    short = [part.name for part in bundle.segments if not part.sample.met]
    if not bundle.segments:
        return absent.strip()
    if not short:
        held = counted(len(bundle.segments), "required segment")
        return f"Every criterion is met in each of {held}.{absent}"
    missed = [part.name for part in bundle.segments if part.sample.missed]
    told = f"{len(short)} of {counted(len(bundle.segments), 'required segment')} not met"
    which = f": missed in {', '.join(missed)}" if missed else ": too few labels to tell"
    if missed and len(missed) < len(short):
        which += f"; not decided in {', '.join(one for one in short if one not in missed)}"
    return f"{told}{which}.{absent}"


def _state(part: BundlePart) -> PartState:
    """The verdict on a part; evidence of before the four words holds only three."""
    state: PartState = part.measures.get("state") or _STATES[part.measures["verdict"]]
    return state


def _measures(part: BundlePart) -> Measures:
    found = {**_OF_BEFORE, **part.measures}
    found.pop("bounds", None)
    found["state"] = _state(part)
    if "n_effective" not in part.measures:
        found["n_effective"] = float(found["n_inputs"])
    found["parts"] = {
        name: PartMeasure(
            state=one["verdict"],
            over=tuple(one.get("overconfident_at", ())),
            under=tuple(one.get("underconfident_at", ())),
            **{field: one[field] for field in _PART_FIELDS},
        )
        for name, one in found["parts"].items()
    }
    band = found["high_band"]
    if band is not None:
        rest = {name: value for name, value in band.items() if name != "from"}
        found["high_band"] = HighBand(high_from=band["from"], **rest)
    return Measures(**found)


#: What evidence of earlier layouts does not hold.
_OF_BEFORE: dict[str, Any] = {
    "detectable_beyond_tolerance": None,
    "largest_share": None,
    "reason": None,
    "speaks_for": "all",
    "parts": {},
}
_STATES: dict[str, PartState] = {
    "miscalibrated": "off",
    "within_tolerance": "fine",
    "cannot_tell": "too_few",
}
_PART_FIELDS = (
    *("value", "low", "high", "n", "n_inputs", "n_effective", "share"),
    "labels_needed",
)


def _intervals(part: BundlePart) -> Mapping[str, tuple[float, float]]:
    """The gap's own, and those that criteria were decided on; a bound on the gap is on its size."""
    known = {
        one.metric: (one.low, one.high)
        for one in part.sample.results
        if one.low is not None and one.high is not None and one.metric != "gap"
    }
    low, high = part.measures["gap_low"], part.measures["gap_high"]
    return known if low is None or high is None else {**known, "gap": (low, high)}


def _taken(row: Mapping[str, Any]) -> TakenByRule:
    n, wrong = row["n"], row["wrong"]
    return TakenByRule(
        action=row["action"],
        whom=row["whom"],
        stated=row["rule"].rpartition("band:")[2].replace("-", " to "),
        n_claims=row["n_claims"],
        wrong=f"{wrong:,} of {n:,} ({percent(wrong / n, decimals=1)})" if n else "none labelled",
    )


def _automated(bundle: Bundle) -> str:
    rows = [one for one in bundle.content["rules"] if one["action"] == "automate"]
    taken, n, wrong = (sum(one[name] for one in rows) for name in ("n_claims", "n", "wrong"))
    if not rows:
        return "No rule automates anything."
    total = bundle.counts["n_claims"]
    if not taken:
        return f"None of the {counted(total, 'claim')} would be automated."
    said = f"{taken:,} of {counted(total, 'claim')} would be automated ({percent(taken / total)})"
    if not n:
        return f"{said}; none of them has an outcome."
    return f"{said}; {wrong:,} of the {n:,} labelled were wrong ({percent(wrong / n, decimals=1)})."


def _overlap(counts: Mapping[str, int], *, checked: bool, declared: bool) -> str:
    if not checked:
        said = "Cannot be checked: no claim of this signal is marked as tuning."
        return f"{said} The owner declares that {DECLARATION}." if declared else said
    tuned = counted(counts["tuning"], "tuning claim")
    if declared:
        return f"Not checked of every claim: the owner declares that {DECLARATION}."
    left_out = counts["overlap_left_out"]
    if left_out:
        return (
            f"{counted(left_out, 'claim')} that shared an event or an input with the {tuned} "
            "were left out."
        )
    return f"Passed: no judged claim shares an event or an input with the {tuned}."


def _query(bundle: Bundle) -> tuple[Fact, ...]:
    query, counts = bundle.content["query"], bundle.counts
    frozen = query["tuning_freeze"]
    facts = [
        ("Fingerprint", bundle.fingerprint.words(), True),
        (
            "Claims",
            f"{counts['heldout']:,} heldout and {counts['production']:,} production, "
            f"{counts['n']:,} of them labelled",
            False,
        ),
        ("Made", f"{_minute(query['since'])} to {_minute(query['until'])} UTC", False),
        ("As known", f"{_minute(query['as_known'])} UTC, import {query['imports_to']}", False),
        (
            "Tuning freeze",
            f"{_minute(frozen)} UTC: production claims count only after it"
            if frozen
            else "none: no claim is marked as tuning",
            False,
        ),
    ]
    if query["settled_until"]:
        facts.append(
            (
                "Outcomes final up to",
                f"{_minute(query['settled_until'])} UTC, for production claims",
                False,
            )
        )
    if counts["unsettled"]:
        facts.append(
            ("Left out", f"{counts['unsettled']:,} production claims, outcomes not final", False)
        )
    if counts["unstated"]:
        facts.append(("No confidence", f"{counts['unstated']:,} claims state none", False))
    return tuple(Fact(*one) for one in facts)


def _claims(bundle: Bundle) -> Pointer:
    query = bundle.content["query"]
    where = tuple(
        (name, value)
        for name, value in bundle.fingerprint.as_json().items()
        if name in CLAIM_DIMENSIONS
    )
    first, last = (
        None if query[name] is None else moment(query[name]).date() for name in ("since", "until")
    )
    text = "Claims of this fingerprint in that time"
    return Pointer(text, "claims", bundle.signal, where, since=first, until=last)


def _hashes(bundle: Bundle) -> tuple[Fact, ...]:
    content = bundle.content
    return (
        Fact("Evidence (what is signed)", bundle.sha256),
        Fact("Judged claims and outcomes", content["claims_sha256"]),
        Fact("Sums by stated confidence", content["cells_sha256"]),
        Fact("What of the registry entry it rests on", bundle.material_sha256),
        Fact("Registry entry", bundle.spec_sha256),
        Fact("Program", f"Calibration Ledger {bundle.program}", logged=False),
    )


def _minute(stamped: str | None) -> str:
    return ABSENT if stamped is None else f"{moment(stamped):%Y-%m-%d %H:%M}"


def _day(stamped: str | None) -> str:
    return ABSENT if stamped is None else f"{moment(stamped):%Y-%m-%d}"


def short(sha256: str) -> str:
    """The beginning of a hash, enough to tell it from others by eye."""
    return sha256[:_SHORT]
