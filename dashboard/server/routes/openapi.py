"""The HTTP routes described for programs (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

from core import __version__
from core.events import ADDRESS, ALLOWED, LONGEST_DECISION, SEGMENT_PREFIX, TEXT_FIELDS, WITHDRAWN
from core.intake.door import MOST_KEYS
from core.intake.row_kinds import ALWAYS
from core.queries.base.segment_names import DIMENSION, RESERVED_DIMENSIONS
from core.registry.escalation_rules import ACTIONS
from core.trail.fingerprint import FIELDS

_TEXT: dict[str, Any] = {"type": ["string", "null"]}

_QUESTION: dict[str, Any] = {
    "type": "object",
    "description": "A claim's fields, sent before anything is done. Segments come as `segments` or "
    "as `seg_<dimension>` fields, and are read as an import reads them. Every question gets an "
    "answer; one that cannot be used fails closed, with the reason. The strictest rule of a "
    "segment applies where the question does not state it, states it twice with different "
    "values, or states a value that the registry entry does not list.",
    "properties": {
        "signal": {"type": "string"},
        "event_id": {"type": "string", "description": "Joins the answer to the claim."},
        "confidence": {"description": "In [0, 1]; absent or null: unstated."},
        **{name: _TEXT for name in FIELDS if name != "elicitation_order"},
        "elicitation_order": {"enum": [*ALLOWED["elicitation_order"].values(), None]},
        "segments": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["signal", "event_id"],
}

_ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "decision_id": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "signal": _TEXT,
        "event_id": _TEXT,
        "action": {"enum": list(ACTIONS)},
        "rule": {"type": "string", "description": "The registered rule that applied."},
        "reason": {"type": "string"},
        "state": {**_TEXT, "description": "Of the version's validation, now."},
        "fingerprint": {"type": "string"},
        "registry_version": {**_TEXT, "description": "SHA-256 of the registry entry."},
        "trail_size": {"type": "integer"},
    },
    "required": ["decision_id", "action", "rule", "reason"],
}


_BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


def _one_or_many(schema: str) -> dict[str, Any]:
    one = {"$ref": f"#/components/schemas/{schema}"}
    return {"oneOf": [one, {"type": "array", "items": one}]}


_REFUSAL: dict[str, Any] = {
    "type": "object",
    "description": "No decision was made or logged; `action` says what to do.",
    "properties": {
        "error": {"type": "string", "description": "What is wrong, in a sentence."},
        **{name: _ANSWER["properties"][name] for name in ("action", "rule", "reason")},
    },
    "required": ["error", "action", "rule", "reason"],
}


def _refused(why: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Refusal"}
    return {"description": why, "content": {"application/json": {"schema": schema}}}


_STATUS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "signal": {"type": "string"},
        "text": {"type": "string", "description": "The verdict in a sentence."},
        "standing": {
            "type": "object",
            "description": "The worst version in use: state (off, at_the_edge, too_few, fine), "
            "reason, version, days, labelled claims, gap with its interval, worst segment, and the "
            "version change at which it began.",
        },
        "versions": {"type": "array", "items": {"type": "object"}},
        "validation": {
            "type": "object",
            "description": "state, may_act, until, and a text.",
        },
    },
    "required": ["signal", "text", "standing", "versions", "validation"],
}
_STATUSES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "as_of": {"type": "string", "format": "date-time"},
        "signals": {"type": "array", "items": _STATUS},
    },
    "required": ["as_of", "signals"],
}
_ERROR: dict[str, Any] = {
    "type": "object",
    "properties": {"error": {"type": "string", "description": "What is wrong, in a sentence."}},
    "required": ["error"],
}
_READINESS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"enum": ["ready", "not ready"]},
        "reasons": {
            "type": "array",
            "items": {"enum": ["ledger", "schema", "spool", "folding"]},
        },
    },
    "required": ["status", "reasons"],
}


def _one_of(field: str) -> dict[str, Any]:
    return {"enum": [*dict.fromkeys(ALLOWED[field].values()), None]}


#: Letter case of names does not count, which a pattern can only say letter by letter.
_SEGMENT_FIELD = "".join(f"[{one}{one.upper()}]" if one != "_" else one for one in SEGMENT_PREFIX)
_SEGMENT: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_EVENT_ID: dict[str, Any] = {"type": ["string", "integer"], "minLength": 1}
_TIME: dict[str, Any] = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": 0}],
    "description": "ISO 8601, UTC unless a zone is given; or Unix time in seconds or milliseconds.",
}
_LABEL: dict[str, Any] = {"enum": [0, 1, False, True]}
_LATER: dict[str, Any] = {
    "outcome_ts": {**_TIME, "anyOf": [*_TIME["anyOf"], {"type": "null"}]},
    "outcome_source": _one_of("outcome_source"),
}
_CLAIM: dict[str, Any] = {
    "type": "object",
    "description": "A claim, with the fields of an import file. Field names are case-insensitive. "
    "Segments come as `segments` or as `seg_<dimension>`; other fields are kept as attributes. "
    "Numbers may be sent as text.",
    "properties": {
        "event_id": _EVENT_ID,
        "ts": _TIME,
        "signal": {"type": "string", "minLength": 1},
        "confidence": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": 1,
            "description": "null: the model stated none.",
        },
        "outcome": {"enum": [*_LABEL["enum"], None], "description": "If it is already known."},
        **_LATER,
        **dict.fromkeys(TEXT_FIELDS, _TEXT),
        **{name: _one_of(name) for name in ("elicitation_order", "split", "action")},
        "segments": {
            "type": "object",
            "propertyNames": {
                "pattern": f"^{DIMENSION}$",
                "not": {"enum": sorted(RESERVED_DIMENSIONS)},
            },
            "additionalProperties": _SEGMENT,
        },
    },
    "patternProperties": {f"^{_SEGMENT_FIELD}{DIMENSION}$": _SEGMENT},
    "propertyNames": {"not": {"pattern": f"^{_SEGMENT_FIELD}(?!{DIMENSION}$)"}},
    "required": list(ALWAYS["claims"]),
    "maxProperties": MOST_KEYS,
}
_OUTCOME: dict[str, Any] = {
    "type": "object",
    "description": "Whether a claim was right. Without `signal` it applies to every claim of the "
    "event. It may arrive before its claim; a later, different outcome is a correction.",
    "properties": {
        "event_id": _EVENT_ID,
        "outcome": {
            "enum": [*_LABEL["enum"], WITHDRAWN],
            "description": f"`{WITHDRAWN}` takes back the last label of this outcome_source, "
            "and needs outcome_ts.",
        },
        "signal": _TEXT,
        **_LATER,
        "confidence": {"type": "null", "description": "Not allowed on an outcome."},
    },
    "required": list(ALWAYS["outcomes"]),
    "maxProperties": MOST_KEYS,
}
#: Text that names nobody.
_NOBODY: dict[str, Any] = {**_TEXT, "not": {"pattern": ADDRESS}}
_HANDOFF: dict[str, Any] = {
    "type": "object",
    "description": "Where a case went to a person. A hand-off is known by `signal`, `event_id` and "
    "`handed_at`; send it again with what has become known since. What was sent before is never "
    "changed: a row that contradicts it is quarantined.",
    "properties": {
        "event_id": _EVENT_ID,
        "signal": {"type": "string", "minLength": 1},
        "handed_at": {**_TIME, "description": f"When it went to people. {_TIME['description']}"},
        "queue": {**_NOBODY, "description": "Where it waits."},
        "reviewer": {
            **_NOBODY,
            "description": "Who took it: an opaque id. An e-mail address is refused, and kept "
            "nowhere.",
        },
        "taken_at": {**_LATER["outcome_ts"], "description": "When somebody took it."},
        "decided_at": {**_LATER["outcome_ts"], "description": "When it was decided."},
        "decision": {
            **_NOBODY,
            "maxLength": LONGEST_DECISION,
            "description": "What was decided, in your words.",
        },
        "agreed": {
            "enum": [0, 1, True, False, None],
            "description": "1 where the decision is the model's answer, 0 where it differs.",
        },
        "seeded": {
            "enum": [0, 1, True, False, None],
            "description": "1 where the case was planted with an answer that is wrong, to see "
            "whether people look. May come once it is decided; it needs no claim.",
        },
    },
    "required": ["event_id", "signal", "handed_at"],
    "anyOf": [
        {"required": ["decided_at"], "properties": {"decided_at": _TIME}},
        # Nothing is said of a decision before there is one.
        {"properties": {key: {"type": "null"} for key in ("decision", "agreed")}},
    ],
    "additionalProperties": False,
}
_COUNT = {"type": "integer", "minimum": 0}
_BECAME: dict[str, Any] = {
    "type": "object",
    "description": "What became of the rows. The counts are there once the rows are folded.",
    "properties": {
        "receipt": {"type": "string"},
        "state": {"enum": ["waiting", "folded", "set_aside"]},
        "received": _COUNT,
        "new": {**_COUNT, "description": "Rows that brought something new."},
        "duplicate": {**_COUNT, "description": "Rows the ledger already had."},
        "conflict": {**_COUNT, "description": "Rows known with other content; quarantined."},
        "quarantined": {**_COUNT, "description": "Quarantined for another reason."},
    },
    "required": ["state", "received"],
}
_KEPT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "received": _COUNT,
        "kept": {**_COUNT, "description": "Rows on disk, with no fault found so far."},
        "refused": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "index": {**_COUNT, "description": "Position among the rows sent, from 0."},
                    "field": {"type": "string"},
                    "value": _TEXT,
                    "reason": {"type": "string"},
                    "fix": {"type": "string"},
                    "quarantined": {
                        "type": "boolean",
                        "description": "Whether the row is in quarantine; else it is nowhere.",
                    },
                },
                "required": ["index", "field", "value", "reason", "fix", "quarantined"],
            },
        },
        "receipt": {
            **_TEXT,
            "description": "Ask with it what became of them; null: none was kept.",
        },
        "receipts": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Both, where `using` made claims and outcomes of one body.",
        },
        "left_out": {
            **_COUNT,
            "description": "With `using`: rows or scores that the mapping does not ask for.",
        },
        "outcome": {"$ref": "#/components/schemas/Became"},
    },
    "required": ["received", "kept", "refused", "receipt"],
}


_ROUND: dict[str, Any] = {
    "type": "object",
    "properties": {
        "signal": {"type": "string", "minLength": 1},
        **dict.fromkeys(FIELDS, _TEXT),
        "round": {**_TEXT, "description": "Its name; the day it was asked on unless given."},
        "asked_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "Now unless given.",
        },
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "input_id": {"type": "string", "minLength": 1},
                    "confidence": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
                    "answer": {"description": "Any value; a hash of it is kept."},
                    "failure": {
                        **_TEXT,
                        "description": "Why there is neither. Its first 80 characters are kept in "
                        "the trail for good: no secret, and nobody's name.",
                    },
                },
                "required": ["input_id"],
            },
        },
    },
    "required": ["signal", "results"],
}
_ROUND_RECORDED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "round": {"type": "string"},
        "known": {"type": "boolean", "description": "Whether it was recorded before."},
        "n_asked": _COUNT,
        "n_failed": _COUNT,
        "failures": {"type": "object", "additionalProperties": _COUNT},
        "refused": {"type": "array", "maxItems": 0},
        "canary": {
            "type": "object",
            "description": "state (reference, unchanged, changed), alarm_score and what is needed "
            "for an alarm.",
        },
    },
    "required": ["round", "known", "n_asked", "n_failed", "failures", "refused", "canary"],
}
_ROUND_REFUSED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "error": {"type": "string"},
        "refused": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["error"],
}


def _answer(schema: str, why: str, *headers: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    found: dict[str, Any] = {"description": why, "content": content}
    if headers:
        found["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    return found


_USING: dict[str, Any] = {
    "name": "using",
    "in": "query",
    "schema": {"type": "string"},
    "description": "Read the body by the mapping that is kept beside the ledger by this name "
    "(`calledger import --save-as`): rows in the sender's own columns, scale, words and times. "
    "One of another tool's scores takes what that tool's API lists, on `/api/v1/claims`, claims "
    "and outcomes alike; positions then count scores.",
}
_WAIT: dict[str, Any] = {
    "name": "wait",
    "in": "query",
    "schema": {"enum": ["0", "1"]},
    "description": "1: fold the rows first, for up to 20 seconds, and say what became of them.",
}


def _logging(schema: str, what: str) -> dict[str, Any]:
    one = {"schema": _one_or_many(schema)}
    line = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {
        "post": {
            "summary": f"Log {what}",
            "description": "Scope `ingest`. The answer comes once the rows are on disk; they are "
            "in the ledger within a minute. Sending the same rows again changes nothing. The body "
            "may be compressed (`Content-Encoding: gzip`).",
            "parameters": [_WAIT, _USING],
            "requestBody": {
                "required": True,
                "content": {"application/json": one, "application/x-ndjson": line},
            },
            "responses": {
                "200": _answer("Kept", "The rows are on disk, except those refused."),
                "400": _answer(
                    "Error",
                    "The body is not JSON, or is neither an object nor a list; or the mapping "
                    "does not fit what was sent.",
                ),
                "401": _answer("Error", "The token is missing or unknown."),
                "403": _answer("Error", "The token lacks the scope, or the host is not allowed."),
                "404": _answer("Error", "No mapping of this name can be used."),
                "413": _answer("Error", "The body is too large."),
                "415": _answer("Error", "The compression is not supported."),
                "422": _answer("Kept", "Every row is refused, each with its field and the fix."),
                "429": _answer("Error", "Too many rows wait to be written.", "Retry-After"),
                "500": _answer("Error", "The rows could not be kept."),
                "503": _answer("Error", "The rows cannot be kept now.", "Retry-After"),
                "507": _answer("Error", "The disk or the spool is full.", "Retry-After"),
            },
        }
    }


def _exported(what: str, rejected: str, more: str) -> dict[str, Any]:
    answer = {
        "type": "object",
        "properties": {
            "partialSuccess": {
                "type": "object",
                "properties": {rejected: _TEXT, "errorMessage": _TEXT},
                "description": "Absent where nothing was refused.",
            }
        },
    }
    return {
        "post": {
            "summary": f"Take {what} from an OpenTelemetry exporter",
            "description": "Scope `ingest`. OTLP over HTTP. " + more + " Which name is a "
            "confidence and which an outcome is said in a file beside the ledger; the others are "
            "counted on *Data*. Every answer is in the encoding of the request.",
            "requestBody": {
                "required": True,
                "content": {
                    "application/x-protobuf": _BYTES,
                    "application/json": {"schema": {"type": "object"}},
                },
            },
            "responses": {
                "200": {
                    "description": "What is kept is on disk; the rest is counted, with reasons.",
                    "content": {
                        "application/json": {"schema": answer},
                        "application/x-protobuf": _BYTES,
                    },
                },
                **{
                    status: {
                        "description": why,
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Error"}},
                            "application/x-protobuf": _BYTES,
                        },
                        **(
                            {"headers": {"Retry-After": {"schema": {"type": "string"}}}}
                            if status in ("429", "503")
                            else {}
                        ),
                    }
                    for status, why in _EXPORT_REFUSALS.items()
                },
            },
        }
    }


_EXPORT_REFUSALS = {
    "400": "The body is damaged, or is not OTLP.",
    "401": "The token is missing or unknown.",
    "403": "The token lacks the scope, or the host is not allowed.",
    "413": "The body is too large.",
    "415": "The encoding or the compression is not supported.",
    "429": "Too many rows wait to be written.",
    "500": "It could not be kept.",
    "503": "It cannot be kept now: the ledger, the disk, or the file of names.",
}

_UNREADABLE: dict[str, Any] = {
    "401": _answer("Error", "The token is missing or unknown."),
    "403": _answer("Error", "The token lacks the scope, or the host or origin is not allowed."),
    "503": _answer("Error", "The ledger cannot be read."),
}

#: The signal, in the path.
_NAME: dict[str, Any] = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Calibration Ledger", "version": __version__},
    "paths": {
        "/healthz": {
            "get": {
                "summary": "Whether the server can read its ledger",
                "security": [],
                "responses": {
                    "200": {"description": "It can."},
                    "503": {"description": "It cannot."},
                },
            }
        },
        "/livez": {
            "get": {
                "summary": "Whether the process answers",
                "security": [],
                "responses": {"200": {"description": "It does."}},
            }
        },
        "/readyz": {
            "get": {
                "summary": "Whether the server can do its work",
                "description": "Reasons: `ledger` (cannot be opened), `schema` (is another "
                "program's), `spool` (cannot keep rows), `folding` (rows do not reach the ledger).",
                "security": [],
                "responses": {
                    "200": _answer("Readiness", "It can."),
                    "503": _answer("Readiness", "It cannot, for these reasons."),
                },
            }
        },
        "/metrics": {
            "get": {
                "summary": "Metrics for Prometheus",
                "description": "Scope `read`. Counts, sizes and times in the text format; tokens "
                "are named by their ids.",
                "responses": {
                    "200": {"description": "The metrics.", "content": {"text/plain": {}}},
                    **_UNREADABLE,
                },
            }
        },
        "/api/v1/signals": {
            "get": {
                "summary": "Every signal's standing verdict, and whether it may act",
                "description": "Scope `read`. The same verdict that every page shows.",
                "responses": {
                    "200": {
                        "description": "One entry for each signal that stated a confidence.",
                        "content": {"application/json": {"schema": _STATUSES}},
                    },
                    **_UNREADABLE,
                },
            }
        },
        "/api/v1/signals/{name}": {
            "get": {
                "summary": "One signal's standing verdict, and whether it may act",
                "description": "Scope `read`.",
                "parameters": [_NAME],
                "responses": {
                    "200": {
                        "description": "Its verdict, version by version, and its validation.",
                        "content": {"application/json": {"schema": _STATUS}},
                    },
                    "404": _answer("Error", "No signal of this name stated a confidence."),
                    **_UNREADABLE,
                },
            }
        },
        "/api/v1/labels/{name}": {
            "get": {
                "summary": "The claims of a signal that are drawn and wait for their label",
                "description": "Scope `ingest`. CSV in random order, without the confidence: "
                "whoever sees it while labelling leans on it. Send the outcomes to "
                "`/api/v1/outcomes`.",
                "parameters": [_NAME],
                "responses": {
                    "200": {
                        "description": "As `calledger labels export` writes it.",
                        "content": {"text/csv": {"schema": {"type": "string"}}},
                    },
                    "404": _answer("Error", "No audit sample of this signal was drawn."),
                    **_UNREADABLE,
                },
            }
        },
        "/api/v1/command": {
            "post": {
                "summary": "Run a command of `calledger` on the ledger",
                "description": "Scope `command`; runs as the person who made the token. Used by "
                "`calledger` itself, which sends a command's words and files as a zip and unpacks "
                "the result.",
                "requestBody": {"required": True, "content": {"application/zip": _BYTES}},
                "responses": {
                    "200": {
                        "description": "It ran; its exit code, output and files are in the zip.",
                        "content": {"application/zip": _BYTES},
                    },
                    "400": _answer("Error", "The body is not a command."),
                    "401": _answer("Error", "The token is missing or unknown."),
                    "403": _answer(
                        "Error", "The token lacks the scope, or the command is not run here."
                    ),
                    "413": _answer("Error", "The body is too large."),
                    "500": _answer("Error", "The command did not finish."),
                    "503": _answer("Error", "The ledger cannot be read."),
                },
            }
        },
        "/api/v1/claims": _logging("Claim", "claims"),
        "/api/v1/outcomes": _logging("Outcome", "outcomes"),
        "/api/v1/handoffs": _logging("HandOff", "hand-offs to people"),
        "/api/v1/canary": {
            "post": {
                "summary": "Record a canary round",
                "description": "Scope `ingest`. What the kept inputs of a signal came to when they "
                "were asked again. All of a round is sent at once; the same round again changes "
                "nothing. It is judged at once: is it still the same model?",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Round"}}
                    },
                },
                "responses": {
                    "200": _answer("RoundRecorded", "The round is recorded, or was before."),
                    "400": _answer("Error", "The body is no JSON object."),
                    "401": _answer("Error", "The token is missing or unknown."),
                    "403": _answer(
                        "Error", "The token lacks the scope, or the host is not allowed."
                    ),
                    "409": _answer(
                        "Error",
                        "It does not fit what is recorded: other inputs are kept, the version is "
                        "not known, or the round is recorded with other results.",
                    ),
                    "413": _answer("Error", "The body is too large."),
                    "415": _answer("Error", "The compression is not supported."),
                    "422": _answer(
                        "RoundRefused", "Nothing was recorded; each refused row with the fix."
                    ),
                    "500": _answer("Error", "The round could not be recorded."),
                    "503": _answer("Error", "The ledger cannot be asked now.", "Retry-After"),
                },
            }
        },
        "/v1/logs": _exported(
            "log records",
            "rejectedLogRecords",
            "Records `gen_ai.evaluation.result` become claims and outcomes.",
        ),
        "/v1/traces": _exported(
            "spans",
            "rejectedSpans",
            "Annotations and evaluations on spans become claims and outcomes; claims get the model "
            "and prompt version of their span.",
        ),
        "/api/v1/receipts/{receipt}": {
            "get": {
                "summary": "What became of the rows under a receipt",
                "description": "Scope `ingest`.",
                "parameters": [
                    {
                        "name": "receipt",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string"},
                    },
                    _WAIT,
                ],
                "responses": {
                    "200": _answer("Became", "Counts, once they are folded."),
                    "401": _answer("Error", "The token is missing or unknown."),
                    "403": _answer(
                        "Error", "The token lacks the scope, or the host is not allowed."
                    ),
                    "404": _answer("Error", "No rows were sent under this receipt."),
                    "503": _answer("Error", "The ledger cannot be read."),
                },
            }
        },
        "/api/v1/decide": {
            "post": {
                "summary": "May this confidence act?",
                "description": "Scope `decide`. The answer is on disk before it is sent. Every "
                "response of this route, whatever its status, has an `action` and a `reason`.",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": _one_or_many("Question")},
                        "application/x-ndjson": {
                            "schema": {"$ref": "#/components/schemas/Question"},
                        },
                    },
                },
                "responses": {
                    "200": {
                        "description": "One answer for each question, in order. An item that "
                        "cannot be read gets an answer that fails closed.",
                        "content": {"application/json": {"schema": _one_or_many("Decision")}},
                    },
                    "400": _refused("The body is not JSON, or is neither an object nor a list."),
                    "401": _refused("The token is missing or unknown."),
                    "403": _refused(
                        "The token lacks the scope, or the host or origin is not allowed."
                    ),
                    "405": _refused("Use POST."),
                    "413": _refused("The body is too large."),
                    "500": _refused("The question could not be answered."),
                    "503": _refused("The ledger cannot be read."),
                },
            }
        },
    },
    "components": {
        "schemas": {
            "Question": _QUESTION,
            "Decision": _ANSWER,
            "Refusal": _REFUSAL,
            "Claim": _CLAIM,
            "Outcome": _OUTCOME,
            "HandOff": _HANDOFF,
            "Kept": _KEPT,
            "Became": _BECAME,
            "Round": _ROUND,
            "RoundRecorded": _ROUND_RECORDED,
            "RoundRefused": _ROUND_REFUSED,
            "Error": _ERROR,
            "Readiness": _READINESS,
        },
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    },
    "security": [{"token": []}],
}
