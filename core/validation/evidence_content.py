"""What a bundle of evidence holds: the query, the counts, what was judged, and the pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import duckdb
import numpy as np

from core.ledger.errors import LedgerError
from core.measure.cells.cells import Cells
from core.measure.metrics.metric_bounds import seed_of
from core.measure.metrics.reliability_curve import (
    consistency_band,
    corp,
    histogram,
    honest_band,
    non_crossing,
)
from core.measure.metrics.scores import NoValue
from core.measure.verdicts.measure_table import Measures
from core.queries.base.together.asked_once import one_question
from core.queries.base.truth import Truth
from core.queries.sums.validation_sample import (
    JudgedCounts,
    JudgedSpan,
    KnownAt,
    claims_digest,
    judged_cells,
    judged_counts,
)
from core.registry.escalation_rules import RuleRow, Rules, rungs_of, table
from core.registry.proof_rules import on_others_words
from core.registry.signal_spec import SignalSpec
from core.registry.spec_json import material_sha256, spec_sha256, to_json
from core.trail.acts import stamp
from core.trail.fingerprint import Fingerprint
from core.validation.criteria import SampleResult, judge_sample
from core.validation.evidence_bundle import (
    LAYOUT,
    SOME_NAMED_LAYOUT,
    UNASKED_LAYOUT,
    decimal,
    measures_json,
    sample_json,
)
from core.validation.evidence_claims import (
    SPLITS,
    ToJudge,
    claims_to_judge,
    digested_segments,
    truth_json,
)
from core.validation.evidence_samples import by_parts, no_cells, sample_of, segments_of, window_of
from core.validation.held_out import NOTHING_ASKED, HeldOutAsked, held_out
from core.validation.limitations import Findings, untold
from core.validation.named_runs import runs_named
from core.validation.nearest import fingerprints_there


class NothingToJudge(LedgerError):  # noqa: N818 (reads as what is the matter)
    """The fingerprint has no claim that could be judged."""


def judgeable(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    fingerprint: Fingerprint,
    known: KnownAt,
    leave_out_overlap: bool,
    truth: Truth,
) -> tuple[ToJudge, JudgedCounts]:
    """The claims a fingerprint is judged on, and how many there are; nothing is measured.

    Raises:
        Leaked: some of the claims were tuned on, and are not left out.
        NothingToJudge: there are no such claims.
    """
    asked = claims_to_judge(cursor, spec, fingerprint, known, leave_out_overlap, truth)
    counts = judged_counts(cursor, asked.judged)
    if counts.first is None:
        raise NothingToJudge(
            f"{spec.name} has no claim of the fingerprint {fingerprint.words()} to be judged on as "
            f"known at {known.at:%Y-%m-%d %H:%M}; bring in heldout claims, or wait until "
            "production claims made after the tuning have final outcomes. "
            + fingerprints_there(cursor, spec.name, fingerprint.as_json())
        )
    return asked, counts


@one_question
def content_of(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    fingerprint: Fingerprint,
    known: KnownAt,
    program: str,
    leave_out_overlap: bool,
    truth: Truth,
    *,
    layout: int = LAYOUT,
    asked: HeldOutAsked = NOTHING_ASKED,
) -> dict[str, Any]:
    """What a bundle holds, as JSON.

    Args:
        asked: what the owner declares, and up to which act of the trail is counted.

    Raises:
        Leaked: some of the claims were tuned on, and are not left out.
        NothingToJudge: there are no such claims.
    """
    to_judge, counts = judgeable(cursor, spec, fingerprint, known, leave_out_overlap, truth)
    judged, span, n_shared = to_judge.judged, to_judge.span, to_judge.n_shared
    n_tuning = to_judge.n_tuning
    frozen = judged.freeze
    rules = tuple(row for row in table(spec.rules) if row.from_ppm is not None)
    whole = sample_of(cursor, judged, spec, rules)
    result = judge_sample(spec.validation.criteria, whole, minimum=spec.validation.min_samples)
    held = None
    if layout > UNASKED_LAYOUT:
        some_named = layout <= SOME_NAMED_LAYOUT
        held = held_out(cursor, spec, judged, asked, some_named=some_named)
        result = replace(result, results=(*result.results, *held.results(n_shared)))
    measures, result = by_parts(cursor, spec, judged, whole.cells, result, layout)
    recent = replace(judged, since=span.since)
    window = window_of(cursor, spec, recent, rules, layout)
    segments = segments_of(cursor, spec, judged, rules, layout)
    met = (
        result.met
        and not (segments.missing or segments.crowded)
        and all(one.met for one in segments.results)
        and not (window is not None and window[1].missed)
    )
    dimensions = digested_segments(spec)
    return {
        "v": layout,
        "signal": spec.name,
        "fingerprint": fingerprint.as_json(),
        "spec": to_json(spec),
        "spec_sha256": spec_sha256(spec),
        "material_sha256": material_sha256(spec),
        "at": stamp(known.at),
        "program": program,
        "query": {
            "splits": list(SPLITS),
            "since": _stamp(counts.first),
            "until": _stamp(counts.last),
            "tuning_freeze": _stamp(frozen),
            "settled_until": _stamp(span.settled),
            "window_since": _stamp(span.since),
            "as_known": stamp(known.at),
            "imports_to": known.imports_to,
            "leave_out_overlap": leave_out_overlap,
            **({} if held is None else asked.as_json()),
            "digested_segments": dimensions,
            **truth_json(truth),
        },
        "counts": {
            "n_claims": measures.n_claims,
            "n": measures.n,
            "n_inputs": measures.n_inputs,
            "unstated": measures.n_unstated,
            "heldout": counts.heldout,
            "production": counts.production,
            "window": 0 if window is None else judged_counts(cursor, recent).production,
            "unsettled": span.unsettled,
            "tuning": n_tuning,
            "overlap_left_out": n_shared if leave_out_overlap else 0,
        },
        "met": met,
        "whole": _part(measures, result),
        "window": None if window is None else _part(*window),
        "segments": segments.as_json(layout),
        **({} if held is None or held.use is None else {"heldout_use": held.use.as_json()}),
        "missing_segments": list(segments.missing),
        # Not in evidence without one, whose hash it is no part of.
        **({"crowded_segments": list(segments.crowded)} if segments.crowded else {}),
        "rules": _rules(cursor, judged, spec.rules, rules),
        **_pictures(whole.cells),
        "cells_sha256": cells_sha256(whole.cells),
        "claims_sha256": claims_digest(cursor, judged, dimensions),
        "untold": list(
            untold(
                Findings(
                    spec=spec,
                    at=known.at,
                    span=span,
                    n_tuning=n_tuning,
                    declared=asked.untuned,
                    n_left_out=judged.without_overlap * n_shared,
                    cells=whole.cells,
                    automated=whole.automated,
                    measures=measures,
                    whole=result,
                    window=None if window is None else window[1],
                    segments=[
                        (*name, one)
                        for name, one in zip(segments.names, segments.results, strict=True)
                    ],
                    missing=segments.missing,
                    crowded=segments.crowded,
                    on_others=on_others_words(spec, runs_named(cursor, spec), fingerprint),
                )
            )
        ),
    }


def _part(measures: Measures, sample: SampleResult) -> dict[str, Any]:
    return {"measures": measures_json(measures), "sample": sample_json(sample)}


def _rules(
    cursor: duckdb.DuckDBPyConnection, judged: JudgedSpan, written: Rules, rules: Sequence[RuleRow]
) -> list[dict[str, Any]]:
    """What each rule would take of the judged claims, and how much of it is wrong."""
    grouped = judged_cells(cursor, judged, rungs=rungs_of(written))
    taken = {key[0]: cells for key, cells in zip(grouped.keys, grouped.cells, strict=True)}
    found = []
    for i, row in enumerate(rules):
        cells = taken.get(str(i), no_cells())
        found.append(
            {
                "rule": row.rule,
                "whom": row.whom,
                "action": row.action,
                "n_claims": int(cells.n_claims.sum()),
                "n": cells.total,
                "wrong": cells.total - int(cells.s.sum()),
            }
        )
    return found


def _pictures(cells: Cells) -> dict[str, Any]:
    """The reliability diagram's frames, as lists by column."""
    curve, honest = corp(cells), honest_band(cells)
    if not isinstance(curve, NoValue) and not isinstance(honest, NoValue):
        honest = non_crossing(honest, curve)
    bars = histogram(cells)
    return {
        "curve": _columns(curve, {name: name for name in ("v_from", "v_to", "observed", "n")}),
        "consistency": _columns(consistency_band(cells, seed=seed_of(cells)), _BAND),
        "honest": _columns(honest, _BAND),
        "histogram": _columns(
            bars, {"left": "low", "right": "high", "n_claims": "n_claims", "n": "n"}
        ),
    }


_BAND = {"v": "v", "low": "low", "high": "high"}


def _columns(found: object, names: Mapping[str, str]) -> dict[str, Any]:
    if isinstance(found, NoValue):
        return {name: [] for name in names}
    columns = {name: getattr(found, source).tolist() for name, source in names.items()}
    return {
        name: [one if isinstance(one, int) else decimal(one) for one in values]
        for name, values in columns.items()
    }


def cells_sha256(cells: Cells) -> str:
    """SHA-256 of one line ``confidence in millionths,n_claims,n,s`` per cell, then the unstated."""
    ppm = np.rint(cells.v * 1_000_000).astype(np.int64).tolist()
    rows = zip(ppm, cells.n_claims.tolist(), cells.n.tolist(), cells.s.tolist(), strict=True)
    text = "".join(f"{v},{n_claims},{n},{s}\n" for v, n_claims, n, s in rows)
    return hashlib.sha256(f"{text}unstated,{cells.n_unstated}\n".encode()).hexdigest()


def _stamp(time: datetime | None) -> str | None:
    return None if time is None else stamp(time)
