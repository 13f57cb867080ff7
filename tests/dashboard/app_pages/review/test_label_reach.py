"""Labels chosen by outcome: no verdict on all claims, wherever a verdict stands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from core.findings.detectors.confidence.miscalibration import calibration_conditions
from core.gate import registry_changes as registry
from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.registry.yaml_reader import read
from core.views.review.drift import drift_view
from core.views.review.reliability import reliability_view
from core.views.review.segments import segments_view
from dashboard.cli import main as cli
from tests.worlds.claims.drawn import words
from tests.worlds.governed.entries import entry
from tests.worlds.running.pages import page, text_of

NOW = datetime.now(UTC).replace(tzinfo=None)
REASON = (
    "No verdict on all claims, because the labels do not represent them: claims of confidence band"
)
WAY_OUT = "An audit sample drawn by chance would (Labels)."
ENTRY = entry(riskApprovers=["user:t/rita"])


@pytest.fixture
def chosen(tmp_path: Path) -> Path:
    """A calibrated signal of settled weeks: every wrong answer is labelled, few right ones are."""
    rng = np.random.default_rng(1)
    rows = []
    begun = (NOW - timedelta(days=80)).replace(hour=0, minute=0, second=0, microsecond=0)
    begun -= timedelta(days=begun.weekday())  # whole weeks, whichever day it is today
    for i, v in enumerate(rng.choice([0.7, 0.8, 0.9, 0.95], 1_600)):
        made = begun + timedelta(days=35 * i / 1_600)
        right = rng.random() < v
        label = "" if right and rng.random() > 0.03 else int(right)
        rows.append(f"e{i},{made:%Y-%m-%dT%H:%M:%SZ},s,{v},{label},i{i},{'ab'[i % 2]}\n")
    path, file = tmp_path / "ledger.duckdb", tmp_path / "claims.csv"
    file.write_text("event_id,ts,signal,confidence,outcome,input_id,seg_topic\n" + "".join(rows))
    with Ledger.open(path, create=True) as ledger:
        assert import_file(ledger, file).n_quarantined == 0
        registry.apply(Office.of(ledger), read(ENTRY), "user:t/adam")
    return path


def opened(name: str, **query: str) -> str:
    return text_of(page(name, **query))


def test_measure_gives_no_verdict_and_says_why_with_the_bounds(chosen: Path) -> None:
    def run(*words: str) -> str:
        asked = ["measure", "--ledger", str(chosen), "--signal", "s", *words]
        found = CliRunner().invoke(cli.main, asked, catch_exceptions=False)
        assert found.exit_code == 0
        return found.stdout

    (one,) = json.loads(run("--format", "json"))["groups"]
    assert (one["verdict"], one["speaks_for"], one["reason"]) == ("cannot_tell", "labelled", None)
    assert one["gap"] > 0.5
    assert one["bounds"]["gap_low"] < 0.05 < one["bounds"]["gap_high"]
    table = run()
    assert "No verdict" in table.splitlines()[1]
    assert REASON in table
    assert WAY_OUT in table


def test_reliability_and_this_week_say_it_in_the_same_words(chosen: Path, serving: Any) -> None:
    serving(chosen)
    said = opened("reliability", signal="s")
    assert ":material/help: No verdict]" in said
    assert REASON in said
    assert WAY_OUT in said
    assert ":material/error: Off]" not in said
    board = words(page("this_week"))
    assert "No verdict s" in board
    assert "1 has labels of some cases only" in board
    assert "## No verdict on all claims: the labelled ones are right " in opened(
        "reliability", signal="s"
    )


def test_segments_and_drift_call_nothing_off_by_such_labels(chosen: Path, serving: Any) -> None:
    with Ledger.open(chosen, read_only=True) as ledger, ledger.cursor() as cursor:
        drift = drift_view(cursor, Selection("s"), as_of=NOW)
        assert set(drift.periods["verdict"]) == {"no_verdict"}
        assert drift.breaches.empty
        view = segments_view(
            cursor,
            Selection("s"),
            row="topic",
            column="confidence_band",
            segment_dimensions=("topic",),
        )
    assert set(view.cells["verdict"]) == {"no_verdict"}
    assert not view.cells["shown"].any()
    serving(chosen)
    for name in ("segments", "drift"):
        said = opened(name, signal="s")
        assert f"## {REASON}" in said, name
        assert WAY_OUT in said, name
        assert "outside ±5 points" not in said


@pytest.fixture
def partly(tmp_path: Path) -> Path:
    """Topic b, and the last two weeks, are labelled mostly where wrong; all is calibrated."""
    rng = np.random.default_rng(2)
    start = (NOW - timedelta(days=80)).replace(hour=0, minute=0, second=0)
    start -= timedelta(days=start.weekday())
    rows = []
    for i, v in enumerate(rng.choice([0.7, 0.8, 0.9, 0.95], 4_000)):
        week = i % 5
        made = start + timedelta(days=7 * week + int(rng.integers(7)), minutes=i % 1000)
        topic = "abcd"[int(rng.integers(4))]
        right = rng.random() < v
        kept = 0.03 if right and (topic == "b" or week == 4) else 0.8
        label = int(right) if rng.random() < kept else ""
        rows.append(f"e{i},{made:%Y-%m-%dT%H:%M:%SZ},s,{v},{label},i{i},{topic}\n")
    path, file = tmp_path / "partly.duckdb", tmp_path / "partly.csv"
    file.write_text("event_id,ts,signal,confidence,outcome,input_id,seg_topic\n" + "".join(rows))
    with Ledger.open(path, create=True) as ledger:
        assert import_file(ledger, file).n_quarantined == 0
    return path


def test_a_segment_of_chosen_labels_loses_its_verdict_and_its_neighbours_keep_theirs(
    partly: Path, serving: Any
) -> None:
    with Ledger.open(partly, read_only=True) as ledger, ledger.cursor() as cursor:
        until = drift_view(cursor, Selection("s"), as_of=NOW).periods["start"].iloc[-1]
        before = Selection("s", until=datetime.combine(until, datetime.min.time()))
        view = segments_view(
            cursor, before, row="topic", column="confidence_band", segment_dimensions=("topic",)
        )
    shown = dict(zip(view.ranked["label"], view.ranked["verdict"], strict=True))
    assert shown.pop("Topic b") == "no_verdict"
    assert set(shown) == {"Topic a", "Topic c", "Topic d"}
    assert "no_verdict" not in shown.values()
    held = view.cells["verdict"] == "no_verdict"
    assert set(view.cells[held]["topic"]) == {"b"}
    assert set(view.cells[~held]["topic"]) == {"a", "c", "d"}
    assert "1 segment has no verdict: its labels do not represent all claims." in view.headline
    (why,) = view.withheld
    assert why.startswith(f"Topic b: {REASON}")
    assert "The gap of all" in why
    assert view.test is None
    serving(partly)
    said = opened("segments", signal="s", until=f"{until - timedelta(days=1):%Y-%m-%d}")
    assert f"Topic b: {REASON}" in said


def test_a_week_of_chosen_labels_loses_its_verdict_and_the_others_keep_theirs(
    partly: Path,
) -> None:
    asked = Selection("s", where=(("topic", ("a", "c", "d")),))
    with Ledger.open(partly, read_only=True) as ledger, ledger.cursor() as cursor:
        view = drift_view(cursor, asked, as_of=NOW)
    assert [one == "no_verdict" for one in view.periods["verdict"]] == [False] * 4 + [True]
    assert view.breaches.empty
    assert view.headline.endswith("1 week has no verdict: its labels do not represent all claims.")
    assert view.moved == ""


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """People find it 30 points overconfident; a judge, on other claims, finds it honest."""
    lines = ["event_id,ts,signal,confidence,outcome,outcome_source,model_version"]
    for i in range(1_200):
        made = NOW - timedelta(days=80 - 35 * i / 1_200)
        people = i % 2 == 0
        right = i % 20 < 12 if people else i % 10 > 0
        source = "HUMAN" if people else "LLM"
        lines.append(f"e{i},{made:%Y-%m-%dT%H:%M:%SZ},s,0.9,{int(right)},{source},m{i % 4 // 2}")
    path, file = tmp_path / "judged.duckdb", tmp_path / "judged.csv"
    file.write_text("\n".join(lines) + "\n")
    with Ledger.open(path, create=True) as ledger:
        assert import_file(ledger, file).n_quarantined == 0
    return path


@pytest.mark.parametrize("source", ["LLM", "HUMAN"])
def test_a_judges_labels_decide_nothing_on_any_view(judged: Path, source: str) -> None:
    asked = Selection("s", where=(("outcome_source", (source,)),))
    with Ledger.open(judged, read_only=True) as ledger, ledger.cursor() as cursor:
        (group,) = reliability_view(cursor, asked).groups
        segments = segments_view(
            cursor,
            asked,
            row="model_version",
            column="confidence_band",
            segment_dimensions=("model_version",),
        )
        drift = drift_view(cursor, asked, as_of=NOW)
    held = source == "LLM"
    assert group.measures.speaks_for == ("labelled" if held else "all")
    for headline in (group.headline, segments.headline, drift.headline):
        assert headline.startswith("No verdict") == held
    for shown in (segments.cells, segments.ranked, drift.periods):
        assert ("no_verdict" in set(shown["verdict"])) == held
        assert "fine" not in set(shown["verdict"])


def test_no_finding_is_made_of_such_labels(chosen: Path) -> None:
    with Ledger.open(chosen) as ledger, ledger.cursor() as cursor:
        state = Office.of(ledger).state()
        assert calibration_conditions(cursor, state, NOW) == ()
