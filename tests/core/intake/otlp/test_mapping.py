"""The file that says which name is a confidence and which an outcome."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from core.intake.otlp.mapping import (
    ConfidenceName,
    MappingFile,
    OtlpMapping,
    OtlpMappingError,
    OutcomeName,
    lines_for,
    mapping_path,
    read_names,
)
from tests.worlds.paths import ROOT

WHOLE = """
event: span
names:
  self-report: {confidence: "{service}.self-report"}
  correctness: {outcome: HUMAN, signal: triage, values: {right: 1, wrong: 0}}
  groundedness:
    outcome: LLM
    threshold: "0.5"
  relevance: ignore
"""


def test_a_name_is_a_confidence_an_outcome_or_ignored() -> None:
    assert read_names(WHOLE) == OtlpMapping(
        {
            "self-report": ConfidenceName("{service}.self-report"),
            "correctness": OutcomeName("HUMAN", "triage", {"right": 1, "wrong": 0}),
            "groundedness": OutcomeName("LLM", threshold=500_000),
            "relevance": None,
        },
        "span",
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "names: {}\n"])
def test_a_file_may_say_nothing(text: str) -> None:
    assert read_names(text) == OtlpMapping()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("names: {a: {confidence: x, outcome: HUMAN}}", "is a confidence or an outcome"),
        ("names: {a: {signal: x}}", "is a confidence or an outcome"),
        ("names: {a: {outcome: human}}", "write HUMAN, CODE or LLM"),
        ("names: {a: {confidence: x, threshold: '0.5'}}", "belongs to an outcome"),
        ("names: {a: {outcome: HUMAN, values: {good: 2}}}", "write 1 for right"),
        ("names: {a: {outcome: HUMAN, treshold: '0.5'}}", "did you mean threshold"),
        ("names: {a: {outcome: HUMAN, threshold: 0.5}}", 'write "0.5"'),
        ("names: {a: confidence}", "is no mapping"),
        ("name: {}", "did you mean names"),
        ("names: {a: ignore, a: ignore}", "stands there twice"),
        ("event: both", "write response or span"),
        ("names: [", "line 1"),
        ("names: {}\n---\nnames: {}", "several documents"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_the_fix(text: str, words: str) -> None:
    with pytest.raises(OtlpMappingError) as refused:
        read_names(text)
    assert words in str(refused.value)
    assert str(refused.value).startswith("otlp.yaml")


def test_a_signal_named_after_the_service_needs_one() -> None:
    named = ConfidenceName("{service}.self-report")
    assert named.signal_of("desk") == "desk.self-report"
    assert named.signal_of(None) is None
    assert ConfidenceName("triage").signal_of(None) == "triage"


def test_the_lines_shown_for_a_name_are_lines_of_such_a_file() -> None:
    for name in ("correctness", 'a "b": c', "yes", "ä # x"):
        for line in lines_for(name):
            assert list(read_names(f"names:\n  {line}\n").names) == [name]


def test_the_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    ledger = tmp_path / "my.duckdb"
    file = MappingFile(ledger)
    assert file.now() == OtlpMapping()
    path = mapping_path(ledger)
    assert path.name == "my.duckdb.otlp.yaml"
    path.write_text("names: {a: ignore}")
    assert file.now().names == {"a": None}
    path.write_text("names: {a: 1}")
    for _ in range(2):
        with pytest.raises(OtlpMappingError):
            file.now()
    path.write_text("names: {b: ignore}")
    os.utime(path, ns=(1, 1))
    assert file.now().names == {"b": None}
    path.unlink()
    assert file.now() == OtlpMapping()


@pytest.mark.parametrize("file", ["README.md", "dashboard/guide/live_logging.md"])
def test_the_files_that_are_shown_can_be_read(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    shown = [one for one in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "names:" in one]
    assert len(shown) == 1
    assert {"self-report", "correctness", "relevance"} <= set(read_names(shown[0]).names)
