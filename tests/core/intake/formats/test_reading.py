"""Files as other tools write them, made by hand to the layouts that each format's module names."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from core.ingest.import_file import ImportSummary, import_file
from core.intake.formats.all import FORMATS
from core.intake.formats.reading import SaidOfScores, WrittenRows, format_of, write_rows
from core.intake.otlp.mapping import read_names
from core.ledger.connection import Ledger
from core.ledger.errors import UnusableFile
from tests.worlds.claims.exported import SPAN, TRACE, logs, record, span, traces

T = "2026-10-05T09:00:00Z"


def langfuse(name: str, value: object, source: str, trace: str = "t1") -> dict[str, Any]:
    return {
        "id": f"{name}-{trace}-{value}", "timestamp": T, "source": source, "name": name,
        "dataType": "NUMERIC", "value": value, "stringValue": None, "traceId": trace,
        "observationId": "o1", "comment": None,
    }  # fmt: skip


LANGFUSE = [
    langfuse("sure", 0.9, "API"),
    langfuse("sure", 1, "ANNOTATION", "t2"),
    langfuse("correctness", 1, "ANNOTATION"),
    langfuse("correctness", 0, "EVAL", "t2"),
    langfuse("tone", 0.3, "EVAL"),
]
PHOENIX = {
    "data": [
        {
            "id": "U1", "created_at": T, "updated_at": T, "source": "API", "user_id": None,
            "name": name, "annotator_kind": kind, "span_id": SPAN, "identifier": "",
            "result": {"label": label, "score": score, "explanation": None}, "metadata": {},
        }
        for name, kind, label, score in (
            ("sure", "CODE", None, 0.8), ("correct", "HUMAN", "correct", None),
        )
    ],
    "next_cursor": None,
}  # fmt: skip
MLFLOW = {
    "info": {
        "trace_id": "tr-1",
        "request_time": T,
        "assessments": [
            {
                "assessment_id": f"a-{number}", "assessment_name": name, "trace_id": "tr-1",
                "source": {"source_type": kind, "source_id": "x"}, "create_time": T,
                "feedback": {"value": value}, "valid": valid,
            }
            for number, (name, kind, value, valid) in enumerate(
                (
                    ("sure", "CODE", 0.7, True),
                    ("correct", "HUMAN", False, False),
                    ("correct", "HUMAN", True, True),
                )
            )
        ],
        "trace_metadata": {"mlflow.modelId": "m-1"},
    },
    "data": {"spans": []},
}  # fmt: skip
OPIK = {
    "content": [
        {
            "id": "0198", "name": "chat", "start_time": T, "end_time": T,
            "feedback_scores": [
                {"name": "sure", "value": 0.6, "source": "sdk", "created_at": T},
                {"name": "correct", "value": 1.0, "source": "ui", "created_at": T},
            ],
        }
    ],
    "page": 1, "size": 1, "total": 1,
}  # fmt: skip
INSPECT = {
    "version": 2,
    "status": "success",
    "eval": {"run_id": "r", "task": "math", "created": "2026-10-05T09:00:00+00:00", "model": "m-1"},
    "samples": [
        {
            "id": number, "epoch": 1, "target": "A", "metadata": {"sure": sure, "topic": "x"},
            "scores": {"choice": {"value": grade, "answer": "A", "metadata": {"p": sure}},
                       "parts": {"value": {"a": 1, "b": 0}}},
        }
        for number, grade, sure in ((1, "C", 0.9), (2, "I", 0.8), (3, "N", 0.7))
    ],
}  # fmt: skip
LM_EVAL = [
    {"doc_id": number, "doc": {"q": "?"}, "target": "3", "arguments": {}, "resps": [["3"]],
     "filtered_resps": ["3"], "filter": "none", "metrics": ["exact_match"],
     "doc_hash": f"h{number}", "prompt_hash": "p", "target_hash": "t",
     "exact_match": right, "sure": 0.5}
    for number, right in enumerate((0.0, 1.0))
]  # fmt: skip
HELM = [
    {
        "instance_id": f"id{number}", "train_trial_index": 0, "perturbation": perturbed,
        "stats": [
            {"name": {"name": name, "split": "test"}, "count": 1, "sum": value, "mean": value}
            for name, value in (("exact_match", 1.0), ("max_prob", 0.4))
        ],
    }
    for number, perturbed in ((1, None), (2, {"name": "typos"}))
]  # fmt: skip
PROMPTFOO = {
    "evalId": "eval-1",
    "results": {
        "version": 3,
        "timestamp": T,
        "results": [
            {
                "promptIdx": 0, "testIdx": number, "promptId": "p1",
                "provider": {"id": "openai:m-1"},
                "success": right, "score": 0.5, "namedScores": {"sure": 0.75}, "vars": {},
                "gradingResult": {"pass": right, "score": 0.5},
            }
            for number, right in enumerate((True, False))
        ],
        "stats": {},
    },
    "config": {},
}  # fmt: skip
METACULUS = [
    {"forecast_id": number, "question_id": 10 + number,
     "forecast_timestamp": "2025-03-14 22:12:07+00",
     "probability_yes": share, "resolution": resolved, "type": kind,
     "actual_resolve_time": "2025-04-01 11:40:00+00"}
    for number, share, resolved, kind in (
        (1, 0.046, "no", "binary"), (2, 0.638, "yes", "binary"), (3, 0.5, "annulled", "binary"),
        (4, None, "1", "numeric"),
    )
]  # fmt: skip
OTEL = [
    logs(record({"gen_ai.evaluation.name": "sure", "gen_ai.evaluation.score.value": 0.92}),
         record({"gen_ai.evaluation.name": "right", "gen_ai.evaluation.score.label": "pass"})),
    traces(span({"gen_ai.response.model": "m-1", "gen_ai.prompt.version": "v4"})),
]  # fmt: skip
ANSWER = f"{TRACE}:{SPAN}"

#: Format: the file's name and content, what is said, and claims and outcomes that come of it:
#: event, confidence, model; event, outcome, source.
CASES: dict[str, tuple[str, Any, SaidOfScores, list[Any], list[Any]]] = {
    "langfuse": (
        "scores.csv", LANGFUSE, SaidOfScores("sure", "s", "correctness"),
        [("t1", 0.9, None)], [("t1", 1, "HUMAN"), ("t2", 0, "LLM")],
    ),
    "phoenix": (
        "annotations.json", PHOENIX, SaidOfScores("sure", "s", "correct"),
        [(SPAN, 0.8, None)], [(SPAN, 1, "HUMAN")],
    ),
    "mlflow": (
        "traces.json", MLFLOW, SaidOfScores("sure", "s", "correct"),
        [("tr-1", 0.7, "m-1")], [("tr-1", 1, "HUMAN")],
    ),
    "opik": (
        "traces.json", OPIK, SaidOfScores("sure", "s", "correct"),
        [("0198", 0.6, None)], [("0198", 1, "HUMAN")],
    ),
    "inspect": (
        "log.json", INSPECT, SaidOfScores("metadata.sure", "s", "choice", "CODE"),
        [("r/1/1", 0.9, "m-1"), ("r/2/1", 0.8, "m-1"), ("r/3/1", 0.7, "m-1")],
        [("r/1/1", 1, "CODE"), ("r/2/1", 0, "CODE"), ("r/3/1", 0, "CODE")],
    ),
    "lm-eval": (
        "samples_gsm8k_2026-10-05T09-00-00.123456.jsonl", LM_EVAL,
        SaidOfScores("sure", "s", "exact_match", "CODE"),
        [(f"gsm8k/2026-10-05T09-00-00.123456/{n}", 0.5, None) for n in (0, 1)],
        [(f"gsm8k/2026-10-05T09-00-00.123456/{n}", n, "CODE") for n in (0, 1)],
    ),
    "helm": (
        "per_instance_stats.json", HELM,
        SaidOfScores("max_prob", "s", "exact_match", "CODE", at=T, run="mmlu"),
        [("mmlu/id1/0", 0.4, None)], [("mmlu/id1/0", 1, "CODE")],
    ),
    "promptfoo": (
        "results.json", PROMPTFOO, SaidOfScores("sure", "s", "success", "CODE"),
        [("eval-1/0/0", 0.75, "openai:m-1"), ("eval-1/0/1", 0.75, "openai:m-1")],
        [("eval-1/0/0", 1, "CODE"), ("eval-1/0/1", 0, "CODE")],
    ),
    "metaculus": (
        "forecasts.csv", METACULUS, SaidOfScores(signal="s"),
        [("1", 0.046, None), ("2", 0.638, None), ("3", 0.5, None)],
        [("1", 0, "HUMAN"), ("2", 1, "HUMAN")],
    ),
    "otel": (
        "evals.jsonl", OTEL, SaidOfScores("sure", "s", "right", "LLM"),
        [(ANSWER, 0.92, "m-1")], [(ANSWER, 1, "LLM")],
    ),
}  # fmt: skip


def written(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    if name.endswith(".csv"):
        with path.open("w", newline="") as file:
            rows = csv.DictWriter(file, list(content[0]))
            rows.writeheader()
            rows.writerows(content)
    elif name.endswith(".jsonl"):
        path.write_text("".join(json.dumps(one) + "\n" for one in content))
    else:
        path.write_text(json.dumps(content, indent=2))
    return path


def read(path: Path, said: SaidOfScores, name: str | None = None) -> WrittenRows:
    known = FORMATS[name] if name is not None else format_of(path)
    assert known is not None
    (path.parent / "out").mkdir(exist_ok=True)
    return write_rows(path, known, said, path.parent / "out")


def imported(folder: Path, files: tuple[Path, ...]) -> tuple[Ledger, list[ImportSummary]]:
    ledger = Ledger.open(folder / "l.duckdb", create=True)
    return ledger, [import_file(ledger, one) for one in files]


@pytest.mark.parametrize("name", CASES)
def test_a_file_of_a_format_is_found_out_and_its_scores_become_claims_and_outcomes(
    tmp_path: Path, name: str
) -> None:
    file, content, said, claims, outcomes = CASES[name]
    path = written(tmp_path, file, content)
    found = format_of(path)
    assert found is not None
    assert found.name == name
    ledger, _ = imported(tmp_path, read(path, said).files)
    with ledger, ledger.cursor() as cursor:
        query = "SELECT event_id, confidence_raw, model_version FROM claims ORDER BY ALL"
        assert cursor.execute(query).fetchall() == claims
        query = "SELECT event_id, outcome, source FROM outcomes ORDER BY ALL"
        assert cursor.execute(query).fetchall() == outcomes
        assert cursor.execute("SELECT DISTINCT signal FROM claims").fetchall() == [("s",)]


def test_every_format_has_a_file_here_and_says_where_its_layout_is_described() -> None:
    assert set(CASES) | {"openinference"} == set(FORMATS)
    assert all("https://" in one.documented for one in FORMATS.values())


@pytest.mark.parametrize("name", CASES)
def test_what_is_missing_is_asked_for_in_one_message_with_the_names_found(
    tmp_path: Path, name: str
) -> None:
    file, content, said, *_ = CASES[name]
    path = written(tmp_path, file, content)
    with pytest.raises(UnusableFile) as refused:
        read(path, SaidOfScores())
    words = str(refused.value)
    for score in (said.confidence, said.outcome):
        assert score is None or f"{score} (" in words
    assert f"calledger import {file} --format {name} --confidence " in words


def test_a_json_list_of_records_is_the_same_as_lines_and_packed(tmp_path: Path) -> None:
    _, content, said, *_ = CASES["langfuse"]
    lines = read(written(tmp_path, "a.jsonl", content), said)
    listed = read(written(tmp_path, "a.json", content), said)
    page = read(written(tmp_path, "a.json", {"data": content, "meta": {}}), said)
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))
    assert [one.read_bytes() for one in lines.files] == [
        one.read_bytes() for one in read(packed, said).files
    ]
    assert listed.notices == lines.notices == page.notices


def test_a_persons_annotation_is_no_confidence_and_it_is_said(tmp_path: Path) -> None:
    found = read(written(tmp_path, "scores.csv", LANGFUSE), CASES["langfuse"][2])
    assert any("1 score left out: a person gave it" in one for one in found.notices)
    assert any("other names were left out: tone (1)" in one for one in found.notices)


def test_without_a_confidence_it_is_said_first_that_all_are_outcomes(tmp_path: Path) -> None:
    path = written(tmp_path, "samples.jsonl", LM_EVAL)
    found = read(path, SaidOfScores(outcome="exact_match", source="CODE", run="a"))
    assert found.notices[0].startswith("No score was taken for a confidence")
    ledger, (summary,) = imported(tmp_path, found.files)
    ledger.close()
    assert summary.n_held == 2


def test_records_numbered_anew_in_each_run_need_its_name(tmp_path: Path) -> None:
    path = written(tmp_path, "samples.jsonl", LM_EVAL)
    with pytest.raises(UnusableFile, match="say which run it is of, with --run NAME") as refused:
        read(path, SaidOfScores("sure", "s"))
    assert "say when 'sure' was stated, with --at TIME" in str(refused.value)
    with pytest.raises(UnusableFile, match="leave out --run"):
        read(written(tmp_path, "scores.csv", LANGFUSE), SaidOfScores("sure", "s", run="a"))


def test_a_name_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    path = written(tmp_path, "scores.csv", LANGFUSE)
    with pytest.raises(UnusableFile, match="no score 'shure' for --confidence") as refused:
        read(path, SaidOfScores("shure", "s"))
    assert "Its scores: sure (2), correctness (2), tone (1)" in str(refused.value)


def test_who_judged_is_asked_only_where_the_file_does_not_say_it(tmp_path: Path) -> None:
    rows = [langfuse("correctness", 1, "API")]
    with pytest.raises(UnusableFile, match="--outcome-source HUMAN or CODE or LLM"):
        read(written(tmp_path, "scores.json", rows), SaidOfScores(outcome="correctness"))


def test_names_that_were_mapped_beside_the_ledger_need_not_be_said_again(tmp_path: Path) -> None:
    mapping = read_names("names: {sure: {confidence: s}, right: {outcome: LLM, values: {pass: 1}}}")
    found = read(written(tmp_path, "evals.jsonl", OTEL), SaidOfScores(mapping=mapping))
    assert [one.name for one in found.files] == ["evals.claims.jsonl", "evals.outcomes.jsonl"]


def test_words_of_the_outcome_mean_what_is_said(tmp_path: Path) -> None:
    rows = [{**langfuse("correctness", None, "ANNOTATION", f"t{n}"), "stringValue": word}
            for n, word in enumerate(("Good", "bad", "yes", "odd"))]  # fmt: skip
    said = SaidOfScores(outcome="correctness", words={"good": "1", "bad": "0"})
    ledger, (summary,) = imported(tmp_path, read(written(tmp_path, "a.json", rows), said).files)
    with ledger, ledger.cursor() as cursor:
        found = cursor.execute("SELECT event_id, outcome FROM outcomes ORDER BY ALL").fetchall()
    assert found == [("t0", 1), ("t1", 0), ("t2", 1)]
    assert summary.n_quarantined == 1


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "log.json", INSPECT)
    said = CASES["inspect"][2]
    ledger, first = imported(tmp_path, read(path, said).files)
    with ledger:
        again = [import_file(ledger, one) for one in read(path, said).files]
    assert [one.n_new for one in first] == [3, 3]
    assert [one.n_new for one in again] == [0, 0]


@pytest.mark.parametrize(
    "content",
    [
        b"event_id,ts,signal,confidence\ne1,2026-10-05,s,0.9\n",
        b"a,b\n1,2\n",
        b"name,value\ncorrectness,1\n",
    ],
)
def test_a_file_that_may_be_something_else_is_not_found_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert format_of(tmp_path / "a.csv") is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b"{"),
        ("a.json", b"7"),
        ("a.jsonl", b"[[[\n"),
        ("a.jsonl", b'{"samples": 3, "eval": 4, "status": 5}\n'),
        ("a.jsonl", b'{"instance_id": 1, "train_trial_index": 2, "stats": "many"}\n{"x": 1}\n7\n'),
        ("a.csv", b"\xff\xfe,\n1\n"),
    ],
)
def test_damaged_files_are_refused_in_a_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for known in FORMATS.values():
        with pytest.raises(UnusableFile) as refused:
            write_rows(path, known, SaidOfScores("a", "s", "b", "CODE", T), tmp_path)
        assert str(refused.value).endswith((".", "layout.", "CODE", "NAME", "-t UTF-8 a.csv"))
