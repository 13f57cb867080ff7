"""Whether claims are asked for in the order that they say, by the times they log."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.findings.detectors.confidence.asking_order import order_conditions, order_times
from core.governance.state import State
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.measure.failures.asking_order import order_shown
from core.queries.base.selection import Selection

HEAD = "event_id,ts,signal,confidence,elicitation,elicitation_order,answer_ts,confidence_ts\n"
NOW = datetime(2026, 11, 29)


def rows(order: str, against: int, n: int, *, signal: str = "s", unix: bool = False) -> str:
    """Claims of which so many are asked in the other order, four seconds apart."""
    answered = datetime(2026, 11, 2, 9)
    lines = []
    for i in range(n):
        later = (order == "after") != (i < against)
        stated = answered + timedelta(seconds=4 if later else -4)
        # A naive time is UTC, as everywhere; Unix milliseconds are read as well.
        said = [
            str(int((one - datetime(1970, 1, 1)) / timedelta(milliseconds=1)))
            if unix
            else one.isoformat()
            for one in (answered, stated)
        ]
        lines.append(
            f"{signal}{order}{unix}{i},2026-11-02T09:00:00Z,{signal},0.9,verbal,{order},"
            f"{','.join(said)}\n"
        )
    return "".join(lines)


def shown(folder: Path, text: str) -> list[tuple[str, str, int, int, bool]]:
    """What times show of every signal: its name, order, n, against, and whether contradicted."""
    path = folder / "claims.csv"
    path.write_text(HEAD + text)
    with Ledger.open(folder / "l.duckdb", create=True) as ledger:
        import_file(ledger, path)
        return [
            (one.signal, one.order, one.n, one.against, found.contradicted)
            for signal in ("null", "s")
            for one, found in order_times(ledger.cursor(), Selection(signal))
        ]


def test_times_that_speak_against_the_order_are_counted_for_each_way(tmp_path: Path) -> None:
    equal = "e,2026-11-02,s,0.9,verbal,before,2026-11-02T09:00:00Z,2026-11-02T09:00:00Z\n"
    apart = "i,2026-11-02,s,0.9,verbal,independent,2026-11-02T09:00:00Z,2026-11-02T08:00:00Z\n"
    unread = "u,2026-11-02,s,0.9,verbal,before,soon,2026-11-02T08:00:00Z\n"
    text = rows("before", 20, 60) + rows("after", 1, 40, unix=True) + equal + apart + unread
    assert shown(tmp_path, text + rows("before", 1, 60, signal="null")) == [
        ("null", "before", 60, 1, False),
        ("s", "after", 40, 1, False),
        ("s", "before", 60, 20, True),
    ]


def test_a_round_finds_what_is_contradicted_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_text(HEAD + rows("before", 20, 60) + rows("before", 1, 60, signal="null"))
    with Ledger.open(tmp_path / "l.duckdb", create=True) as ledger:
        import_file(ledger, path)
        (found,) = order_conditions(ledger.cursor(), State(), NOW)
        assert order_conditions(ledger.cursor(), State(), NOW + timedelta(days=365)) == ()
    assert (found.kind, found.signal) == ("order_contradicted", "s")
    assert "20 of 60 claims (33%" in found.text


@pytest.mark.parametrize(
    ("n", "against", "low", "high"),
    # Clopper and Pearson's interval by hand: with none of n, 1 − 0.025^(1/n) at most.
    [(60, 0, 0.0, 1 - 0.025 ** (1 / 60)), (60, 60, 0.025 ** (1 / 60), 1.0)],
)
def test_the_interval_is_the_exact_one(n: int, against: int, low: float, high: float) -> None:
    found = order_shown(n, against)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_few_claims_tell_nothing(tmp_path: Path) -> None:
    assert not order_shown(20, 20).contradicted
    assert not order_shown(20, 0).borne_out
    assert order_shown(200, 0).borne_out
