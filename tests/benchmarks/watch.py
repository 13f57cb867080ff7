"""What the nightly check costs, beside one bare grouped scan of the same claims.

    .venv/bin/python tests/benchmarks/watch.py                 # 10 million claims
    .venv/bin/python tests/benchmarks/watch.py --rows 1000000

Fifty registered and validated signals, five required dimensions of eight values each (40 segments),
two years. The check is `core.monitoring.runs.run`, all of it: evidence of every validation in force
recomputed, the sequential monitor, every detector, breaches, re-measurements, and its acts. The
scan sums n, v and y of each signal, week and segment. Each step runs in a process of its own, so
that its peak memory is its own; only ratios of one run mean something on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from common import bare_scan, peak_mb, run_step, timed

from core.findings.detectors import all as detect
from core.gate import registry_changes as registry
from core.governance.people import people
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.monitoring import rounds as watch
from core.monitoring import runs
from core.registry.yaml_reader import read
from core.trail.acts import Actor, Proposal, Signature, stamp
from core.trail.fingerprint import Fingerprint
from core.validation import evidence
from tests.worlds.governed.entries import entry

SIGNALS, WEEKS = 50, 104
DIMENSIONS = dict.fromkeys(("region", "topic", "channel", "tier", "language"), 8)
NOW = datetime(2026, 11, 24, 9)
SIGNED = NOW - timedelta(weeks=10)

GENERATE = """
COPY (
    WITH drawn AS (
        SELECT i, hash('a' || i) / 18446744073709551616.0 AS a,
               hash('b' || i) / 18446744073709551616.0 AS b,
               hash('kind' || i) % {signals} AS kind, {draws}
        FROM range({rows}) AS numbers(i)
    ), stated AS (
        SELECT *, floor(20 * sqrt(a)) / 20 AS confidence FROM drawn
    )
    SELECT 'event-' || i AS event_id,
           TIMESTAMP '{now}' - INTERVAL 1 SECOND * {seconds}
               + INTERVAL 1 SECOND * CAST(floor(i * {seconds} / {rows}) AS BIGINT) AS ts,
           'signal-' || kind AS signal, confidence,
           CASE WHEN hash('label' || i) % 100 < 85
                THEN CAST(b < confidence AS TINYINT) END AS outcome,
           ts + INTERVAL 3 DAY AS outcome_ts,
           if(i * 2 < {rows}, 'm1', 'm2') AS model_version, 'p1' AS prompt_version,
           'verbal' AS elicitation, 'before' AS elicitation_order, 'input-' || i AS input_id,
           if(confidence >= 0.9, 'automate', 'review') AS action, {columns}
    FROM stated ORDER BY i
) TO '{path}' (FORMAT parquet)
"""
ENTRY = {
    "stakes": "low",
    "owner": "user:desk/ann",
    "deputies": ["user:desk/bob"],
    "validators": ["user:risk/vera"],
    "decision": "answer by itself",
    "most": {"gap": "0.20"},
    "least": {"auroc": "0.55"},
    "validation": {
        "maxAgeDays": 180,
        "segments": ["region", "topic", "channel", "tier", "language"],
    },
}


def build(folder: Path, rows: int) -> Path:
    """A ledger with the claims, the registry and a signature for every signal."""
    parquet, path = folder / "claims.parquet", folder / "ledger.duckdb"
    sql = GENERATE.format(
        rows=rows,
        signals=SIGNALS,
        seconds=WEEKS * 7 * 86_400,
        now=f"{NOW:%Y-%m-%d %H:%M:%S}",
        path=parquet,
        draws=", ".join(f"hash('{name}' || i) % {n} AS {name}" for name, n in DIMENSIONS.items()),
        columns=", ".join(f"'{name}-' || {name} AS seg_{name}" for name in DIMENSIONS),
    )
    duckdb.connect().execute(sql)
    now = SIGNED
    version = Fingerprint("m2", "p1", None, "verbal", "before")
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger, clock=lambda: now)
        import_recorded(office, parquet)
        entries = "---\n".join(entry(f"signal-{number}", **ENTRY) for number in range(SIGNALS))
        registry.apply(office, read(entries), "user:desk/admin")
        for number in range(SIGNALS):
            sign(office, f"signal-{number}", version)
    return path


def sign(office: Office, signal: str, version: Fingerprint) -> None:
    """Evidence as it is frozen, submitted and signed; signing by itself would measure it again."""
    with office.ledger.cursor() as cursor:
        spec = office.state().entries[signal].spec
        bundle = evidence.freeze(cursor, spec, version, at=office.now(), program="benchmark")
    assert bundle.met, [one.words for one in bundle.whole.sample.results]
    entry = office.state().entries[signal]
    ann, vera = (people.known_person(office, who) for who in ("user:desk/ann", "user:risk/vera"))
    body = {
        "evidence": bundle.sha256,
        "material_sha256": entry.material_sha256,
        "criteria_met": True,
        "author": ann,
    }
    until = {"until": stamp(office.now() + timedelta(days=180))}
    signature = Signature("I read it.", bundle.sha256)
    with office.acting() as desk:
        evidence.store(desk.cursor, bundle)
        desk.perform(Proposal("validation.submitted", Actor(ann, "owner"), signal, version, body))
        actor = Actor(vera, "validator")
        desk.perform(Proposal("validation.signed", actor, signal, version, until, signature))


def check(path: Path) -> dict[str, float]:
    """A night's run, and what its parts took; the first run has found what there is to find."""
    now = NOW
    spent: dict[str, float] = {}

    def clocked(real: Callable[..., Any], called: str) -> Callable[..., Any]:
        def measured(*given: object, **named: object) -> object:
            began = time.perf_counter()
            try:
                return real(*given, **named)
            finally:
                spent[called] = spent.get(called, 0.0) + time.perf_counter() - began

        return measured

    @contextmanager
    def replaced(module: object, name: str, other: object) -> Iterator[None]:
        real = getattr(module, name)
        setattr(module, name, other)
        try:
            yield
        finally:
            setattr(module, name, real)

    with Ledger.open(path) as ledger:
        office = Office.of(ledger, clock=lambda: now)
        first = timed(lambda: runs.run(office))
        # An ordinary night: no cadence has passed.
        now = NOW + timedelta(days=1)
        parts = [
            (watch, "_changed_evidence", "evidence recomputed"),
            (watch, "watched", "sequential monitor"),
            (watch, "_breaches", "breaches"),
            (runs, "_measured", "re-measurements"),
        ]
        managers = [
            replaced(module, name, clocked(getattr(module, name), called))
            for module, name, called in parts
        ]
        detectors = [
            replace(one, find=clocked(one.find, f"looking for {', '.join(one.kinds)}"))
            for one in detect.DETECTORS
        ]
        managers.append(replaced(detect, "DETECTORS", detectors))
        for one in managers:
            one.__enter__()
        again = timed(lambda: runs.run(office))
        for one in reversed(managers):
            one.__exit__(None, None, None)
        state = office.state()
        opened = sum(
            state.standing_of(signal, fingerprint, now).open
            for signal, fingerprint in state.validations
        )
    found = {f"part: {name}": seconds for name, seconds in spent.items()}
    return {**again, "first": first["wall"], "open": opened, **found}


