"""Which claims of one fingerprint are evidence.

The heldout claims of exactly this fingerprint, and its production claims made after the signal's
last tuning claim, as far as they are settled: production claims are taken up to the first week that
is not yet mature, because outcomes that come in fast are no fair sample of those that come in late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb

from core.queries.base.truth import EVERY_SOURCE, Truth
from core.queries.sums.validation_sample import JudgedSpan, KnownAt, production_weeks, tuning_freeze
from core.registry.signal_spec import SignalSpec
from core.terms import Maturity
from core.trail.acts import moment
from core.trail.fingerprint import Fingerprint
from core.validation.evidence_bundle import Bundle
from core.validation.limitations import SettledSpan
from core.validation.tuning_leakage import TuningLeaked, overlap

#: The splits that may be judged on.
SPLITS = ("heldout", "production")


def claims_written(bundle: Bundle) -> JudgedSpan:
    """The claims that a bundle says it judged."""
    query = bundle.content["query"]
    known = KnownAt(bundle.at, query["imports_to"])
    freeze, settled = (
        None if query[name] is None else moment(query[name])
        for name in ("tuning_freeze", "settled_until")
    )
    return JudgedSpan(
        bundle.spec.name,
        bundle.fingerprint.as_json(),
        known,
        freeze=freeze,
        settled=settled,
        without_overlap=bundle.content["counts"]["overlap_left_out"] > 0,
        truth=truth_of(query),
        ranked=query.get("truth", {}).get("ranked", False),
    )


def truth_of(query: Mapping[str, Any]) -> Truth:
    """Whose labels a bundle counted; those of every source before that was written into it."""
    said = query.get("truth")
    return EVERY_SOURCE if said is None else Truth(tuple(said["sources"]), said["unstated"])


def truth_json(truth: Truth) -> dict[str, Any]:
    """What `truth_of` reads, and that sources of truth have a rank, which they once had not."""
    if truth == EVERY_SOURCE:
        return {}
    return {"truth": {"sources": list(truth.sources), "unstated": truth.unstated, "ranked": True}}


@dataclass(frozen=True)
class ToJudge:
    """Which claims a bundle is about.

    Attributes:
        judged: the claims.
        span: which of the production ones are settled.
        n_shared: claims that were tuned on, all of them left out.
        n_tuning: claims of the tuning split.
    """

    judged: JudgedSpan
    span: SettledSpan
    n_shared: int
    n_tuning: int


def claims_to_judge(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    fingerprint: Fingerprint,
    known: KnownAt,
    leave_out_overlap: bool,
    truth: Truth,
) -> ToJudge:
    """The claims of a fingerprint that are evidence, as known at a time.

    Raises:
        Leaked: some share an event or an input with the tuning split, and are not left out.
    """
    n_tuning, frozen = tuning_freeze(cursor, spec.name, known)
    asked = JudgedSpan(spec.name, fingerprint.as_json(), known, freeze=frozen, truth=truth)
    weeks = production_weeks(cursor, asked)
    span = _settled(weeks, known.at, spec.maturity, spec.validation.window_days)
    asked = replace(asked, settled=span.settled)
    shared = overlap(cursor, asked)
    if shared and not leave_out_overlap:
        raise TuningLeaked(spec.name, shared, asked)
    return ToJudge(replace(asked, without_overlap=bool(shared)), span, shared.n, n_tuning)


def _settled(
    weeks: Sequence[tuple[date, int, int]], at: datetime, maturity: Maturity, window_days: int
) -> SettledSpan:
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
    return SettledSpan(settled, since, unsettled)


def digested_segments(spec: SignalSpec) -> list[str]:
    """Segment dimensions that the judgement depends on, and the digest therefore covers."""
    overridden = {override.dimension for override in spec.rules.overrides}
    return sorted(overridden | set(spec.validation.segments))
