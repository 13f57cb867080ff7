"""Measures split by who labelled: a judge apart, and no verdict of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.views.review.reliability import reliability_view
from core.views.shared.measures import measure


@pytest.fixture
def judged(ledger: Ledger, tmp_path: Path) -> Ledger:
    """Sixty claims people find 40 points overconfident, six hundred a judge finds honest."""
    lines = ["event_id,ts,signal,confidence,outcome,outcome_source"]
    for i in range(660):
        human = i < 60
        right = i % 2 if human else i % 10 > 0
        source = "HUMAN" if human else "LLM"
        lines.append(f"e{i},2026-11-02T09:00:00Z,s,0.9,{int(right)},{source}")
    file = tmp_path / "labels.csv"
    file.write_text("\n".join(lines) + "\n")
    import_file(ledger, file)
    return ledger


def test_a_verdict_rests_on_truth_and_claims_a_judge_labelled_count_as_unlabelled(
    judged: Ledger,
) -> None:
    with judged.cursor() as cursor:
        (one,) = measure(cursor, Selection("s")).groups
    assert one.verdict == "miscalibrated"
    assert (one.n_claims, one.n) == (660, 60)
    assert one.coverage == pytest.approx(60 / 660)


@pytest.mark.parametrize("split", [True, False])
def test_a_judges_labels_are_shown_apart_without_a_verdict_or_a_coverage(
    judged: Ledger, split: bool
) -> None:
    where = () if split else (("outcome_source", ("LLM",)),)
    with judged.cursor() as cursor:
        report = measure(
            cursor, Selection("s", where=where), by=["outcome_source"] if split else []
        )
    found = {one.group.get("outcome_source"): one for one in report.groups}
    judge = found["LLM" if split else None]
    assert judge.n == judge.n_claims == 600
    assert judge.gap == pytest.approx(0.0)
    assert judge.verdict == "cannot_tell"
    assert "decide nothing" in judge.notes["verdict"]
    assert judge.coverage is None
    assert "labelled claims only" in judge.notes["coverage"]
    assert any("by who labelled" in line for line in report.footnotes())
    if split:
        assert found["HUMAN"].verdict == "miscalibrated"


def test_a_judge_stands_beside_the_verdict_with_how_it_errs(judged: Ledger) -> None:
    with judged.cursor() as cursor:
        report = measure(cursor, Selection("s"))
        view = reliability_view(cursor, Selection("s"))
    assert report.judge is not None
    (beside,) = report.judge.groups
    assert (beside.n_truth, beside.n_both, beside.n_only) == (60, 0, 600)
    assert not beside.used
    assert "Its labels are left aside" in beside.words
    assert beside.words in report.footnotes()
    assert beside.words in view.groups[0].reasons
    (told,) = json.loads(report.to_json())["judge"]
    assert (told["n_truth"], told["n_only"], told["agreement"]) == (60, 600, None)


def test_without_a_judge_nothing_is_said_of_one(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    rows = [f"e{i},2026-11-02T09:00:00Z,s,0.9,1,HUMAN" for i in range(40)]
    file.write_text(
        "\n".join(["event_id,ts,signal,confidence,outcome,outcome_source", *rows]) + "\n"
    )
    import_file(ledger, file)
    with ledger.cursor() as cursor:
        report = measure(cursor, Selection("s"))
    assert report.judge is None
    assert "judge" not in json.loads(report.to_json())


def sources_told(ledger: Ledger, by: tuple[str, ...] = (), **asked: object) -> dict[str, object]:
    """Group's values, joined → its ``label_sources``."""
    with ledger.cursor() as cursor:
        report = measure(cursor, Selection("s", **asked), by=by)  # type: ignore[arg-type]
    return {
        "/".join(map(str, one["group"].values())): one["label_sources"]
        for one in json.loads(report.to_json())["groups"]
    }


def counts(human: int = 0, code: int = 0, llm: int = 0, unstated: int = 0) -> dict[str, int]:
    return {"HUMAN": human, "CODE": code, "LLM": llm, "unstated": unstated}


def test_labels_are_counted_by_who_gave_them(ledger: Ledger, tmp_path: Path) -> None:
    at = "2026-11-02T09:00:00Z"
    claims = [
        *(f"e{i},{at},s,0.9,{'ab'[i % 2]}" for i in range(10)),
        f"mute,{at},s,,a",
        f"quiet,{at},s,0.5,c",
    ]
    labels = [
        *(f"e{i},1,HUMAN" for i in range(4)),
        *(f"e{i},1,LLM" for i in range(8)),
        *("e4,1,CODE", "e5,1,CODE", "e9,0,", "mute,1,HUMAN"),
    ]
    for name, head, lines in (
        ("claims.csv", "event_id,ts,signal,confidence,seg_topic", claims),
        ("labels.csv", "event_id,outcome,outcome_source", labels),
    ):
        (tmp_path / name).write_text("\n".join([head, *lines]) + "\n")
        import_file(ledger, tmp_path / name)

    assert sources_told(ledger) == {"": counts(4, 2, 8, 1)}
    assert sources_told(ledger, ("topic",)) == {
        "a": counts(2, 1, 4),
        "b": counts(2, 1, 4, 1),
        "c": counts(),
    }
    assert sources_told(ledger, ("outcome_source",)) == {
        "HUMAN": counts(human=4),
        "CODE": counts(code=2),
        "LLM": counts(llm=8),
        "None": counts(unstated=1),
    }
    assert sources_told(ledger, where=(("topic", ("a",)),)) == {"": counts(2, 1, 4)}
