"""A ledger of any number of signals, and how many statements a question costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import duckdb

from core.gate.registry_changes import apply
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from tests.worlds.claims.events import add_claims
from tests.worlds.governed.entries import entry

#: A Wednesday.
NOW = datetime(2026, 11, 25, 12)
WEEKS, A_WEEK = 10, 24


def many_signals(ledger: Ledger, signals: int) -> None:
    """Signals that are written down: of each three one is off since its new version, one repeats.

    Of the last weeks labels are missing, and some outcomes were corrected.
    """
    names = [f"s{i:02d}" for i in range(signals)]
    monday = NOW - timedelta(days=NOW.weekday(), hours=NOW.hour)
    first = monday - timedelta(weeks=WEEKS)
    claims, outcomes = list[dict[str, Any]](), list[dict[str, Any]]()
    for s, name in enumerate(names):
        for i in range(WEEKS * A_WEEK):
            week, at = divmod(i, A_WEEK)
            confidence = 0.55 + 0.1 * (i % 5)
            right = (i * 7 + s) % 10 < 10 * confidence - (4 if s % 3 == 0 and week > 3 else 0)
            known = i % 2 == 0 if week > 7 else True
            made = first + timedelta(weeks=week, hours=6 * at)
            claims.append(
                {
                    "event_id": f"{name}-{i}",
                    "signal": name,
                    "ts": made,
                    "confidence": confidence,
                    "outcome": int(right) if known else None,
                    "outcome_known_at": made + timedelta(days=2) if known else None,
                    "outcome_corrected": known and i % 11 == 0,
                    "model_version": "m2" if week > 3 else "m1",
                    "input_id": f"{name}-{i // 2}" if s % 3 == 1 else None,
                    "action": "automate" if confidence > 0.8 else "review",
                    "seg_topic": "medical" if i % 3 else "billing",
                }
            )
            if known and i % 11 == 0:
                outcomes += [
                    {
                        "event_id": f"{name}-{i}",
                        "signal": name,
                        "outcome": int(right) if version else 1 - int(right),
                        "known_at": made + timedelta(days=1 + version),
                        "with_claim": False,
                        "import_id": 1,
                        "import_row": i,
                    }
                    for version in (0, 1)
                ]
    add_claims(ledger, claims, outcomes, repeats=[n for i, n in enumerate(names) if i % 3 == 1])
    apply(Office.of(ledger), read("---\n".join(map(entry, names))), "user:t/adam")


class _Counting:
    """A cursor that counts what is asked of it."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor, self.statements = cursor, list[str]()

    def execute(self, query: str, *args: Any) -> Any:
        self.statements.append(query)
        return self._cursor.execute(query, *args)

    def sql(self, query: str, **kwargs: Any) -> Any:
        self.statements.append(query)
        return self._cursor.sql(query, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def statements(
    cursor: duckdb.DuckDBPyConnection, question: Callable[[duckdb.DuckDBPyConnection], object]
) -> int:
    """How many statements a question costs."""
    counting = _Counting(cursor)
    question(counting)  # type: ignore[arg-type]
    return len(counting.statements)
