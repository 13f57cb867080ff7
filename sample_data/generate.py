"""Make the committed sample: half a year of an LLM support desk, with failures planted in it.

    python -m sample_data.generate

Everything is drawn from one seed, so the same content comes out every time. What is planted
where, and how large it is, stands in sample_data/README.md; `sample_data.planted` is that table.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from sample_data.answers import answers, judged
from sample_data.desk import callbacks, grounding, merges, routing
from sample_data.handed import handed
from sample_data.pilot import pilot
from sample_data.planted import (
    AGREEMENT,
    FIRST_MONDAY,
    HINDI_TRANSLATION_GAP,
    LOGPROB,
    MEDICAL_GAP,
    SELF_REPORT,
    WEEKS,
)
from sample_data.refunds import refunds
from sample_data.replies import drafts, rated_drafts, safety
from sample_data.triage import triage

__all__ = [
    "AGREEMENT",
    "FIRST_MONDAY",
    "HINDI_TRANSLATION_GAP",
    "LOGPROB",
    "MEDICAL_GAP",
    "SELF_REPORT",
    "WEEKS",
    "main",
]

FOLDER = Path(__file__).parent
_TIME = "%Y-%m-%dT%H:%M:%SZ"

REFUSED = """\
event_id,ts,signal,confidence,outcome,action,model_version,prompt_version,elicitation,elicitation_order,seg_language,seg_topic,seg_channel
dirty-0001,2026-11-16T09:12:00Z,ticket-triage.self-report,0.8,1,review,assist-2,triage-v4,verbal,after,en,billing,chat
dirty-0002,2026-11-16T09:14:00Z,ticket-triage.self-report,85ish,1,review,assist-2,triage-v4,verbal,after,en,billing,chat
dirty-0003,2026-11-16T09:20:00Z,ticket-triage.self-report,1.2,0,review,assist-2,triage-v4,verbal,after,de,contract,chat
dirty-0004,16.11.2026 half past nine,ticket-triage.self-report,0.7,1,review,assist-2,triage-v4,verbal,after,de,contract,chat
dirty-0005,2026-11-16T09:40:00Z,ticket-triage.self-report,0.9,0.5,review,assist-2,triage-v4,verbal,after,pt,medical,chat
dirty-0006,2026-11-16T09:44:00Z,,0.9,1,review,assist-2,triage-v4,verbal,after,pt,medical,chat
dirty-0001,2026-11-16T09:12:00Z,ticket-triage.self-report,0.9,1,review,assist-2,triage-v4,verbal,after,en,billing,chat
dirty-0007,2026-11-16T10:02:00Z,ticket-triage.self-report,,1,review,assist-2,triage-v4,verbal,after,hi,triage,chat
dirty-0008,2026-11-16T10:05:00Z,ticket-triage.self-report,0.95,1,review,assist-2,triage-v4,verbal,after,hi,triage,chat
"""  # noqa: E501


def main() -> None:
    """Write the committed files."""
    claims, outcomes = triage()
    _parquet(claims, "triage_claims.parquet")
    outcomes.to_csv(
        FOLDER / "triage_outcomes.csv.gz",
        index=False,
        date_format=_TIME,
        # A gzip file carries the time at which it was written, unless told otherwise.
        compression={"method": "gzip", "mtime": 1},
    )
    _parquet(refunds(), "refund_claims.parquet")
    desk = (
        *(safety(), drafts(), answers(), judged(), merges(), callbacks(), routing()),
        rated_drafts(),
    )
    _parquet(pd.concat(desk, ignore_index=True), "desk_claims.parquet")
    _jsonl(grounding(), "grounding_claims.jsonl")
    _parquet(pilot(), "pilot_claims.parquet")
    _parquet(handed(), "merge_handoffs.parquet")
    (FOLDER / "hand_typed.csv").write_text(REFUSED, encoding="utf-8")


def _parquet(frame: pd.DataFrame, name: str) -> None:
    frame.to_parquet(FOLDER / name, index=False, compression="zstd")


def _jsonl(frame: pd.DataFrame, name: str) -> None:
    """One object a line, with the segments in an object of their own and nothing said twice."""
    lines = []
    for record in frame.to_dict("records"):
        line = {
            str(key): value.strftime(_TIME) if isinstance(value, pd.Timestamp) else value
            for key, value in record.items()
            if not pd.isna(value)
        }
        segments = {key: line.pop(key) for key in list(line) if key.startswith("seg_")}
        line["segments"] = {key.removeprefix("seg_"): value for key, value in segments.items()}
        lines.append(json.dumps(line))
    (FOLDER / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
