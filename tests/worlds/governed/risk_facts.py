"""Facts of a signal that is covered against every failure, and what may be otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from core.findings.detectors.confidence.anchoring import WaysCompared
from core.findings.detectors.confidence.metric_gaming import ConsecutiveGroups, Gaming
from core.findings.detectors.decisions.theatre import Theatre
from core.findings.facts.labels.leak import Leaked
from core.governance.perform import Office
from core.governance.validations.records import ValidationState
from core.governance.validations.standing import Standing
from core.ledger.connection import Ledger
from core.measure.failures.elicitation import MeanDifference
from core.measure.failures.gaming import Collapse, GroupSide, Spread
from core.measure.failures.theatre import USUAL_COSTS, ActionEffect
from core.measure.metrics.intervals import Interval
from core.measure.verdicts.label_reach import LabelReach
from core.queries.base.selection import Selection
from core.queries.claims.claims_per_signal import SegmentMoved
from core.queries.labels.label_provenance import HowLabelled
from core.queries.sums.pairs.elicitation_pairs import Way
from core.text.off_at import OffAt
from core.trail.fingerprint import Fingerprint
from core.views.audit.trail_integrity import wholeness
from core.views.risks.facts import (
    EvidenceTried,
    Followed,
    Labels,
    Recent,
    RiskFacts,
    SeatFacts,
    TrailFacts,
    Version,
    WatchFacts,
    WayOfAsking,
)
from core.views.risks.matrix import RisksView, risks_view

NOW = datetime(2026, 11, 23, 12)
DAY = date(2026, 9, 1)
M1 = Fingerprint("m1", "p1", None, "verbal", "before")
M2 = Fingerprint("m2", "p1", None, "verbal", "before")
P2 = Fingerprint("m1", "p2", None, "verbal", "before")
MET = EvidenceTried(
    DAY,
    900,
)


def version(
    fingerprint: Fingerprint = M1,
    state: ValidationState = "validated",
    *,
    opened: bool | None = None,
    first: date = DAY,
    in_use: bool = True,
    tried: EvidenceTried | None = MET,
    automated: int = 0,
) -> Version:
    is_open = state == "validated" if opened is None else opened
    until = datetime(2027, 1, 1) if is_open else None
    return Version(
        fingerprint=fingerprint,
        n_claims=1_000,
        n_automated=automated,
        first=first,
        in_use=in_use,
        standing=Standing(state, is_open, f"It is {state}.", until),
        signed=DAY,
        tried=tried,
        n=800,
        stated=640.0,
        right=600,
    )


RECENT = Recent(
    since=date(2026, 8, 29),
    until=date(2026, 10, 23),
    n=2_000,
    n_inputs=1_900,
    n_days=56,
    gap=0.01,
    low=-0.01,
    high=0.03,
    state="fine",
    off_parts=(),
    error=0.02,
    error_low=0.0,
    error_high=0.04,
    error_at=OffAt(),
    tolerance=0.05,
    high_from=0.9,
    high_n=500,
    high_inputs=480,
    high_days=56,
    high_claimed=0.95,
    high_observed=0.94,
    high_low=-0.02,
    high_high=0.04,
    n_segments=4,
    n_small=0,
    n_mute=0,
    n_within=2,
    off=(),
    bounded=0.95,
    labels=HowLabelled(2_200, 2_000, 0, 300, 280),
    reach=LabelReach("all", 2_200, 2_000, -0.08, 0.1),
)
THEATRE = Theatre(
    signal="s",
    since=datetime(2026, 8, 24),
    until=NOW,
    settled=datetime(2026, 10, 24),
    basis="logged",
    n_claims=1_000,
    n_unlogged=0,
    costs=USUAL_COSTS,
    unit="EUR",
    effect=ActionEffect(1_000, None, "review", 900.0, {}, 300, 120.0, 80.0, 160.0, 0.95),
    handled=(),
    rules=(),
)
FACTS = RiskFacts(
    signal="s",
    written=True,
    registered=True,
    unvalidated="review",
    n_claims=1_000,
    first=DAY,
    versions=(version(),),
    seat=SeatFacts("Ann Lee", False, ("Bob Ng",), (), ("Ann Lee",)),
    dimensions=("topic",),
    recent=RECENT,
    moved=SegmentMoved("topic", "legal", 0.1, 0.1, 500, 600),
    labels=Labels(800, 0, 300, 280),
    leak=Leaked(900, 0, 200, ()),
    n_named=200,
    gaming=(),
    asked=(WayOfAsking("verbal", "before", 1_000),),
    ways=(),
    theatre=THEATRE,
    followed=Followed(date(2026, 8, 24), date(2026, 11, 23), 3, 0, 1_000, 1_000),
    trail=TrailFacts(True, "The trail is whole.", 40, date(2026, 11, 23), False, 1_000, 0, 12, 0),
)
BROKEN = replace(FACTS, written=False, seat=None, followed=None)
OFF = replace(
    FACTS,
    recent=replace(RECENT, gap=0.1, low=0.08, high=0.12, state="off", off_parts=("whole",)),
)
CANCELLING = replace(
    RECENT,
    state="off",
    off_parts=("shape",),
    error=0.14,
    error_low=0.12,
    error_high=0.16,
    error_at=OffAt(((70.0, 85.0),), ((30.0, 30.0),)),
)
CHOSEN = replace(
    RECENT,
    reach=LabelReach("labelled", 2_200, 600, -0.3, 0.4, by_chance=True),
)
OTHERS = SegmentMoved("amount", "over 500", 0.08, 0.4, 900, 1_100)
WATCH = WatchFacts(M1, "watched since 2026-09-01: 5 cohorts, 900 inputs, evidence 0.8", 900, "")
ALARM = replace(WATCH, alarm="m1: The gap is +9.1 points. It changed about 2026-W40")
UNSURE = replace(FACTS, recent=replace(RECENT, state="too_few"))


# ------------------------------------------------------------------------------------ anchoring
def ways(value: float, half: float, *, anchored: bool = False, other: str = "s") -> WaysCompared:
    before = Way(other, "verbal", "before" if other == "s" else "behavioural")
    shift = MeanDifference(1_200, value, value - half, value + half)
    same = MeanDifference(1_064, 0.0, -0.003, 0.003)
    return WaysCompared(before, Way("s", "verbal", "after"), "input_id", shift, same, None, None,
                    anchored)  # fmt: skip


AFTER = replace(FACTS, asked=(WayOfAsking("verbal", "after", 1_000),))


# --------------------------------------------------------------------------------------- gaming
def gaming(p: float) -> Gaming:
    claims = Selection("s")
    pair = ConsecutiveGroups("s", "prompt", "p1", "p2", claims, claims, NOW, (P2,))
    wide, narrow = Spread(0.3, 0.7, 1.0, 9, 3.0), Spread(0.02, 0.72, 0.74, 2, 1.0)
    found = Collapse(
        before=GroupSide(5_200, 5_097, 0.081, 0.01, 0.67, wide),
        after=GroupSide(1_200, 1_093, 0.010, 0.01, 0.58, narrow),
        ece=Interval(-0.07, -0.08, -0.06),
        auroc=Interval(-0.09, -0.13, -0.06),
        width=Interval(-0.28, -0.3, -0.26),
        p_traded=p,
        p_narrowed=1.0,
        level=0.95,
    )
    return Gaming(pair, found, family=18)


# ----------------------------------------------------------------------------------- the sample
@pytest.fixture(scope="module")
def told(told_path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Office]]:
    with Ledger.open(told_path) as ledger:
        yield ledger.cursor(), Office.of(ledger, clock=lambda: NOW)


@pytest.fixture(scope="module")
def view(told: tuple[duckdb.DuckDBPyConnection, Office], told_path: Path) -> RisksView:
    cursor, office = told
    whole = wholeness(cursor, told_path, NOW)
    return risks_view(cursor, office.state(), NOW, whole, data_version=6)
