"""Claims and outcomes as they come in: the field contract, and the one quantisation of confidence.

A record is a **claim** or an **outcome**, decided in this order:

1. In a file without a ``confidence`` column every record is an outcome.
2. A record that states a confidence, or no outcome, is a claim.
3. One with an outcome and neither confidence nor signal is an outcome, for every claim of its
   event.
4. One with an outcome and a signal but no confidence is an *unstated claim* with its outcome if it
   states any of `CLAIM_MARKS` (a time, a model, an input …), and otherwise an outcome of that
   signal's claim.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

#: Fields of a claim that are kept as the text they come in.
TEXT_FIELDS = (
    "model_version",
    "prompt_version",
    "params_version",
    "calibrator_version",
    "elicitation",
    "input_id",
    "trace_id",
    "span_id",
)
#: An outcome that takes back the last label of its source, in lower case.
WITHDRAWN = "withdrawn"
#: What is said where an outcome is missing.
NO_OUTCOME_MEND = (
    f"leave the record out until its outcome is known; to take a label back, write {WITHDRAWN}"
)
OUTCOME_FIELDS = ("outcome", "outcome_ts", "outcome_source")

#: Fields with a fixed set of values: what is read (in lower case) → what is kept.
ALLOWED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "elicitation_order": {
            name: name for name in ("before", "after", "independent", "behavioural")
        },
        "split": {
            "tuning": "tuning",
            "heldout": "heldout",
            "production": "production",
            "validation": "heldout",
            "test": "heldout",
        },
        "action": {name: name for name in ("automate", "review", "escalate")},
        # MLflow calls a judge LLM_JUDGE.
        "outcome_source": {"human": "HUMAN", "code": "CODE", "llm": "LLM", "llm_judge": "LLM"},
    }
)
#: Words for an outcome, in lower case: what they are read as.
OUTCOME_WORDS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("true", "t", "yes", "y", "correct", "right", "pass", "passed"), 1),
        **dict.fromkeys(("false", "f", "no", "n", "incorrect", "wrong", "fail", "failed"), 0),
        **dict.fromkeys("✓✔✅☑", 1),
        **dict.fromkeys("✗✘❌☒", 0),
        # A check mark that is shown as a picture, as phones and chats write it.
        **dict.fromkeys(("✔\ufe0f", "☑\ufe0f"), 1),
    }
)
#: Correct and incorrect as one letter: read only where no other letter says that they are answers.
OUTCOME_LETTERS: Mapping[str, int] = MappingProxyType({"c": 1, "i": 0})
#: Words, in lower case, that stand for no value at all.
NO_VALUE = ("n/a", "na", "n.a.", "null", "none", "-", "–", "—")
#: Words, in lower case, of an outcome that will not or cannot be known.
NO_OUTCOME = (*NO_VALUE, "nan", "annulled", "unknown", "unlabelled", "unlabeled", "pending")

#: What a claim's split is when it states none.
DEFAULT_SPLIT = "production"

REQUIRED = ("event_id", "ts", "signal", "confidence")
OPTIONAL = (
    *OUTCOME_FIELDS,
    *TEXT_FIELDS,
    "elicitation_order",
    "split",
    "action",
    "label_propensity",
)
FIELDS = (*REQUIRED, *OPTIONAL)

#: Any of these makes a record without confidence an unstated claim rather than an outcome.
#: Trace and span ids do not: outcomes come with them as well.
CLAIM_MARKS = (
    "ts",
    "model_version",
    "prompt_version",
    "params_version",
    "calibrator_version",
    "elicitation",
    "elicitation_order",
    "input_id",
    "split",
    "action",
    "label_propensity",
)

#: Fields of a hand-off: where a case went to a person, and what came of it. A file has hand-offs
#: where a column ``handed_at`` says when, and none states a confidence. ``seeded``: the case
#: was planted with an answer that is wrong, to see whether people look.
HANDOFF_FIELDS = (
    *("event_id", "signal", "queue", "reviewer", "handed_at", "taken_at", "decided_at"),
    *("decision", "agreed", "seeded"),
)
#: Characters that say what was decided.
LONGEST_DECISION = 200
#: What looks like an e-mail address, wherever it stands in a text, for DuckDB and Python alike.
ADDRESS = r'[^\s@",;<>]+@[^\s@",;<>]+'

#: Segments: one column each, or all in one object.
SEGMENT_PREFIX = "seg_"
SEGMENTS_OBJECT = "segments"
#: A mapped name with this prefix is an attribute: `--map confidence=x_old` sets a column aside.
ATTRIBUTE_PREFIX = "x_"
#: Other columns that are looked at: when the answer was there, and when the confidence was. They
#: show whether `elicitation_order` is so.
ANSWER_TIME, CONFIDENCE_TIME = "answer_ts", "confidence_ts"
#: Columns that an export of the quarantine adds; never attributes.
QUARANTINE_PREFIX = "quarantine_"

#: Other tools' names that can mean only one thing here, best first; read only where a file has
#: no column of our own name. Names that fit a confidence as well as an outcome (``score``,
#: ``value``, ``timestamp``) are left out on purpose: say what they are with ``--map``.
ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # OpenTelemetry, OpenInference
        "model_version": ("gen_ai.response.model", "llm.model_name"),
        # OpenTelemetry, OpenInference, Langfuse
        "prompt_version": ("gen_ai.prompt.version", "llm.prompt_template.version", "promptVersion"),
        # OpenInference as Phoenix exports it, Langfuse
        "trace_id": ("context.trace_id", "traceId"),
        "span_id": ("context.span_id", "spanId", "observationId"),
        # OpenInference and Phoenix, MLflow
        "outcome_source": ("annotator_kind", "source_type"),
    }
)

#: Confidence is grouped, compared and measured in whole millionths.
PPM = 1_000_000


def quantise(confidence: float) -> int:
    """A confidence in whole millionths (parts per million), 0 … 1,000,000.

    ``floor(x · 10⁶ + 0.5)``, so that 0.1 + 0.2 and 0.3 are one value and 0.8999999 breaches no
    threshold of 0.9. `quantise_sql` gives the very same integer inside DuckDB.

    Args:
        confidence: in [0, 1]. The caller has checked it.
    """
    return math.floor(confidence * 1e6 + 0.5)


def quantise_sql(expression: str) -> str:
    """SQL for `quantise` of a DOUBLE expression; NULL stays NULL.

    Only doubles take part (``0.5`` alone would be a DECIMAL), and floor rather than a cast, which
    rounds in DuckDB and truncates elsewhere.
    """
    return f"CAST(floor({expression} * 1e6 + CAST(0.5 AS DOUBLE)) AS INTEGER)"
