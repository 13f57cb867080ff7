"""Files that the tools themselves wrote: each read as what its rows say.

`genuine/README.md` has the version of each tool and what was run.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from core.intake.formats.all import FORMATS
from core.intake.formats.reading import SaidOfScores, format_of
from core.ledger.errors import UnusableFile
from tests.core.intake.formats.test_reading import imported, read

GENUINE = Path(__file__).parent / "genuine"
LM_EVAL = "2026-11-29T19-28-38.845514.jsonl"

#: file → format, what is said of it, and of each claim its confidence, outcome, source, day and
#: split.
CASES = {
    "inspect.json": (
        "inspect", SaidOfScores("stated", "s", "match", "CODE"),
        [(sure, right, "CODE", "2026-11-29", "heldout")
         for sure, right in ((0.6, 0), (0.7, 1), (0.8, 1), (0.9, 1))],
    ),
    f"samples_sums_mc_{LM_EVAL}": (
        "lm-eval", SaidOfScores("choice_probability", "s", "acc", "CODE"),
        # Of two choices, 1 / (1 + exp(-difference)): 0.5513 - 0.1091, and 0.7066 - 0.5474.
        [(0.539696, 0, "CODE", "2026-11-29", "heldout"),
         (0.608785, 0, "CODE", "2026-11-29", "heldout")],
    ),
    "mlflow.jsonl": (
        "mlflow", SaidOfScores("sure", "s", "correct"),
        [(0.7, 0, "HUMAN", "2026-11-29", "production"),
         (0.9, 1, "HUMAN", "2026-11-29", "production")],
    ),
    "opik.json": (
        "opik", SaidOfScores("sure", "s", "correct"),
        [(0.6, 0, "HUMAN", "2026-10-05", "production"),
         (0.9, 1, "HUMAN", "2026-10-05", "production")],
    ),
    "langfuse_v3.json": (
        "langfuse", SaidOfScores("sure", "s", "correct"),
        [(0.9, 1, "HUMAN", "2026-10-05", "production")],
    ),
    "phoenix.csv": (
        "phoenix", SaidOfScores("sure", "s", "correct"),
        [(0.6, 0, "HUMAN", "2026-10-05", "production"),
         (0.9, 1, "HUMAN", "2026-10-05", "production")],
    ),
    "promptfoo.json": (
        "promptfoo", SaidOfScores("sure", "s", "right", "CODE"),
        [(0.6, 0, "CODE", "2026-11-29", "heldout"), (0.9, 1, "CODE", "2026-11-29", "heldout")],
    ),
    "promptfoo.jsonl": (
        "promptfoo", SaidOfScores("sure", "s", "right", "CODE", at="2026-11-29T19:34:06Z"),
        [(0.6, 0, "CODE", "2026-11-29", "heldout"), (0.9, 1, "CODE", "2026-11-29", "heldout")],
    ),
}  # fmt: skip

Rows = list[tuple[float, int | None, str | None, str, str]]


def rows(path: Path, said: SaidOfScores, folder: Path) -> Rows:
    """What a file comes to in a ledger."""
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    ledger, _ = imported(folder, read(copy, said).files)
    with ledger, ledger.cursor() as cursor:
        return cursor.execute(
            "SELECT round(confidence_raw, 6), outcome, outcome_source, "
            "strftime(ts, '%Y-%m-%d'), split FROM claims ORDER BY ALL"
        ).fetchall()


@pytest.mark.parametrize("name", CASES)
def test_what_a_tool_wrote_is_found_out_and_read_as_it_says(tmp_path: Path, name: str) -> None:
    known, said, claims = CASES[name]
    assert format_of(GENUINE / name) is FORMATS[known]
    assert rows(GENUINE / name, said, tmp_path) == claims


def test_a_claim_is_of_the_time_of_its_trace_and_its_label_of_when_it_was_given(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "opik.json"
    copy.write_bytes((GENUINE / "opik.json").read_bytes())
    ledger, _ = imported(tmp_path, read(copy, SaidOfScores("sure", "s", "correct")).files)
    with ledger, ledger.cursor() as cursor:
        times = cursor.execute("SELECT DISTINCT ts, outcome_ts FROM claims").fetchall()
    assert [tuple(map(str, one)) for one in times] == [
        ("2026-10-05 09:00:00", "2026-10-06 09:00:00")
    ]


def test_documents_without_choices_have_no_confidence_of_their_own(tmp_path: Path) -> None:
    path = GENUINE / f"samples_sums_{LM_EVAL}"
    assert rows(path, SaidOfScores(outcome="exact_match", source="CODE"), tmp_path) == []
    with pytest.raises(UnusableFile, match=r"Its scores: exact_match \(2\)"):
        read(tmp_path / path.name, SaidOfScores())


def test_the_same_table_is_read_from_parquet(tmp_path: Path) -> None:
    name, said, claims = CASES["phoenix.csv"]
    path = tmp_path / "phoenix.parquet"
    frame = pd.read_csv(GENUINE / "phoenix.csv", dtype={"span_id": str}, index_col="span_id")
    frame.to_parquet(path)
    assert format_of(path) is FORMATS[name]
    folder = tmp_path / "copy"
    folder.mkdir()
    assert rows(path, said, folder) == claims


def test_annotations_as_openinference_writes_them_are_read(tmp_path: Path) -> None:
    instrumentation = pytest.importorskip("openinference.instrumentation")
    from google.protobuf.json_format import MessageToDict
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    said = ({"name": "sure", "score": 0.9, "annotator_kind": "CODE"},
            {"name": "correct", "label": "correct", "annotator_kind": "HUMAN"})  # fmt: skip
    with provider.get_tracer("desk").start_as_current_span("answer") as span:
        span.set_attributes(
            dict(instrumentation.get_annotation_attributes(annotations=[*said]))
            | dict(instrumentation.get_llm_model_name_attributes("m-1"))
        )
    path = tmp_path / "spans.jsonl"
    # A collector writes ids in hexadecimal, as OTLP's JSON asks; protobuf's has them in base 64.
    line = MessageToDict(encode_spans(exporter.get_finished_spans()))
    for of in line["resourceSpans"]:
        for one in (one for scope in of["scopeSpans"] for one in scope["spans"]):
            context = span.get_span_context()
            one |= {"traceId": f"{context.trace_id:032x}", "spanId": f"{context.span_id:016x}"}
    path.write_text(json.dumps(line) + "\n")
    ledger, _ = imported(tmp_path, read(path, SaidOfScores("sure", "s", "correct")).files)
    with ledger, ledger.cursor() as cursor:
        found = cursor.execute("SELECT confidence_raw, outcome, model_version FROM claims")
        assert found.fetchall() == [(0.9, 1, "m-1")]


def test_a_packed_log_of_inspect_is_refused_with_the_command_that_writes_it_out(
    tmp_path: Path,
) -> None:
    (tmp_path / "sums.eval").write_bytes(b"PK\x03\x04")
    with pytest.raises(UnusableFile, match=r"inspect log dump sums\.eval > sums\.json"):
        format_of(tmp_path / "sums.eval")
