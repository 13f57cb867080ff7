"""Evidence: the claims of one fingerprint measured, judged, frozen, and later recomputed.

**Which claims.** The heldout claims of exactly this fingerprint, and its production claims made
after the signal's last tuning claim, as far as they are settled: production claims are taken up
to the first week that is not yet mature, because outcomes that come in fast are no fair sample of
those that come in late.

**The recent window** is the last ``window_days`` of these production claims. It is judged by
itself as well: where it *misses* a criterion the whole is not met, however good the older claims
are; where it is too small to decide one, that is said and does not count, since the whole decides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb
import numpy as np

from core.governance.stops import Differs, Unlike, several
from core.ledger.errors import LedgerError, UnknownDimension
from core.measure.cells.cells import Cells
from core.measure.cells.group_sums import group_sums
from core.measure.metrics.label_bias import Weighted, inverse_propensity
from core.measure.metrics.metric_bounds import LEVEL, Sample, seed_of
from core.measure.metrics.reliability_curve import (
    consistency_band,
    corp,
    histogram,
    honest_band,
    non_crossing,
)
from core.measure.metrics.scores import NoValue
from core.measure.verdicts.label_reach import LabelReach, weighted_gaps
from core.measure.verdicts.measure_table import Measures, measure_groups
from core.measure.verdicts.verdict import Judgement, judge
from core.queries.base.group_keys import Key
from core.queries.base.truth import EVERY_SOURCE, Truth
from core.queries.labels.label_reach import reaches_of_cells
from core.queries.sums.validation_sample import (
    Judged,
    Known,
    claims_digest,
    judged_cells,
    judged_counts,
    judged_propensities,
    newest_import,
    production_weeks,
    tuning_freeze,
)
from core.registry.escalation_rules import RuleRow, Rules, rungs_of, table
from core.registry.signal_spec import SignalSpec
from core.registry.spec_json import material_sha256, spec_sha256, to_json
from core.terms import Maturity
from core.trail.acts import moment, stamp
from core.trail.canonical_json import canonical
from core.trail.fingerprint import Fingerprint
from core.validation.criteria import SampleResult, judge_sample, segment_minimum, verdict_result
from core.validation.evidence_bundle import (
    LAYOUT,
    PLAIN_LAYOUT,
    WHOLE_LAYOUT,
    Bundle,
    decimal,
    measures_json,
    sample_json,
    segment_measures_json,
)
from core.validation.evidence_diff import differences
from core.validation.limitations import Findings, Span, untold
from core.validation.nearest import fingerprints_there
from core.validation.tuning_leakage import Leaked, overlap

#: The splits that may be judged on.
_SPLITS = ("heldout", "production")


class NothingToJudge(LedgerError):  # noqa: N818 (reads as what is the matter)
    """The fingerprint has no claim that could be judged."""


class EvidenceBroken(LedgerError):  # noqa: N818 (the same)
    """A stored bundle is not the text that it is known by."""


@dataclass(frozen=True)
class Comparison:
    """Whether a bundle recomputes.

    Attributes:
        same: whether it does.
        differences: what differs, what explains most first.
        claims_sha256: digest of the claims as they are now; None: they were not read.
    """

    same: bool
    differences: tuple[Unlike, ...] = ()
    claims_sha256: str | None = field(default=None, compare=False)

    @property
    def words(self) -> str:
        """What explains most of the difference."""
        return several(self.differences)

    @property
    def facts(self) -> Differs:
        """The same as an act carries it."""
        return Differs(len(self.differences), self.differences[:3], self.claims_sha256)


def freeze(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    fingerprint: Fingerprint,
    *,
    at: datetime,
    program: str,
    leave_out_overlap: bool = False,
) -> Bundle:
    """Measure and judge a fingerprint's claims as known at a time, as one text to sign.

    The same claims at the same time give the same bytes. Nothing is stored; see `store`.

    Args:
        fingerprint: fields that it does not state must not be stated by a claim either.
        at: outcomes and claims as known before it, UTC without zone.
        program: what measured, with its version.
        leave_out_overlap: leave out claims that the signal was tuned on, and say how many,
            instead of refusing.

    Raises:
        Leaked: some of the claims share an event or an input with the tuning split.
        NothingToJudge: there are no such claims.
    """
    known = Known(at, newest_import(cursor))
    content = _content(
        cursor, spec, fingerprint, known, program, leave_out_overlap, spec.ground_truth
    )
    return Bundle(canonical(content))


def store(cursor: duckdb.DuckDBPyConnection, bundle: Bundle) -> None:
    """Keep a bundle under its hash; doing it again changes nothing."""
    cursor.execute(
        """
        INSERT INTO evidence
        SELECT $sha256, $text WHERE NOT EXISTS (
            SELECT 1 FROM evidence WHERE sha256 = $sha256)
        """,
        {"sha256": bundle.sha256, "text": bundle.text},
    )


def load(cursor: duckdb.DuckDBPyConnection, sha256: str) -> Bundle | None:
    """The bundle of this hash; None where the ledger has none.

    Raises:
        EvidenceBroken: what is stored under it has another hash, or another layout.
    """
    rows = cursor.execute(
        """
        SELECT bundle FROM evidence WHERE sha256 = $sha256
        """,
        {"sha256": sha256},
    ).fetchall()
    if not rows:
        return None
    bundle = Bundle(rows[0][0])
    if bundle.sha256 != sha256:
        raise EvidenceBroken(
            f"The evidence stored as {sha256} was altered: its text now has the hash "
            f"{bundle.sha256}; restore it from a backup, or have new evidence signed."
        )
    if bundle.content.get("v") not in (PLAIN_LAYOUT, WHOLE_LAYOUT, LAYOUT):
        raise EvidenceBroken(
            f"The evidence {sha256} has layout {bundle.content.get('v')}, and this program reads "
            f"layouts {PLAIN_LAYOUT} to {LAYOUT}; read it with the program that made it."
        )
    return bundle


def verify(cursor: duckdb.DuckDBPyConnection, sha256: str) -> Comparison:
    """Recompute a stored bundle from the ledger as it was known then.

    Claims and outcomes that came in since do not count, whatever they are dated. Numbers may
    differ by a millionth of their size, so that another processor's rounding is no difference;
    sentences are not compared. Of evidence frozen before verdicts had parts the claims and the
    estimates are compared, and not the bounds and verdicts, whose rules are others now. That
    frozen before segments' labels were asked for whom they speak is recomputed as it was then.
    """
    try:
        bundle = load(cursor, sha256)
        if bundle is None:
            return Comparison(False, (Unlike("missing", sha256),))
        query = bundle.content["query"]
        known = Known(bundle.at, query["imports_to"])
        now = _content(
            cursor,
            bundle.spec,
            bundle.fingerprint,
            known,
            bundle.program,
            query["leave_out_overlap"],
            _truth_of(query),
            layout=bundle.content["v"],
        )
    except (LedgerError, ValueError) as error:
        return Comparison(False, (Unlike("error", now=str(error)),))
    found = tuple(differences(bundle.content, json.loads(canonical(now))))
    return Comparison(not found, found)


def unchanged(cursor: duckdb.DuckDBPyConnection, sha256: str) -> Comparison:
    """Whether a stored bundle still rests on the same claims; `verify` where it does not.

    Every number of a bundle follows from its claims with their outcomes and segments, which its
    digest covers, and from the entry it carries. So the same digest is the same evidence, without
    the seconds that resampling takes. Which claims were to be judged is taken from the bundle: what
    was altered of others, tuned ones among them, is for `verify` and the seals to find.
    """
    digest = None
    try:
        bundle = load(cursor, sha256)
        if bundle is None:
            return Comparison(False, (Unlike("missing", sha256),))
        digest = claims_digest(cursor, _written(bundle), _digested(bundle.spec))
        if digest == bundle.content["claims_sha256"]:
            return Comparison(True)
    except (LedgerError, ValueError):
        # What is the matter with it says the whole comparison.
        pass
    return replace(verify(cursor, sha256), claims_sha256=digest)


def _written(bundle: Bundle) -> Judged:
    """The claims that a bundle says it judged."""
    query = bundle.content["query"]
    known = Known(bundle.at, query["imports_to"])
    freeze, settled = (
        None if query[name] is None else moment(query[name])
        for name in ("tuning_freeze", "settled_until")
    )
    return Judged(
        bundle.spec.name,
        bundle.fingerprint.as_json(),
        known,
        freeze=freeze,
        settled=settled,
        without_overlap=bundle.content["counts"]["overlap_left_out"] > 0,
        truth=_truth_of(query),
    )


def _truth_of(query: Mapping[str, Any]) -> Truth:
    """Whose labels a bundle counted; those of every source before that was written into it."""
    said = query.get("truth")
    return EVERY_SOURCE if said is None else Truth(tuple(said["sources"]), said["unstated"])


def _truth_json(truth: Truth) -> dict[str, Any]:
    """What `_truth_of` reads."""
    if truth == EVERY_SOURCE:
        return {}
    return {"truth": {"sources": list(truth.sources), "unstated": truth.unstated}}


def _content(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    fingerprint: Fingerprint,
    known: Known,
    program: str,
    leave_out_overlap: bool,
    truth: Truth,
    *,
    layout: int = LAYOUT,
) -> dict[str, Any]:
    asked = _asked(cursor, spec, fingerprint, known, leave_out_overlap, truth)
    judged, span, n_shared, n_tuning = asked.judged, asked.span, asked.n_shared, asked.n_tuning
    frozen = judged.freeze
    counts = judged_counts(cursor, judged)
    if counts.first is None:
        raise NothingToJudge(
            f"{spec.name} has no claim of the fingerprint {fingerprint.words()} to be judged on "
            f"as known at {known.at:%Y-%m-%d %H:%M}; bring in heldout claims, or wait until "
            "production claims made after the tuning are mature. "
            + fingerprints_there(cursor, spec.name, fingerprint.as_json())
        )
    rules = tuple(row for row in table(spec.rules) if row.from_ppm is not None)
    whole = _sample(cursor, judged, spec, rules)
    result = judge_sample(spec.validation.criteria, whole, minimum=spec.validation.min_samples)
    measures, result = _by_parts(cursor, spec, judged, whole.cells, result, layout)
    recent = replace(judged, since=span.since)
    window = _window(cursor, spec, recent, rules, layout)
    segments = _segments(cursor, spec, judged, rules, layout)
    met = (
        result.met
        and not segments.missing
        and all(one.met for one in segments.results)
        and not (window is not None and window[1].missed)
    )
    dimensions = _digested(spec)
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
            "splits": list(_SPLITS),
            "since": _stamp(counts.first),
            "until": _stamp(counts.last),
            "tuning_freeze": _stamp(frozen),
            "settled_until": _stamp(span.settled),
            "window_since": _stamp(span.since),
            "as_known": stamp(known.at),
            "imports_to": known.imports_to,
            "leave_out_overlap": leave_out_overlap,
            "digested_segments": dimensions,
            **_truth_json(truth),
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
        "missing_segments": list(segments.missing),
        "rules": _rules(cursor, judged, spec.rules, rules),
        **_pictures(whole.cells),
        "cells_sha256": _cells_sha256(whole.cells),
        "claims_sha256": claims_digest(cursor, judged, dimensions),
        "untold": list(
            untold(
                Findings(
                    spec=spec,
                    at=known.at,
                    span=span,
                    n_tuning=n_tuning,
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
                )
            )
        ),
    }


@dataclass(frozen=True)
class _Asked:
    """Which claims a bundle is about.

    Attributes:
        judged: the claims.
        span: which of the production ones are settled.
        n_shared: claims that were tuned on, all of them left out.
        n_tuning: claims of the tuning split.
    """

    judged: Judged
    span: Span
    n_shared: int
    n_tuning: int


def _asked(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    fingerprint: Fingerprint,
    known: Known,
    leave_out_overlap: bool,
    truth: Truth,
) -> _Asked:
    n_tuning, frozen = tuning_freeze(cursor, spec.name, known)
    asked = Judged(spec.name, fingerprint.as_json(), known, freeze=frozen, truth=truth)
    weeks = production_weeks(cursor, asked)
    span = _settled(weeks, known.at, spec.maturity, spec.validation.window_days)
    asked = replace(asked, settled=span.settled)
    shared = overlap(cursor, asked)
    if shared and not leave_out_overlap:
        raise Leaked(spec.name, shared, asked)
    return _Asked(replace(asked, without_overlap=bool(shared)), span, shared.n, n_tuning)


def _settled(
    weeks: Sequence[tuple[date, int, int]], at: datetime, maturity: Maturity, window_days: int
) -> Span:
    """Production claims are settled up to the first week that is neither old nor labelled enough.

    A week is, at ``maturity.days`` after its end or with ``maturity.coverage_ppm`` of its stated
    claims labelled.
    """
    settled: datetime | None = None
    unsettled = 0
    for monday, n_claims, n in weeks:
        end = datetime.combine(monday + timedelta(weeks=1), time())
        if unsettled or not maturity.reached(end, n, n_claims, at):
            unsettled += n_claims
        else:
            settled = min(at, end)
    since = None if settled is None else settled - timedelta(days=window_days)
    return Span(settled, since, unsettled)


def _sample(
    cursor: duckdb.DuckDBPyConnection,
    judged: Judged,
    spec: SignalSpec,
    rules: Sequence[RuleRow],
) -> Sample:
    cells = judged_cells(cursor, judged).cells[0]
    automated = judged_cells(
        cursor, judged, rungs=rungs_of(spec.rules), only=_automating(rules)
    ).cells[0]
    return Sample(cells, automated, spec.high_from_ppm / 1_000_000)


def _automating(rules: Sequence[RuleRow]) -> tuple[int, ...]:
    return tuple(i for i, row in enumerate(rules) if row.action == "automate")


def _by_parts(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    judged: Judged,
    cells: Cells,
    result: SampleResult,
    layout: int,
) -> tuple[Measures, SampleResult]:
    """What is measured of a sample, and its criteria with the product's own verdict among them."""
    labels = _Labels()
    if layout != PLAIN_LAYOUT:
        labels = _labels(cursor, spec, judged, {(): cells})[()]
        tolerance, high_from = spec.tolerance_ppm / 1_000_000, spec.high_from_ppm / 1_000_000
        verdict = judge(group_sums([cells], high_from), tolerance=tolerance)
        result = result.with_verdict(verdict_result(verdict, 0, labels.weighted, labels.reach))
    told = labels.reach if layout == LAYOUT else None
    return _measured(spec, cells, told), result


