"""Claims of one fingerprint to be judged, and their evidence frozen and stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.registry.escalation_rules import RuleBand, Rules
from core.registry.signal_spec import Criterion, SignalSpec, ValidationPlan
from core.trail.fingerprint import Fingerprint
from core.validation import evidence
from core.validation.evidence import freeze, store, verify
from core.validation.evidence_bundle import Bundle, BundlePart
from tests.worlds.governed.entries import spec_with
from tests.worlds.paths import ROOT

#: A Monday, eight weeks before `NOW`.
MONDAY = datetime(2026, 9, 7, 12)
NOW = datetime(2026, 11, 2)
WEEK = timedelta(weeks=1)
MODEL = Fingerprint(model_version="m-1", prompt_version="p-1")
GOLDEN = ROOT / "tests/core/validation/golden"
CRITERIA = (
    Criterion("gap", maximum_ppm=50_000),
    Criterion("ece", maximum_ppm=80_000),
    Criterion("auroc", minimum_ppm=600_000),
    Criterion("automated_error", maximum_ppm=120_000),
)
SPEC = spec_with(
    stakes="medium",
    owner="p-1",
    validators=("group:risk",),
    validation=ValidationPlan(90, 400, CRITERIA),
    rules=Rules(
        (RuleBand(620_000, "escalate"), RuleBand(900_000, "review"), RuleBand(None, "automate"))
    ),
)
Rows = list[dict[str, Any]]
Fill = Callable[..., None]


def planned(**given: Any) -> SignalSpec:
    """`SPEC` with another validation plan."""
    return replace(SPEC, validation=replace(SPEC.validation, **given))


def claims(
    prefix: str,
    n: int,
    at: datetime,
    *,
    off: float = 0.0,
    fixed: float | None = None,
    labelled: float = 1.0,
    **columns: Any,
) -> Rows:
    """``n`` claims of one noon, right as often as they state, less ``off``.

    Per confidence exactly that share is right, so that no test hangs on luck; ``fixed`` states
    one confidence only. ``columns`` overwrite.
    """
    stated = [0.55, 0.75, 0.9, 0.95] if fixed is None else [fixed]
    rows: Rows = []
    for i in range(n):
        v, turn = stated[i % len(stated)], i // len(stated)
        right = math_floor((turn + 1) * (v - off)) - math_floor(turn * (v - off))
        rows.append(
            {
                "event_id": f"{prefix}-{i:05d}",
                "ts": at,
                "signal": "triage",
                "confidence": v,
                "outcome": right if i < labelled * n else None,
                "outcome_ts": at + timedelta(hours=1) if i < labelled * n else None,
                "model_version": "m-1",
                "prompt_version": "p-1",
                "input_id": f"{prefix}-input-{i:05d}",
                "split": "production",
                **columns,
            }
        )
    return rows


def math_floor(x: float) -> int:
    return int(np.floor(x + 1e-9))


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.in_memory() as ledger:
        yield ledger


@pytest.fixture
def fill(ledger: Ledger, tmp_path: Path) -> Fill:
    """``fill(rows, now=NOW)``: import them as one file."""
    files = iter(range(1000))

    def import_rows(*batches: Rows, now: datetime = NOW) -> None:
        rows = [row for batch in batches for row in batch]
        frame = pd.DataFrame(rows)
        if "outcome" in frame:
            frame["outcome"] = frame["outcome"].astype("Int64")
        file = tmp_path / f"{next(files)}.parquet"
        frame.to_parquet(file)
        summary = import_file(ledger, file, now=now)
        assert summary.n_quarantined == 0

    return import_rows


def weekly(n: int = 200, weeks: Sequence[int] = range(8), **given: Any) -> list[Rows]:
    return [claims(f"w{w}", n, MONDAY + w * WEEK, **given) for w in weeks]


def frozen(ledger: Ledger, spec: SignalSpec = SPEC, at: datetime = NOW, **given: Any) -> Bundle:
    """Evidence whose owner declares, unless told otherwise, that nothing was chosen on it."""
    how = {"untuned": True, **given}
    with ledger.cursor() as cursor:
        return freeze(cursor, spec, MODEL, at=at, program="calledger 0.1.0", **how)


def stored(ledger: Ledger, bundle: Bundle) -> str:
    with ledger.transaction() as cursor:
        store(cursor, bundle)
    return bundle.sha256


def verified(ledger: Ledger, sha256: str) -> evidence.Recomputed:
    """What both the whole comparison and the quick one say."""
    with ledger.cursor() as cursor:
        found = verify(cursor, sha256)
        assert evidence.unchanged(cursor, sha256) == found
        return found


def automated_of(cells: Any) -> Any:
    from core.measure.cells.cells import Cells

    high = cells.v >= 0.9
    return Cells(cells.v[high], cells.n_claims[high], cells.n[high], cells.s[high])


def cancelling(n: int = 200, **given: Any) -> list[Rows]:
    """Said 55 % and right 75, said 80 % and right 60: a gap of nil, off by 20 points."""
    return [
        claims(f"{name}{w}", n, MONDAY + w * WEEK, fixed=fixed, off=off, **given)
        for w in range(4)
        for name, fixed, off in (("low", 0.55, -0.2), ("top", 0.8, 0.2))
    ]


GAP = (Criterion("gap", maximum_ppm=50_000),)


def picked(sure: float, unsure: float, prefix: str = "", **given: Any) -> list[Rows]:
    """Claims that are right as often as they say; so many of either kind are labelled."""
    return [
        claims(f"{prefix}{name}{w}", 300, MONDAY + w * WEEK, fixed=fixed, labelled=share, **given)
        for w in range(4)
        for name, fixed, share in (("low", 0.55, unsure), ("top", 0.95, sure))
    ]


def complained_about(off: float) -> Rows:
    """Heldout claims whose wrong answers are labelled nine times in ten, the others one in two."""
    rng = np.random.default_rng(3)
    rows = claims("h", 3000, MONDAY, split="heldout", off=off)
    for row in rows:
        row["label_propensity"] = 0.5 if row["outcome"] else 0.9
        if rng.random() >= row["label_propensity"]:
            row["outcome"] = row["outcome_ts"] = None
    return rows


def ends_of(words: str) -> tuple[float, float]:
    low, high = words.partition("points (")[2].partition(")")[0].split(" to ")
    return float(low.replace("−", "-")), float(high.replace("−", "-"))


def segments_of(bundle: Bundle) -> dict[str, BundlePart]:
    return {one.name: one for one in bundle.segments}


def of_topics(**chosen: float) -> list[Rows]:
    """Claims of one topic labelled alike, and of another as ``chosen`` says."""
    return [
        *picked(0.6, 0.6, prefix="even-", seg_topic="even"),
        *picked(**chosen, prefix="chosen-", seg_topic="chosen"),
    ]


@pytest.fixture
def plain_bundle(ledger: Ledger, fill: Fill) -> Bundle:
    """Frozen by the program of then on these very claims, one input among them asked 60 times."""
    often = claims("one", 60, MONDAY, off=0.3, seg_language="en", input_id="asked-often")
    fill(*weekly(60, seg_language="de"), often)
    bundle = Bundle((GOLDEN / "evidence_layout_1.json").read_text().strip())
    stored(ledger, bundle)
    return bundle
