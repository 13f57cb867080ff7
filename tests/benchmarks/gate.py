"""What the gate and the seals cost, beside the least that the same machine can do.

    .venv/bin/python tests/benchmarks/gate.py
    .venv/bin/python tests/benchmarks/gate.py --claims 200000

Decisions: against looking a fingerprint up in a dict and bisecting its cuts, and, where they are
logged, against inserting the same rows and committing. Seals: against the import itself. Ratios
are of one run; only they mean something on a busy machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from core.gate import registry_changes as registry
from core.gate.decision_log import DecisionLog, _row, _store, _table, decide_logged
from core.gate.gate import Gate
from core.gate.questions import Question
from core.governance.people import people
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from core.trail.acts import Proposal
from core.trail.fingerprint import Fingerprint
from core.trail.seals.row_seals import seal_import
from core.validation import steps as signing
from tests.worlds.governed.entries import entry

REGISTRY = entry(
    "desk",
    stakes="low",
    owner="user:desk/ann",
    validators=["user:risk/vera"],
    most={"ece": "0.08"},
    least={"auroc": "0.60"},
    cuts={"escalate": "0.62", "review": "0.90"},
)
VERSION = Fingerprint("m1", "p1", None, "verbal", "after")
DECISIONS, BATCH = 100_000, 1000

CLAIMS = """
COPY (
    SELECT 'event-' || i AS event_id, 'desk' AS signal,
           TIMESTAMP '{now}' - INTERVAL 1 SECOND * (20 * 86400 - i * 20 * 86400 // {rows}) AS ts,
           confidence, CAST(random() < confidence AS TINYINT) AS outcome,
           'm1' AS model_version, 'p1' AS prompt_version, 'verbal' AS elicitation,
           'after' AS elicitation_order, 'input-' || i AS input_id,
           'topic-' || hash(i, 3) % 12 AS seg_topic, 'lang-' || hash(i, 4) % 6 AS seg_language
    FROM (SELECT i, round(0.3 + 0.7 * sqrt(random()), 2) AS confidence
          FROM range({rows}) AS numbers(i))
) TO '{path}' (FORMAT parquet)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--claims", type=int, default=1_000_000)
    rows = parser.parse_args().claims
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "claims.parquet"
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        duckdb.execute(CLAIMS.format(rows=rows, now=now, path=file))
        # The first import of a process also loads what imports need.
        with Ledger.open(Path(folder) / "first.duckdb", create=True) as first:
            import_file(first, file)
        with Ledger.open(Path(folder) / "bare.duckdb", create=True) as bare:
            bare_import = seconds(lambda: import_file(bare, file))
            with bare.transaction() as cursor:
                sealing = seconds(lambda: seal_import(cursor, 1))
        with Ledger.open(Path(folder) / "ledger.duckdb", create=True) as ledger:
            office = Office.of(ledger)
            recorded = seconds(lambda: import_recorded(office, file))
            print(f"{rows:,} claims: import {bare_import:.2f} s; recorded and sealed "
                  f"{recorded:.2f} s, {recorded / bare_import:.2f} ×; the seals alone "
                  f"{sealing:.2f} s, {sealing / bare_import:.2f} ×")  # fmt: skip
            validate(office)
            decisions(office)


def validate(office: Office) -> None:
    """Register the signal, submit its evidence and sign it."""
    registry.apply(office, read(REGISTRY), "user:desk/ann")

    def by(handle: str, kind: str):
        return people.actor_for(office.state(), people.known_person(office, handle), kind, "desk")

    submitted = seconds(lambda: signing.submit(
        office, by("user:desk/ann", "validation.submitted"), "desk", VERSION, untuned=True
    ))  # fmt: skip
    signed = seconds(lambda: signing.sign(
        office, by("user:risk/vera", "validation.signed"), "desk", VERSION, meaning="measured"
    ))  # fmt: skip
    print(f"evidence frozen and submitted {submitted:.2f} s, recomputed and signed {signed:.2f} s")


def decisions(office: Office) -> None:
    """Decisions a second, and how soon a stop is honoured."""
    fields = {"signal": "desk", "confidence": 0.93, "segments": {"topic": "topic-3"}}
    fields |= VERSION.as_json()
    asked = [Question.of({**fields, "event_id": f"e{i}"}) for i in range(DECISIONS)]
    gate, log = Gate(office), DecisionLog(office)
    assert gate.decide(asked[0]).action == "automate"

    known = {("desk", VERSION): ([620_000, 900_000], ("escalate", "review", "automate"))}

    def bare() -> None:
        for one in asked:
            cuts, actions = known[one.signal, one.fingerprint]
            actions[bisect_right(cuts, int(one.confidence * 1e6 + 0.5))]

    def in_memory() -> None:
        for one in asked:
            gate.decide(one)

    answers = [gate.decide(one) for one in asked]
    batches = [range(i, i + BATCH) for i in range(0, DECISIONS, BATCH)]

    def logged() -> None:
        for batch in batches:
            decide_logged(gate, log, [asked[i] for i in batch])

    def written() -> None:
        for batch in batches:
            _store(office, _table([_row(answers[i]) for i in batch]))

    least, own = seconds(bare), seconds(in_memory)
    disk, whole = seconds(written), seconds(logged)
    print(f"decide: {DECISIONS / own:,.0f} a second, {own / least:.1f} × a dict look-up and a "
          f"bisection ({DECISIONS / least:,.0f} a second)")  # fmt: skip
    print(f"decide and log, {BATCH:,} at a time: {DECISIONS / whole:,.0f} a second, "
          f"{whole / disk:.2f} × the bare insert and commit of the same rows")  # fmt: skip
    single = seconds(lambda: [decide_logged(gate, log, [one]) for one in asked[:200]])
    commit = seconds(lambda: [_store(office, _table([_row(one)])) for one in answers[:200]])
    print(f"decide and log, one at a time: {200 / single:,.0f} a second, {single / commit:.2f} × "
          f"the bare commit")  # fmt: skip
    stop = Proposal("validation.suspended", people.actor_for(
        office.state(), people.known_person(office, "user:risk/vera"), "validation.suspended",
        "desk"), "desk", VERSION, {"trigger": "stop", "reason": "benchmark"})  # fmt: skip
    office.perform(stop)
    began = time.perf_counter()
    answer = gate.decide(asked[0])
    took = time.perf_counter() - began
    assert answer.action == "review", answer
    print(f"the very next decision after a stop: {answer.action}, {took * 1000:.1f} ms")


def seconds(call: Callable[[], object]) -> float:
    """Wall time of a call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
