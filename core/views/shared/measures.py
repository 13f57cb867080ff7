"""`calledger measure`: a signal's measures, one group or many, judged together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import duckdb

from core.defaults import MINIMUM_INPUTS
from core.governance.signal_terms import read_state, terms_of
from core.ledger.errors import LedgerError, TooManyValues
from core.measure.verdicts.measure_table import Measures, measure_groups
from core.queries.base.catalogue import signals
from core.queries.base.cells import grouped_cells
from core.queries.base.kept.at_hand import counted_elsewhere, days_not_at_hand
from core.queries.base.kept.loaded import LoadedFrom
from core.queries.base.segment_names import MOST_VALUES
from core.queries.base.selection import SOURCE_DIMENSION, Selection
from core.queries.base.truth import SOURCES
from core.queries.labels.label_provenance import UNSTATED, label_sources_by
from core.queries.labels.label_reach import label_reaches
from core.queries.sums.labelling.well_labelled import ValuesLeftOut, well_labelled
from core.sentences import measures as sentences
from core.sentences.loaded_cells import LEFT_OUT, rests_on
from core.sentences.numbers import counted, cut, group_name, size_of, within
from core.sentences.standing import as_json, one_line
from core.standing.verdict import StandingVerdict, of_signal, standing_verdicts
from core.text.shown import json_text
from core.views.shared.judge_labels import JudgeBesideTruth, judged


class UnknownSignal(LedgerError):  # noqa: N818 (reads as what is the matter)
    """A question names a signal that the ledger has not seen."""


@dataclass(frozen=True)
class MeasureReport:
    """What was asked, and the measures of each group, worst verdict first.

    Attributes:
        selection: the claims asked about.
        by: the dimensions they were split by.
        as_of: the time as of which everything was known, UTC without zone.
        groups: their measures.
        tolerance: the gap accepted.
        high_from: lower edge of the high-confidence band.
        judge: a judge's labels beside the truth; None where there are none, or where the question
            itself tells labels apart by who gave them.
        label_sources: of each group, in their order, source → labels it gave.
        standing: the signal's standing verdict, whatever is asked here; None without a claim.
        loaded: the cells they were counted from, where their claims are not here.
        left_out: values of dimensions with too many of them that no group is made of.
    """

    selection: Selection
    by: tuple[str, ...]
    as_of: datetime
    groups: tuple[Measures, ...]
    tolerance: float
    high_from: float
    judge: JudgeBesideTruth | None = None
    label_sources: tuple[Mapping[str, int], ...] = ()
    standing: StandingVerdict | None = None
    loaded: LoadedFrom | None = None
    left_out: tuple[ValuesLeftOut, ...] = ()

    def to_json(self) -> str:
        """The contract's JSON: ``signal``, ``as_of``, ``filters``, ``groups``."""
        payload: dict[str, Any] = {
            "signal": self.selection.signal,
            "as_of": _stamp(self.as_of),
            "filters": filters_of(self.selection),
            "groups": [
                _with_sources(one, sources)
                for one, sources in zip(self.groups, self.label_sources, strict=True)
            ],
        }
        if self.left_out:
            payload["left_out"] = [asdict(one) for one in self.left_out]
        if self.loaded is not None:
            payload["loaded"] = {
                "since": self.loaded.first.isoformat(),
                "until": self.loaded.last.isoformat(),
                "at": _stamp(self.loaded.at),
                "entry": self.loaded.seq,
                "events_sha256": self.loaded.events,
            }
        if self.standing is not None:
            payload["standing"] = as_json(self.standing)
        if self.judge is not None:
            payload["judge"] = [asdict(one) for one in self.judge.groups]
        return json_text(payload)

    def footnotes(self) -> tuple[str, ...]:
        """What the verdicts rest on, in plain lines."""
        left_out = [
            f"Not listed: {counted(one.values, 'value')} of {one.dimension} with fewer than "
            f"{MINIMUM_INPUTS} labels each"
            f"{'' if len(self.groups) < MOST_VALUES else ', or beyond those with most'}; "
            f"{counted(one.claims, 'claim')} together, {one.labelled:,} of them labelled."
            for one in self.left_out
        ]
        if left_out and not self.groups:
            return tuple(left_out)
        if not any(one.n_claims or one.n_unstated for one in self.groups):
            return ("No claim matches these filters.",)
        judged = sum(one.n_effective >= MINIMUM_INPUTS for one in self.groups)
        corrected = (
            f"verdicts use intervals corrected together over {counted(judged, 'group')} "
            f"(max-statistic)."
            if judged
            else f"no verdict: no group has {MINIMUM_INPUTS} effective inputs."
        )
        lines = [] if self.loaded is None else [f"{rests_on(self.loaded)} {LEFT_OUT}"]
        lines += [
            f"Gap = mean confidence − accuracy, in points; + is overconfident. "
            f"Tolerance {within(self.tolerance)}; high band from {cut(self.high_from)}. "
            f"Intervals shown are 95% each; {corrected}"
        ]
        lines += left_out
        lines += self._unseen()
        unstated = sum(one.n_unstated for one in self.groups)
        if unstated:
            lines.append(
                f"Left out because they state no confidence: {counted(unstated, 'claim')}."
            )
        if not self.selection.splits_chosen and "split" not in self.by:
            lines.append("Claims of the tuning split are left out unless asked for.")
        if self.selection.by_source or SOURCE_DIMENSION in self.by:
            lines.append(
                "Split or filtered by who labelled: only labelled claims count; a claim with a "
                "ground-truth label and a judge's counts under both."
            )
        for one in self.groups:
            named = f"{group_name(one.group)}: " if len(self.groups) > 1 else ""
            lines += [f"{named}{words}" for words in sentences.beside(one)]
        if self.judge is not None:
            lines += [one.words for one in self.judge.groups]
        for one in self.groups:
            # A part lacks a number where the group, or its band, lacks it too.
            told = [name for name in one.notes if not name.startswith("parts.")]
            lines += [f"{field}: {one.notes[field]}" for field in told]
        if self.standing is not None:
            lines.append(f"Standing verdict: {one_line(self.standing)}.")
        return tuple(dict.fromkeys(lines))

    def _unseen(self) -> list[str]:
        """How small a gap the labels could have missed; of several groups the ends of the range."""
        if len(self.groups) == 1:
            said = sentences.unseen(self.groups[0], tolerance=self.tolerance)
            return [said] if said else []
        beyond = [
            one.detectable_beyond_tolerance
            for one in self.groups
            if one.detectable_beyond_tolerance is not None
        ]
        if not beyond:
            return []
        return [
            f"Smallest gap that a group's labels would show to be beyond {within(self.tolerance)}: "
            f"{size_of(min(beyond))} to {size_of(max(beyond))}."
        ]


