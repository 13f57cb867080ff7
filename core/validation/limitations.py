"""What cannot be told from a bundle's claims, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.measure.cells.cells import Cells
from core.measure.verdicts.measure_table import Measures
from core.queries.base.segment_names import MOST_VALUES
from core.registry.signal_spec import SignalSpec
from core.text.figures import counted
from core.validation.criteria import SampleResult
from core.validation.evidence_bundle import segment_name


@dataclass(frozen=True)
class SettledSpan:
    """How far production claims are settled.

    Attributes:
        settled: up to when, exclusive; None: none are.
        since: from when on they are recent.
        unsettled: stated claims from the first week on that is not mature.
    """

    settled: datetime | None
    since: datetime | None
    unsettled: int


@dataclass(frozen=True)
class Findings:
    """What was found; see `core.validation.evidence`.

    Attributes:
        spec: the registry entry.
        at: as known when.
        span: how far production claims are settled.
        n_tuning: the signal's tuning claims.
        declared: whether the owner declares that nothing was chosen on the judged claims.
        n_left_out: claims left out because they were tuned on.
        cells, automated: all judged claims, and those that the rules would automate.
        measures: of all judged claims.
        whole, window: the criteria on them, and on the recent production claims; None: there are
            none.
        segments: (dimension, value, the criteria on it) of each required segment.
        missing: required dimensions that no judged claim names.
        crowded: required dimensions with too many values to split claims by.
        on_others: that thresholds of the entry were chosen on claims of other versions, a sentence
            each.
    """

    spec: SignalSpec
    at: datetime
    span: SettledSpan
    n_tuning: int
    declared: bool
    n_left_out: int
    cells: Cells
    automated: Cells
    measures: Measures
    whole: SampleResult
    window: SampleResult | None
    segments: Sequence[tuple[str, str | None, SampleResult]]
    missing: tuple[str, ...]
    crowded: tuple[str, ...] = ()
    on_others: tuple[str, ...] = ()


def crowded_words(dimension: str) -> str:
    """That a required dimension is of ids or free text."""
    return f"{dimension}, a required segment, has more than {MOST_VALUES:,} values"


def untold(found: Findings) -> Iterator[str]:
    """Sentences on what these claims leave open; first what keeps them from being enough."""
    sample = found.whole
    if sample.missing:
        yield (
            f"{sample.n_inputs:,} labelled inputs, of {sample.minimum:,} asked for: "
            f"{sample.missing:,} more are needed."
        )
    yield from (one.words for one in sample.results if one.outcome == "undecided")
    yield from found.on_others
    for dimension in found.missing:
        yield f"No judged claim names {dimension}, a required segment: nothing is known of it."
    for dimension in found.crowded:
        yield f"{crowded_words(dimension)}, so nothing is known of its values."
    for dimension, value, part in found.segments:
        yield from _segment(segment_name(dimension, value), part)
    yield from _recent(found)
    yield from _left_out(found)
    yield from _unlabelled(found)
    smallest = found.measures.minimum_detectable_gap
    if smallest is not None:
        yield f"A gap of less than {smallest * 100:.1f} points would most likely go unseen."
    if found.cells.inputs is not None:
        yield "Some inputs were asked about several times: intervals are over inputs, not claims."


def _segment(name: str, sample: SampleResult) -> Iterator[str]:
    undecided = [one for one in sample.results if one.outcome == "undecided"]
    if not undecided:
        return
    needed = [one.labels_needed for one in undecided if one.labels_needed is not None]
    rest = len(undecided) - len(needed)
    text = f"{name}: {len(undecided)} of {len(sample.results)} criteria are not decided yet"
    if not rest:
        yield f"{text}; about {max(needed):,} more labels would decide them."
    else:
        which = "them" if rest == len(undecided) else f"{rest} of them"
        yield f"{text}; more labels are unlikely to decide {which} for the better."


def _recent(found: Findings) -> Iterator[str]:
    if found.window is None:
        yield (
            "No production claim of this fingerprint has a final outcome yet: nothing recent is "
            "judged."
        )
        return
    for words in _segment("In the recent window", found.window):
        yield f"{words.removesuffix('.')}; it does not count against the whole."
    assert found.span.settled is not None
    age = (found.at - found.span.settled).days
    if age > found.spec.validation.window_days + found.spec.maturity.days:
        yield f"The newest production claims with final outcomes are {age} days old."


def _left_out(found: Findings) -> Iterator[str]:
    if found.span.unsettled:
        yield (
            f"Left out: {counted(found.span.unsettled, 'claim')} of production, because outcomes "
            "of their week, or of one before it, are still coming in."
        )
    if not found.n_tuning:
        told = " but by what the owner declares" if found.declared else ""
        yield f"No claim is marked as tuning: whether these were tuned on cannot be checked{told}."
    if found.n_left_out:
        yield f"Left out: {counted(found.n_left_out, 'claim')} that the signal was tuned on."


def _unlabelled(found: Findings) -> Iterator[str]:
    measures = found.measures
    if measures.n_unstated:
        yield f"Not judged: {counted(measures.n_unstated, 'claim')} without a stated confidence."
    missing = measures.n_claims - measures.n
    if missing:
        right = int(found.cells.s.sum())
        least, most = right / measures.n_claims, (right + missing) / measures.n_claims
        yield (
            f"Without an outcome: {missing:,} of {counted(measures.n_claims, 'claim')}; were they "
            f"all wrong the accuracy would be {least * 100:.1f}%, all right {most * 100:.1f}%."
        )
    acting = int(found.automated.n_claims.sum())
    if acting and not found.automated.total:
        yield f"Of {counted(acting, 'claim')} that would be automated none has an outcome."
