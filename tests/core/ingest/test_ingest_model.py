"""The importer against a few lines of plain Python that keep the same books row by row."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ingest import import_file as importing
from core.ingest.checks.repeats import FEW
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.claims_sql import selected_claims
from core.queries.base.outcome_log import OUTCOME_LOG
from core.queries.base.selection import Selection
from core.trail.seals.outcomes_in_force import wrong_in_force
from tests.worlds.claims.kept import kept_in, kept_of
from tests.worlds.governed.rounds import examples

pytestmark = pytest.mark.usefixtures("kept_from_the_first")

START = datetime(2026, 11, 1)
Row = dict[str, Any]


#: Sources of truth, the one that outranks the others first.
RANKS = ("HUMAN", "CODE", None)


def replay(versions: list[tuple[Any, ...]]) -> dict[str | None, tuple[datetime, set[int]]]:
    """Source → when its last label that stands became known, and all it said then."""
    stacks: dict[str | None, list[tuple[datetime, set[int]]]] = {}
    # Said twice of one instant, a withdrawal is one.
    entries = {(one[5], one[2] is None, one[4], one[2]) for one in versions}
    for known, withdrawn, source, value in sorted(entries, key=lambda one: one[:2]):
        stack = stacks.setdefault(source, [])
        if withdrawn:
            del stack[-1:]
        elif stack and stack[-1][0] == known:
            stack[-1][1].add(value)
        else:
            stack.append((known, {value}))
    return {source: stack[-1] for source, stack in stacks.items() if stack}


@dataclass
class Model:
    """A ledger as the contract words it."""

    claims: dict[tuple[str, str], tuple[Row, int, int]] = field(default_factory=dict)
    log: list[tuple[Any, ...]] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    imports: int = 0

    def in_force(self, key: tuple[str, str], until: datetime = datetime.max) -> tuple[Any, ...]:
        signal, event = key
        versions = [
            v for v in self.log if v[0] == event and v[1] in (None, signal) and v[5] < until
        ]
        truth = [version for version in versions if version[4] != "LLM"]
        standing = replay(truth)
        if not standing:
            return (None, None, len(truth) > 1)
        rank = min(standing, key=RANKS.index)
        known, values = standing[rank]
        if len(values) > 1:
            return (None, None, True)
        return (values.pop(), known, len(truth) > 1)

    def take(self, rows: list[Row], now: datetime) -> Counter[str]:
        number, counts = self.imports + 1, Counter[str]()
        before = {key: self.in_force(key)[0] for key in self.claims}
        known_refusals = set(self.quarantined)
        outcome_rows = []
        for place, row in enumerate(rows, 1):
            content = {k: v for k, v in row.items() if not k.startswith("outcome")}
            new = False
            if "confidence" in row:
                key = (row["signal"], row["event_id"])
                if key not in self.claims:
                    self.claims[key] = (content, number, place)
                    new = True
                elif self.claims[key][0] != content:
                    record = json.dumps(row, sort_keys=True)
                    counts["duplicate" if record in known_refusals else "quarantined"] += 1
                    if record not in known_refusals:
                        self.quarantined.append(record)
                    continue
            if row.get("outcome") is not None:
                moment = row.get("outcome_ts")
                what = (
                    row["event_id"],
                    row.get("signal"),
                    None if row["outcome"] == "withdrawn" else row["outcome"],
                    moment,
                    row.get("outcome_source"),
                )
                if what not in [version[:5] for version in self.log]:
                    known = datetime.fromisoformat(moment) if moment else now
                    self.log.append((*what, known, number, place))
                    new = True
                    if "confidence" not in row:
                        outcome_rows.append(row)
            counts["new" if new else "duplicate"] += 1
        after = {key: self.in_force(key)[0] for key in self.claims}
        for key, value in after.items():
            counts["attached"] += before.get(key) is None and value is not None
            counts["corrected"] += before.get(key) is not None and before[key] != value
        for row in outcome_rows:
            counts["held"] += not any(
                event == row["event_id"] and row.get("signal") in (None, signal)
                for signal, event in self.claims
            )
        self.imports += bool(counts["new"] or counts["quarantined"])
        return counts


EVENTS, SIGNALS = st.sampled_from(["e1", "e2", "e3"]), st.sampled_from(["a", "b"])
DAYS = st.integers(0, 3).map(lambda d: (START + timedelta(days=d)).isoformat())
TIMES = st.none() | DAYS
OUTCOMES = st.none() | st.sampled_from([0, 1])
SOURCES = st.sampled_from([None, "HUMAN", "HUMAN", "CODE", "LLM"])


def record(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(parts)


CLAIMS = record(
    event_id=EVENTS,
    signal=SIGNALS,
    ts=st.just(START.isoformat()),
    confidence=st.sampled_from([0.5, 0.5, 0.5, 0.9]),
    outcome=OUTCOMES,
    outcome_ts=TIMES,
    outcome_source=SOURCES,
).map(
    lambda row: (
        row if row["outcome"] is not None else {**row, "outcome_ts": None, "outcome_source": None}
    )
)
LABELS = {"outcome": st.sampled_from([0, 1]), "outcome_ts": TIMES, "outcome_source": SOURCES}
WITHDRAWN = LABELS | {"outcome": st.just("withdrawn"), "outcome_ts": DAYS}
LATE = st.one_of(
    record(event_id=EVENTS, **LABELS),
    record(event_id=EVENTS, signal=SIGNALS, **LABELS),
    record(event_id=EVENTS, **WITHDRAWN),
    record(event_id=EVENTS, signal=SIGNALS, **WITHDRAWN),
)
FILES = st.lists(st.lists(CLAIMS | LATE, min_size=1, max_size=8), min_size=1, max_size=5)


@settings(max_examples=examples(8, 200), suppress_health_check=[HealthCheck.too_slow])
@given(FILES, st.lists(st.integers(0, 4), max_size=2), st.sampled_from([0, FEW]))
def test_batches_redelivered_reordered_early_late_and_corrected_agree_with_the_model(
    files: list[list[Row]], redelivered: list[int], few: int
):
    """Whether a file counts as one of few records or of many."""
    deliveries = files + [list(reversed(files[i])) for i in redelivered if i < len(files)]
    model = Model()
    with (
        patch.object(importing, "FEW", few),
        tempfile.TemporaryDirectory() as folder,
        Ledger.in_memory() as ledger,
    ):
        for number, rows in enumerate(deliveries):
            now = START + timedelta(days=10 + number)
            path = Path(folder) / f"{number}.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
            expected = model.take(rows, now)
            found = import_file(ledger, path, now=now)
            assert found.n_read == len(rows)
            for name in ("new", "duplicate", "quarantined", "attached", "held", "corrected"):
                assert getattr(found, f"n_{name}") == expected[name], name
        cursor = ledger.cursor()
        claims = cursor.execute(
            """
            SELECT signal, event_id, confidence_raw, import_id, import_row, outcome,
                   outcome_known_at, outcome_corrected FROM claims
            """
        ).fetchall()
        assert sorted(claims, key=str) == sorted(
            (
                (*key, content["confidence"], number, place, *model.in_force(key))
                for key, (content, number, place) in model.claims.items()
            ),
            key=str,
        )
        # What was known on a day is what the labels known before it give.
        for day in range(6):
            then = START + timedelta(days=day)
            for signal in ("a", "b"):
                asked = selected_claims(
                    cursor, Selection(signal, as_known=then), {"event": "event_id"}
                )
                assert dict(cursor.execute(asked.sql, asked.parameters).fetchall()) == {
                    event: model.in_force((of, event), then)[0]
                    for of, event in model.claims
                    if of == signal and then > START
                }
        assert list(wrong_in_force(cursor)) == []
        assert kept_in(cursor) == kept_of(cursor)
        logged = cursor.execute(
            f"SELECT event_id, signal, outcome, known_at, import_id, import_row FROM {OUTCOME_LOG}"
        ).fetchall()
        expected_log = [(*version[:3], *version[5:]) for version in model.log]
        assert sorted(logged, key=str) == sorted(expected_log, key=str)
        (row,) = cursor.execute("SELECT count(*) FROM quarantine").fetchall()
        assert row == (len(model.quarantined),)
        assert ledger.data_version() == model.imports
