"""Claims alike in all but their event are told at the end of an import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.ingest.checks.twins import FROM
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger


def told(ledger: Ledger, folder: Path, **columns: Any) -> list[str]:
    """The notices about alike claims of 60 claims of one minute, every third asked three times."""
    frame = pd.DataFrame(
        {
            "event_id": [f"e{i}" for i in range(60)],
            "ts": [f"2026-11-02T09:00:{i // 3:02}Z" for i in range(60)],
            "signal": "s",
            "confidence": 0.9,
            "seg_topic": "law",
            **columns,
        }
    )
    frame.to_csv(folder / "claims.csv", index=False)
    found = import_file(ledger, folder / "claims.csv").notices
    return [one for one in found if "say the same" in one]


def test_claims_alike_but_for_their_event_are_counted(ledger: Ledger, tmp_path: Path) -> None:
    (one,) = told(ledger, tmp_path)
    assert one.startswith("60 claims without input_id say the same as another at the same time")
    assert "counted once they are 20." in one
    assert "Intervals take them as independent" in one
    assert "log its input_id" in one


def test_trace_span_and_outcome_tell_no_claims_apart(ledger: Ledger, tmp_path: Path) -> None:
    each = [f"t{i}" for i in range(60)]
    outcome = [i % 2 for i in range(60)]
    assert told(ledger, tmp_path, trace_id=each, span_id=each, outcome=outcome)


@pytest.mark.parametrize(
    "columns",
    [
        {"input_id": [f"i{i // 3}" for i in range(60)]},
        {"seg_topic": [f"t{i}" for i in range(60)]},
        {"question": [f"what is {i}?" for i in range(60)]},
        {"confidence": [i / 60 for i in range(60)]},
        {"prompt_version": [f"v{i}" for i in range(60)]},
        {"ts": "2026-11-02"},
        {"confidence": ""},
    ],
    ids=["input", "segment", "other column", "confidence", "version", "bare date", "unstated"],
)
def test_claims_that_differ_or_name_their_input_are_not(
    ledger: Ledger, tmp_path: Path, columns: dict[str, Any]
) -> None:
    assert told(ledger, tmp_path, **columns) == []


def test_a_few_are_chance(ledger: Ledger, tmp_path: Path) -> None:
    few = [f"t{0 if i < FROM - 1 else i}" for i in range(60)]
    assert told(ledger, tmp_path, ts="2026-11-02T09:00:00Z", seg_topic=few) == []
