"""Any claims, and whether two answers about them are alike."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

MONDAY = datetime(2026, 11, 2)


def same(one: Any, other: Any) -> bool:
    """Whether two answers are alike bit by bit, nan like nan."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and bool(
            np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        )
    if dataclasses.is_dataclass(one):
        fields = dataclasses.fields(one)
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def claim(number: int, **fields: Any) -> dict[str, Any]:
    """A claim as `tests.worlds.claims.events.add_claims` takes it."""
    return {"event_id": f"e{number}", "ts": MONDAY, "confidence": 0.5, **fields}


#: A claim; ``late`` is how many hours after it its outcome was known.
CLAIM = st.fixed_dictionaries(
    {
        "ts": st.integers(0, 7 * 24 * 6).map(lambda hours: MONDAY + timedelta(hours=hours)),
        "confidence": st.none()
        | st.integers(0, 10**6).map(lambda ppm: ppm / 10**6)
        | st.sampled_from([0.5, 0.7, 0.9, 1.0]),
        "outcome": st.sampled_from([0, 1, None]),
        "outcome_corrected": st.sampled_from([False, False, True]),
        "split": st.sampled_from(["production", "production", "tuning", "heldout"]),
        "model_version": st.sampled_from(["m1", "m2", None]),
        "action": st.sampled_from(["automate", "review", None]),
        "label_propensity": st.sampled_from([None, 0.5, 1.0]),
        "seg_language": st.sampled_from(["de", "en", None]),
        "seg_team": st.just(None) | st.sampled_from(["x", "y", "z"]),
        "late": st.integers(-2, 40 * 24),
    }
)
#: Where a selection begins or ends.
MOMENTS = (
    st.none()
    | st.integers(0, 7 * 6).map(lambda day: MONDAY + timedelta(days=day))
    | st.just(MONDAY + timedelta(days=9, hours=5))
)


def made(number: int, row: dict[str, Any]) -> dict[str, Any]:
    """A claim made of `CLAIM`."""
    known = None if row["outcome"] is None else row["ts"] + timedelta(hours=row["late"])
    kept = {key: value for key, value in row.items() if key != "late"}
    return claim(number, **kept, outcome_known_at=known)


def logged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two versions of each outcome that was corrected."""
    return [
        {
            "event_id": row.get("event_id", f"e{i}"),
            "signal": row.get("signal"),
            "outcome": (row["outcome"] + version) % 2,
            "known_at": row["ts"] + timedelta(hours=row["late"] - 50 * version),
            "source": None,
            "with_claim": False,
            "import_id": 1,
            "import_row": 2 * i + version,
            "outcome_ts": None,
        }
        for i, row in enumerate(rows)
        if row["outcome"] is not None and row["outcome_corrected"]
        for version in (0, 1)
    ]