def _measured(spec: SignalSpec, cells: Cells, reach: LabelReach | None) -> Measures:
    return measure_groups(
        [{}],
        [cells],
        tolerance=spec.tolerance_ppm / 1_000_000,
        high_from=spec.high_from_ppm / 1_000_000,
        reaches=[reach],
    )[0]


def _part(measures: Measures, sample: SampleResult) -> dict[str, Any]:
    return {"measures": measures_json(measures), "sample": sample_json(sample)}


def _window(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    recent: Judged,
    rules: Sequence[RuleRow],
    layout: int,
) -> tuple[Measures, SampleResult] | None:
    """The recent window's measures and criteria; None where it holds no claim."""
    if recent.since is None or not judged_counts(cursor, recent).production:
        return None
    sample = _sample(cursor, recent, spec, rules)
    minimum = segment_minimum(spec.validation.min_samples)
    result = judge_sample(spec.validation.criteria, sample, minimum=minimum)
    return _by_parts(cursor, spec, recent, sample.cells, result, layout)


@dataclass(frozen=True)
class _Labels:
    """What the labels of a group may be taken for.

    Attributes:
        reach: for which of its claims they speak; None: nothing is known against them.
        weighted: its gap, each label counting by the chance it was drawn with; None: all alike.
    """

    reach: LabelReach | None = None
    weighted: Weighted | None = None


