"""A file with claims to choose a threshold on and as many to try it on, every one right."""

from __future__ import annotations

from pathlib import Path


def two_splits(folder: Path, signal: str, n: int) -> Path:
    """Write it: so many claims stated as 0.9, every other one for tuning, the rest held out."""
    lines = ["event_id,ts,signal,confidence,input_id,split,outcome,outcome_ts"]
    lines += [
        f"e{i},2026-11-02T09:00:00Z,{signal},0.9,i{i},{'tuning' if i % 2 else 'heldout'},1,"
        "2026-11-03T09:00:00Z"
        for i in range(n)
    ]
    file = folder / "claims.csv"
    file.write_text("\n".join(lines))
    return file
