"""lm-evaluation-harness: samples as JSON lines (`--log_samples`), one document a claim."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.intake.formats.base import KnownFormat, Record, RunOfFile, event, has, score, word
from core.intake.otlp.wire import Evaluation

#: ``samples_gsm8k_2026-05-01T12-00-00.123456.jsonl``
_NAME = re.compile(
    r"samples_(?P<task>.+)_(?P<day>\d{4}-\d\d-\d\d)T(?P<time>\d\d-\d\d-\d\d(\.\d+)?)\.jsonl"
)
#: What a sample has besides its metrics.
_OTHERS = frozenset(
    {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics",
     "doc_hash", "prompt_hash", "target_hash"}
)  # fmt: skip


def _scores(record: Record) -> Iterator[Evaluation]:
    many = record.get("filter") not in (None, "none")
    parts = (record.get("doc_id"), record["filter"]) if many else (record.get("doc_id"),)
    ours = {"split": "heldout", "input_id": word(record.get("doc_hash"))}
    for name, value in record.items():
        if name not in _OTHERS and isinstance(value, (int, float)):
            yield score(0, name, value, event_id=event(*parts), ours=ours)


def _run(file: str) -> RunOfFile:
    named = _NAME.match(file)
    if named is None:
        return RunOfFile()
    day, time = named["day"], named["time"]
    return RunOfFile(f"{named['task']}/{day}T{time}", f"{day}T{time.replace('-', ':')}")


FORMAT = KnownFormat(
    "lm-eval",
    "samples of lm-evaluation-harness",
    "https://github.com/EleutherAI/lm-evaluation-harness, docs/interface.md, --log_samples",
    has("doc_id", "target", "filter"),
    _scores,
    run=_run,
)