def _labels(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    judged: Judged,
    groups: Mapping[Key, Cells],
    by: Sequence[str] = (),
    *,
    family: int = 1,
) -> Mapping[Key, _Labels]:
    """What the labels of each group may be taken for.

    They are weighted where every label logs the chance it was drawn with and those differ. One
    label without its chance, or one that would count for more than a claim may, and the labels are
    judged as they are: nobody escapes a verdict by logging a chance here and there. Otherwise it is
    production claims that are asked for whom they speak; what is held out is labelled on purpose.

    Args:
        spec: the signal's entry.
        groups: the cells of each group.
        by: the dimensions they are grouped by.
        family: groups judged side by side, over which a weighted gap's interval is corrected.
    """
    tolerance = spec.tolerance_ppm / 1_000_000
    drawn = {
        key: sums
        for key, sums in judged_propensities(cursor, judged, by).items()
        if sums.sound[0] and key in groups
    }
    gaps = {key: weighted_gaps(sums)[0] for key, sums in drawn.items()}
    by_chance = reaches_of_cells({(key, None): groups[key] for key in drawn}, tolerance, gaps)
    production = judged_cells(cursor, judged, ["split", "action", *by])
    reaches = reaches_of_cells(
        {
            (key[2:], key[1]): cells
            for key, cells in zip(production.keys, production.cells, strict=True)
            if key[0] == "production"
        },
        tolerance,
    )
    level = LEVEL ** (1 / family)
    return {
        key: _Labels(by_chance.get(key), inverse_propensity(drawn[key], level=level))
        if key in drawn
        else _Labels(reaches.get(key))
        for key in groups
    }