def measure(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    *,
    by: Sequence[str] = (),
    tolerance: float | None = None,
    high_from: float | None = None,
    as_of: datetime | None = None,
) -> MeasureReport:
    """Measure the selected claims of one signal, split by ``by``.

    Of a dimension with too many values, those that can be judged are the groups, the rest is
    counted.

    Args:
        tolerance: the gap accepted; None: what the registry entry says, or else the usual.
        high_from: lower edge of the high-confidence band; None: likewise.
        as_of: when the claims' ages are taken, UTC without zone; None: the selection's
            ``as_known``, or now.

    Raises:
        UnknownSignal: a signal that this ledger has not seen.
    """
    state = read_state(cursor)
    terms = terms_of(state, selection.signal)
    tolerance = terms.tolerance if tolerance is None else tolerance
    high_from = terms.high_from if high_from is None else high_from
    terms = replace(terms, tolerance=tolerance, high_from=high_from)
    asked, left_out = selection, []
    while True:
        try:
            grouped = grouped_cells(cursor, selection, by)
            break
        except TooManyValues as many:
            chosen, rest = well_labelled(
                cursor, selection, many.dimension, at_least=MINIMUM_INPUTS, most=MOST_VALUES
            )
            left_out.append(rest)
            selection = replace(selection, where=(*selection.where, (many.dimension, chosen)))
    if not left_out and not any(len(cells.v) or cells.n_unstated for cells in grouped.cells):
        check_signal(cursor, selection.signal)
    keys = [dict(zip(grouped.by, key, strict=True)) for key in grouped.keys]
    split = selection.by_source or SOURCE_DIMENSION in by
    reaches = label_reaches(cursor, selection, by, terms=terms, as_of=as_of)
    measures = measure_groups(
        keys,
        grouped.cells,
        tolerance=tolerance,
        high_from=high_from,
        reaches=[reaches.get(key) for key in grouped.keys],
    )
    if split:
        measures = tuple(map(_of_labels, measures))
    now = selection.as_known or datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    beside = None if split else judged(cursor, selection, by, high_from=high_from)
    elsewhere = bool(days_not_at_hand(cursor, selection.signal, selection.since, selection.until))
    none = dict.fromkeys((*SOURCES, UNSTATED), 0)
    given = {} if elsewhere else label_sources_by(cursor, selection, by)
    sources = tuple(
        {} if elsewhere else given.get(tuple(map(one.group.get, grouped.by)), none)
        for one in measures
    )
    versions = standing_verdicts(cursor, state, now, only=(selection.signal,)).values()
    standing = next((of_signal(one) for one in versions), None)
    return MeasureReport(
        asked,
        grouped.by,
        now,
        measures,
        tolerance,
        high_from,
        beside,
        sources,
        standing,
        counted_elsewhere(cursor, selection.signal) if elsewhere else None,
        tuple(left_out),
    )


def _with_sources(one: Measures, sources: Mapping[str, int]) -> dict[str, Any]:
    """A group's JSON with who labelled it; the notes stay last."""
    told = one.as_json()
    notes = {"notes": told.pop("notes")} if "notes" in told else {}
    return {**told, **({"label_sources": dict(sources)} if sources else {}), **notes}


def _of_labels(one: Measures) -> Measures:
    """A group of labels instead of claims: it has no coverage, and without truth no verdict."""
    notes = {**one.notes, "coverage": "a group by who labelled holds labelled claims only"}
    if one.reach is not None and one.reach.no_truth:
        notes["verdict"] = (
            "labels of a source that is not ground truth, such as an LLM judge, decide nothing"
        )
    return replace(one, coverage=None, notes=notes)


def check_signal(cursor: duckdb.DuckDBPyConnection, signal: str) -> None:
    """Where nothing was found: is it the filters, or a name that the ledger has never seen?

    Raises:
        UnknownSignal: the latter.
    """
    known = [one.name for one in signals(cursor)]
    if not known:
        raise UnknownSignal("This ledger has no claim yet; bring some in with: calledger import.")
    if signal not in known:
        raise UnknownSignal(f"There is no signal {signal!r}; there are: {', '.join(known)}.")


def filters_of(selection: Selection) -> dict[str, Any]:
    """The question's filters as JSON; only those that were set."""
    filters: dict[str, Any] = {}
    for name in ("since", "until", "as_known"):
        stamp: datetime | None = getattr(selection, name)
        if stamp is not None:
            filters[name] = _stamp(stamp)
    for dimension, values in selection.where:
        filters[dimension] = values[0] if len(values) == 1 else list(values)
    return filters


def _stamp(moment: datetime) -> str:
    return moment.isoformat() + "Z"
