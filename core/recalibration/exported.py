"""A calibrator as files: for programs, and the heldout claims under its version."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from core.ledger.errors import LedgerError
from core.ledger.sql import quoted
from core.measure.recalibration.applied import apply_map
from core.queries.base.claims_sql import selected_claims
from core.queries.base.dimensions import segment_dimensions
from core.recalibration.recalibrate import Repair

_PLAIN = (
    *("event_id", "ts", "signal", "outcome_ts", "outcome_source", "model_version"),
    *("prompt_version", "params_version", "elicitation", "elicitation_order", "input_id"),
)


def as_python(found: Repair) -> str:
    """A module that needs Python 3.9 and nothing else: ``recalibrated(confidence, segments)``."""
    source = files("core.measure.recalibration").joinpath("applied.py").read_text(encoding="utf-8")
    fields = found.as_json()
    data = json.dumps(fields, ensure_ascii=True, sort_keys=True)
    return (
        f"{source}\n\n"
        f"#: Claims with these confidences state it.\n"
        f"CALIBRATOR_VERSION = {json.dumps(found.version)}\n"
        # As Python writes a text: names in it are logged ones, and may hold any quotes.
        f"_CALIBRATOR = json.loads({data!r})\n\n\n"
        "def recalibrated(confidence, segments=None):\n"
        '    """The confidence to log and to act on, together with `CALIBRATOR_VERSION`."""\n'
        "    return apply_calibrator(_CALIBRATOR, confidence, segments)\n"
    ).replace("import math\n", "import json\nimport math\n", 1)


def write_text(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        LedgerError: it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LedgerError(f"{path} cannot be written: {error.strerror}.") from error


def write_heldout(cursor: duckdb.DuckDBPyConnection, found: Repair, path: Path) -> int:
    """The labelled heldout claims with mapped confidences, as claims of the new version.

    They are ready for the import, and are what the new version can be validated on: the map was
    fitted on none of them.

    Returns:
        How many.

    Raises:
        LedgerError: it is no .csv file, or cannot be written.
    """
    if path.suffix.lower() != ".csv":
        raise LedgerError(f"{path.name} must end in .csv.")
    header = [*_PLAIN, "calibrator_version", "confidence", "outcome", "split"]
    header += [f"seg_{name}" for name in segment_dimensions(cursor)]
    count = 0
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header)
            writer.writeheader()
            for claim in _heldout(cursor, found):
                writer.writerow(claim)
                count += 1
    except OSError as error:
        raise LedgerError(f"{path} cannot be written: {error.strerror}.") from error
    return count


def _heldout(cursor: duckdb.DuckDBPyConnection, found: Repair) -> Iterator[dict[str, Any]]:
    question = found.question
    segments = segment_dimensions(cursor)
    columns = {f"c{i}": name for i, name in enumerate(_PLAIN)}
    columns |= {f"s{i}": quoted(f"seg_{name}") for i, name in enumerate(segments)}
    columns |= {"stated": "confidence_raw"}
    chosen = question.selection.narrowed("split", "heldout")
    tuned = (
        "(input_id IS NULL OR input_id NOT IN (SELECT input_id FROM claims WHERE signal = $signal "
        "AND split = 'tuning' AND input_id IS NOT NULL))"
    )
    source = selected_claims(cursor, chosen, columns, also=tuned)
    rows = cursor.execute(
        f"SELECT * FROM ({source.sql}) AS claim WHERE outcome IS NOT NULL AND stated IS NOT NULL "
        "ORDER BY c0",
        dict(source.parameters),
    ).fetchall()
    by = segments.index(question.by) if question.by in segments else None
    for row in rows:
        plain, own, stated, outcome = row[: len(_PLAIN)], row[len(_PLAIN) : -2], row[-2], row[-1]
        claim = dict(zip(_PLAIN, plain, strict=True))
        claim |= {f"seg_{name}": value for name, value in zip(segments, own, strict=True)}
        value = None if by is None else own[by]
        times = {
            name: None if claim[name] is None else f"{claim[name].isoformat()}Z"
            for name in ("ts", "outcome_ts")
        }
        yield {
            **claim,
            **times,
            "event_id": f"{claim['event_id']}~{found.version}",
            # The input stays known as the one it is, however many maps were tried on it.
            "input_id": claim["input_id"] or claim["event_id"],
            "calibrator_version": found.version,
            "confidence": apply_map(found.fitted_for(value), stated),
            "outcome": outcome,
            "split": "heldout",
        }