@dataclass(frozen=True)
class _Segments:
    """Every value of every required dimension, and the dimensions that no claim names."""

    names: tuple[tuple[str, str | None], ...]
    judgement: Judgement
    results: tuple[SampleResult, ...]
    missing: tuple[str, ...]

    def with_verdicts(self, labels: Sequence[_Labels]) -> _Segments:
        """The same, the product's own verdict on each segment counting as a criterion."""
        told = (
            one.with_verdict(verdict_result(self.judgement, i, of.weighted, of.reach))
            for i, (one, of) in enumerate(zip(self.results, labels, strict=True))
        )
        judgement = self.judgement.with_reaches([of.reach for of in labels])
        return replace(self, judgement=judgement, results=tuple(told))

    def as_json(self, layout: int) -> list[dict[str, Any]]:
        def measures(i: int, group: dict[str, str | None]) -> dict[str, Any]:
            found = segment_measures_json(self.judgement, i, group)
            if layout != LAYOUT:
                del found["speaks_for"]
            return found

        return [
            {
                "dimension": dimension,
                "value": value,
                "measures": measures(i, {dimension: value}),
                "sample": sample_json(result),
            }
            for i, ((dimension, value), result) in enumerate(
                zip(self.names, self.results, strict=True)
            )
        ]


def _segments(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    judged: Judged,
    rules: Sequence[RuleRow],
    layout: int,
) -> _Segments:
    names: list[tuple[str, str | None]] = []
    samples: list[Sample] = []
    missing: list[str] = []
    found: dict[str, dict[Key, Cells]] = {}
    plan, high_from = spec.validation, spec.high_from_ppm / 1_000_000
    for dimension in sorted(set(plan.segments)):
        try:
            grouped = judged_cells(cursor, judged, [dimension])
        except UnknownDimension:
            missing.append(dimension)
            continue
        if all(key == (None,) for key in grouped.keys):
            missing.append(dimension)
            continue
        automated = judged_cells(
            cursor, judged, [dimension], rungs=rungs_of(spec.rules), only=_automating(rules)
        )
        acting = dict(zip(automated.keys, automated.cells, strict=True))
        found[dimension] = dict(zip(grouped.keys, grouped.cells, strict=True))
        for key, cells in zip(grouped.keys, grouped.cells, strict=True):
            names.append((dimension, key[0]))
            samples.append(Sample(cells, acting.get(key, _no_cells()), high_from))
    segments = _Segments(
        names=tuple(names),
        judgement=judge(
            group_sums([sample.cells for sample in samples], high_from),
            tolerance=spec.tolerance_ppm / 1_000_000,
        ),
        results=tuple(
            judge_sample(
                plan.criteria,
                sample,
                minimum=segment_minimum(plan.min_samples),
                family=len(samples),
                segment=True,
            )
            for sample in samples
        ),
        missing=tuple(missing),
    )
    if layout == PLAIN_LAYOUT:
        return segments
    labels = [_Labels()] * len(names)
    if layout == LAYOUT:
        of = {
            (dimension, key[0]): one
            for dimension, groups in found.items()
            for key, one in _labels(
                cursor, spec, judged, groups, [dimension], family=len(names)
            ).items()
        }
        labels = [of[name] for name in names]
    return segments.with_verdicts(labels)


