"""promptfoo: the results of an evaluation (`promptfoo eval --output results.json`, `.jsonl`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from core.intake.formats.base import KnownFormat, Record, event, has, inside, listed, score, word
from core.intake.otlp.wire import Evaluation


def _scores(record: Record) -> Iterator[Evaluation]:
    run, at = record.get("evalId"), inside(record, "results", "timestamp")
    results = listed(inside(record, "results", "results")) if "results" in record else (record,)
    for item, one in enumerate(results):
        test = one.get("testIdx")
        provider = one.get("provider")
        model = inside(provider, "id") if isinstance(provider, Mapping) else provider
        stated: dict[str, Any] = {
            "event_id": event(one.get("id") or event(run, one.get("promptIdx"), test)),
            "at": word(at),
            "ours": {
                "model_version": word(model),
                "prompt_version": word(one.get("promptId")),
                # A line of `.jsonl` does not say of which evaluation it is.
                "input_id": event(run, test) or _asked(one),
                "split": "heldout",
            },
        }
        for name in ("success", "score"):
            if one.get(name) is not None:
                yield score(item, name, one[name], **stated)
        named = one.get("namedScores")
        for name, value in named.items() if isinstance(named, Mapping) else ():
            yield score(item, name, value, **stated)


def _asked(one: Record) -> str | None:
    variables = one.get("vars")
    if not isinstance(variables, Mapping):
        return None
    return hashlib.sha256(json.dumps(variables, sort_keys=True).encode()).hexdigest()[:16]


def _fits(record: Record) -> bool:
    if isinstance(inside(record, "results", "results"), list):
        return "evalId" in record
    return has("promptIdx", "testIdx", "promptId", "gradingResult", "success")(record)


FORMAT = KnownFormat(
    "promptfoo",
    "results of promptfoo",
    "https://www.promptfoo.dev/docs/configuration/outputs/ and EvaluateSummaryV3 in "
    "https://github.com/promptfoo/promptfoo, src/types/index.ts",
    _fits,
    _scores,
)
