"""promptfoo: the results of an evaluation as JSON (`promptfoo eval --output results.json`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.intake.formats.base import KnownFormat, Record, event, inside, listed, score, word
from core.intake.otlp.wire import Evaluation


def _scores(record: Record) -> Iterator[Evaluation]:
    run, at = record.get("evalId"), inside(record, "results", "timestamp")
    for item, one in enumerate(listed(inside(record, "results", "results"))):
        test = one.get("testIdx")
        provider = one.get("provider")
        model = inside(provider, "id") if isinstance(provider, Mapping) else provider
        stated: dict[str, Any] = {
            "event_id": event(one.get("id") or event(run, one.get("promptIdx"), test)),
            "at": word(at),
            "ours": {
                "model_version": word(model),
                "prompt_version": word(one.get("promptId")),
                "input_id": event(run, test),
                "split": "heldout",
            },
        }
        for name in ("success", "score"):
            if one.get(name) is not None:
                yield score(item, name, one[name], **stated)
        named = one.get("namedScores")
        for name, value in named.items() if isinstance(named, Mapping) else ():
            yield score(item, name, value, **stated)


FORMAT = KnownFormat(
    "promptfoo",
    "results of promptfoo",
    "https://www.promptfoo.dev/docs/configuration/outputs/ and EvaluateSummaryV3 in "
    "https://github.com/promptfoo/promptfoo, src/types/index.ts",
    lambda record: isinstance(inside(record, "results", "results"), list) and "evalId" in record,
    _scores,
)
