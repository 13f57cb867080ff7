"""lm-evaluation-harness: samples as JSON lines (`--log_samples`), one document a claim.

A document with choices has the log-likelihood of each, and the model's answer is the likeliest: the
share of its likelihood among theirs is how sure the model was of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from core.intake.formats.base import KnownFormat, Record, RunOfFile, event, has, number, score, word
from core.intake.otlp.wire import Evaluation

#: ``samples_gsm8k_2026-05-01T12-00-00.123456.jsonl``
_NAME = re.compile(
    r"samples_(?P<task>.+)_(?P<day>\d{4}-\d\d-\d\d)T(?P<time>\d\d-\d\d-\d\d(\.\d+)?)\.jsonl"
)
#: What the confidence of a document with choices is called.
CHOICE = "choice_probability"
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
    sure = _choice_probability(record)
    if sure is not None:
        of = {**ours, "elicitation": CHOICE.replace("_", " "), "elicitation_order": "behavioural"}
        yield score(0, CHOICE, sure, event_id=event(*parts), ours=of)


def _choice_probability(record: Record) -> float | None:
    """The likelihood of the likeliest choice, as a share of those of all; None: no choices."""
    found, asked = record.get("filtered_resps"), record.get("arguments")
    if not isinstance(found, list) or not isinstance(asked, (list, dict)):
        return None
    # Metrics of mutual information ask for each choice a second time, without the question.
    if len(found) < 2 or len(found) != len(asked) or "acc_mutual_info" in record:
        return None
    pairs = [one for one in found if isinstance(one, list) and len(one) == 2]
    said = [number(one[0]) for one in pairs if str(one[1]) in ("True", "False")]
    likely = [one for one in said if isinstance(one, (int, float))]
    if len(likely) != len(found):
        return None
    return 1 / sum(math.exp(one - max(likely)) for one in likely)


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