STEPS: dict[str, Callable[[Path], dict[str, float]]] = {
    "bare scan": lambda path: bare_scan(path, DIMENSIONS),
    "check": check,
}


def main() -> None:
    """Run one step, or the whole report."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--rows", type=int, default=10_000_000)
    words.add_argument("--step", nargs=2, metavar=("NAME", "LEDGER"))
    chosen = words.parse_args()
    if chosen.step:
        name, path = chosen.step
        print(json.dumps({**STEPS[name](Path(path)), "peak_mb": peak_mb()}))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = build(Path(folder), chosen.rows)
        scan, found = (run_step(__file__, one, path) for one in STEPS)
    segments = sum(DIMENSIONS.values())
    print(
        f"{chosen.rows:,} claims, {SIGNALS} signals × {segments} segments, {WEEKS} weeks; "
        f"{found['open']:.0f} validations in force"
    )
    print(
        f"  nightly check {found['wall']:7.2f} s wall {found['cpu']:7.2f} s cpu: "
        f"{found['wall'] / scan['wall']:.2f} × wall, {found['cpu'] / scan['cpu']:.2f} × cpu of the "
        f"bare scan ({scan['wall']:.2f} s), reach ≤ 10×; peak {found['peak_mb']:,.0f} MB, reach "
        f"< 2,000 MB; the first one {found['first']:.2f} s"
    )
    for name, seconds in found.items():
        if name.startswith("part: "):
            print(f"    {name.removeprefix('part: '):<28}{seconds:7.2f} s")


if __name__ == "__main__":
    main()
