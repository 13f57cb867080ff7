"""`calledger measure`: a signal's measures, one group or many, judged together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from core.measure.summary import Measures, measure_groups
from core.measure.verdict import HIGH_FROM, TOLERANCE
from core.review.words import count, percent, points
from core.store.cells import grouped_cells
from core.store.selection import Selection


@dataclass(frozen=True)
class MeasureReport:
    """What was asked, and the measures of each group, worst verdict first."""

    selection: Selection
    as_of: datetime
    groups: tuple[Measures, ...]
    tolerance: float
    high_from: float

    def to_json(self) -> str:
        """The contract's JSON: ``signal``, ``as_of``, ``filters``, ``groups``."""
        payload: dict[str, Any] = {
            "signal": self.selection.signal,
            "as_of": _stamp(self.as_of),
            "filters": filters_of(self.selection),
            "groups": [one.as_json() for one in self.groups],
        }
        return json.dumps(payload, indent=2, ensure_ascii=False, allow_nan=False)

    def footnotes(self) -> tuple[str, ...]:
        """What the verdicts rest on, in plain lines."""
        unstated = sum(one.n_unstated for one in self.groups)
        lines = [
            f"Gap = mean confidence − accuracy, in points; + claims more than it delivers. "
            f"Tolerance ±{points(self.tolerance).lstrip('+')} points; high band from "
            f"{percent(self.high_from)}. Intervals shown are 95% each; verdicts use intervals "
            f"corrected together over {len(self.groups)} group"
            f"{'' if len(self.groups) == 1 else 's'} (max-statistic)."
        ]
        if unstated:
            lines.append(f"{count(unstated)} claims stated no confidence and are left out.")
        if not self.selection.splits_chosen:
            lines.append("Claims of the tuning split are left out unless asked for.")
        for one in self.groups:
            for field, reason in one.notes.items():
                lines.append(f"{field}: {reason}")
        return tuple(dict.fromkeys(lines))


def measure(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    *,
    by: Sequence[str] = (),
    tolerance: float | None = None,
    high_from: float | None = None,
) -> MeasureReport:
    """Measure the selected claims of one signal, split by ``by``.

    Raises:
        LedgerError: a dimension that this ledger does not know, or a signal it has not seen.
    """
    tolerance = TOLERANCE if tolerance is None else tolerance
    high_from = HIGH_FROM if high_from is None else high_from
    grouped = grouped_cells(cursor, selection, by)
    keys = [dict(zip(grouped.by, key, strict=True)) for key in grouped.keys]
    measures = measure_groups(keys, grouped.cells, tolerance=tolerance, high_from=high_from)
    as_of = selection.as_known or datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    return MeasureReport(selection, as_of, measures, tolerance, high_from)


def filters_of(selection: Selection) -> dict[str, Any]:
    """The question's filters as JSON; only those that were set."""
    filters: dict[str, Any] = {}
    for name in ("since", "until", "as_known"):
        stamp: datetime | None = getattr(selection, name)
        if stamp is not None:
            filters[name] = _stamp(stamp)
    for dimension, values in selection.where:
        filters[dimension] = values[0] if len(values) == 1 else list(values)
    return filters


def _stamp(moment: datetime) -> str:
    return moment.isoformat() + "Z"