def _no_cells() -> Cells:
    none = np.zeros(0, dtype=np.int64)
    return Cells(np.zeros(0), none, none, none)


def _rules(
    cursor: duckdb.DuckDBPyConnection, judged: Judged, written: Rules, rules: Sequence[RuleRow]
) -> list[dict[str, Any]]:
    """What each rule would take of the judged claims, and how much of it is wrong."""
    grouped = judged_cells(cursor, judged, rungs=rungs_of(written))
    taken = {key[0]: cells for key, cells in zip(grouped.keys, grouped.cells, strict=True)}
    found = []
    for i, row in enumerate(rules):
        cells = taken.get(str(i), _no_cells())
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


def _cells_sha256(cells: Cells) -> str:
    """SHA-256 of one line ``confidence in millionths,n_claims,n,s`` per cell, then the unstated."""
    ppm = np.rint(cells.v * 1_000_000).astype(np.int64).tolist()
    rows = zip(ppm, cells.n_claims.tolist(), cells.n.tolist(), cells.s.tolist(), strict=True)
    text = "".join(f"{v},{n_claims},{n},{s}\n" for v, n_claims, n, s in rows)
    return hashlib.sha256(f"{text}unstated,{cells.n_unstated}\n".encode()).hexdigest()


def _digested(spec: SignalSpec) -> list[str]:
    """Segment dimensions that the judgement depends on, and the digest therefore covers."""
    overridden = {override.dimension for override in spec.rules.overrides}
    return sorted(overridden | set(spec.validation.segments))


def _stamp(time: datetime | None) -> str | None:
    return None if time is None else stamp(time)
