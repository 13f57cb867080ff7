"""The HTTP routes described for programs (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

from core import __version__
from core.events import ALLOWED, SEGMENT_PREFIX, TEXT_FIELDS
from core.intake.door import ALWAYS, MOST_KEYS
from core.queries.base.segment_names import DIMENSION, RESERVED_DIMENSIONS
from core.registry.escalation_rules import ACTIONS
from core.trail.fingerprint import FIELDS

_TEXT: dict[str, Any] = {"type": ["string", "null"]}

_QUESTION: dict[str, Any] = {
    "type": "object",
    "description": "A claim's fields, as they are at hand before anything is done. Segments come "
    "as `segments`, or as `seg_<dimension>` fields, and are read as an import reads them. Anything "
    "is answered: what cannot be used fails closed, with the reason. Where rules hold for a "
    "segment that is not stated, is stated twice with different values, or has a value that the "
    "registry entry does not list, the strictest of its rules applies.",
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
        "rule": {"type": "string", "description": "Which written rule says so."},
        "reason": {"type": "string"},
        "state": {**_TEXT, "description": "Of the fingerprint's validation, just now."},
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
    "description": "No decision, so nothing of it is logged; what to do all the same.",
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
            "description": "Of the worst version in use: state (off, at_the_edge, too_few, fine), "
            "reason, version, days, labelled claims, gap with its interval, worst segment, and the "
            "change of version it began with.",
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
    "description": "ISO 8601, in UTC where it names no zone; or Unix time in seconds or "
    "milliseconds.",
}
_LABEL: dict[str, Any] = {"enum": [0, 1, False, True]}
_LATER: dict[str, Any] = {
    "outcome_ts": {**_TIME, "anyOf": [*_TIME["anyOf"], {"type": "null"}]},
    "outcome_source": _one_of("outcome_source"),
}
_CLAIM: dict[str, Any] = {
    "type": "object",
    "description": "A claim: the same fields as in a file. Names count in any letter case. "
    "Segments come as `segments` or as `seg_<dimension>`; other fields are kept as attributes. "
    "Numbers may come as text.",
    "properties": {
        "event_id": _EVENT_ID,
        "ts": _TIME,
        "signal": {"type": "string", "minLength": 1},
        "confidence": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": 1,
            "description": "null: none was stated.",
        },
        "outcome": {"enum": [*_LABEL["enum"], None], "description": "Where it is known already."},
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
    "description": "What turned out. Without a signal it is for every claim of its event; it may "
    "come before its claim, and a different one later is a correction.",
    "properties": {
        "event_id": _EVENT_ID,
        "outcome": _LABEL,
        "signal": _TEXT,
        **_LATER,
        "confidence": {"type": "null", "description": "An outcome states none."},
    },
    "required": list(ALWAYS["outcomes"]),
    "maxProperties": MOST_KEYS,
}
_COUNT = {"type": "integer", "minimum": 0}
_BECAME: dict[str, Any] = {
    "type": "object",
    "description": "What became of the rows; the counts are there once they are folded.",
    "properties": {
        "receipt": {"type": "string"},
        "state": {"enum": ["waiting", "folded", "set_aside"]},
        "received": _COUNT,
        "new": {**_COUNT, "description": "Brought a claim, or an outcome not known before."},
        "duplicate": {**_COUNT, "description": "The ledger had them already."},
        "conflict": {**_COUNT, "description": "Claims it has with other content: in quarantine."},
        "quarantined": {**_COUNT, "description": "In quarantine for another reason."},
    },
    "required": ["state", "received"],
}
_KEPT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "received": _COUNT,
        "kept": {**_COUNT, "description": "On disk, and nothing speaks against them so far."},
        "refused": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "index": {**_COUNT, "description": "Of the rows sent, from 0."},
                    "field": {"type": "string"},
                    "value": _TEXT,
                    "reason": {"type": "string"},
                    "fix": {"type": "string"},
                    "quarantined": {
                        "type": "boolean",
                        "description": "Whether the row is in the quarantine; else it is nowhere.",
                    },
                },
                "required": ["index", "field", "value", "reason", "fix", "quarantined"],
            },
        },
        "receipt": {**_TEXT, "description": "Ask with it what became of them; null: none kept."},
        "outcome": {"$ref": "#/components/schemas/Became"},
    },
    "required": ["received", "kept", "refused", "receipt"],
}


def _answer(schema: str, why: str, *headers: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    found: dict[str, Any] = {"description": why, "content": content}
    if headers:
        found["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    return found


_WAIT: dict[str, Any] = {
    "name": "wait",
    "in": "query",
    "schema": {"enum": ["0", "1"]},
    "description": "1: fold first what came in, for up to 20 seconds, and say what became of it.",
}


def _logging(schema: str, what: str) -> dict[str, Any]:
    one = {"schema": _one_or_many(schema)}
    line = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {
        "post": {
            "summary": f"Log {what}",
            "description": "Scope `ingest`. Answered when they are on disk; within a minute they "
            "are folded into the ledger. The same rows may be sent again: they change nothing. The "
            "body may be packed (`Content-Encoding: gzip`).",
            "parameters": [_WAIT],
            "requestBody": {
                "required": True,
                "content": {"application/json": one, "application/x-ndjson": line},
            },
            "responses": {
                "200": _answer("Kept", "They are on disk, but for those that are refused."),
                "400": _answer("Error", "The body is no JSON, or neither an object nor a list."),
                "401": _answer("Error", "No token, or none that is known."),
                "403": _answer("Error", "The token lacks the scope, or the host is not known."),
                "413": _answer("Error", "The body is too large."),
                "415": _answer("Error", "The body is packed in a way that is not known."),
                "422": _answer("Kept", "Every row is refused; each with its field and the fix."),
                "429": _answer("Error", "Too much waits to be written.", "Retry-After"),
                "500": _answer("Error", "They could not be kept."),
                "503": _answer("Error", "They cannot be kept now.", "Retry-After"),
                "507": _answer("Error", "The disk or the spool is full.", "Retry-After"),
            },
        }
    }


_UNREADABLE: dict[str, Any] = {
    "401": _answer("Error", "No token, or none that is known."),
    "403": _answer("Error", "The token lacks the scope, or the host or origin is not known."),
    "503": _answer("Error", "The ledger cannot be read."),
}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Calibration Ledger", "version": __version__},
    "paths": {
        "/healthz": {
            "get": {
                "summary": "Whether the server can read its ledger",
                "security": [],
                "responses": {"200": {"description": "It can."}, "503": {"description": "Not."}},
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
                "description": "Reasons: `ledger` (it cannot be opened), `schema` (it is not this "
                "program's), `spool` (what is sent cannot be kept), `folding` (what was sent does "
                "not reach the ledger).",
                "security": [],
                "responses": {
                    "200": _answer("Readiness", "It can."),
                    "503": _answer("Readiness", "It cannot, for these reasons."),
                },
            }
        },
        "/metrics": {
            "get": {
                "summary": "How the server does, for Prometheus",
                "description": "Scope `read`. Counts, sizes and times, in the text format; tokens "
                "by their ids.",
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
                "summary": "The same of one signal",
                "description": "Scope `read`.",
                "parameters": [
                    {
                        "name": "name",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string"},
                    }
                ],
                "responses": {
                    "200": {
                        "description": "Its verdict, version by version, and its validation.",
                        "content": {"application/json": {"schema": _STATUS}},
                    },
                    "404": _answer("Error", "No such signal stated a confidence."),
                    **_UNREADABLE,
                },
            }
        },
        "/api/v1/command": {
            "post": {
                "summary": "Run a command of `calledger` on the ledger",
                "description": "Scope `command`, and as the person who made the token. For "
                "`calledger` itself, which packs the words and files of a command and unpacks what "
                "it came to.",
                "requestBody": {"required": True, "content": {"application/zip": _BYTES}},
                "responses": {
                    "200": {
                        "description": "It ran; its exit code, output and files are in the zip.",
                        "content": {"application/zip": _BYTES},
                    },
                    "400": _answer("Error", "The body is not a command."),
                    "401": _answer("Error", "No token, or none that is known."),
                    "403": _answer("Error", "The token lacks the scope, or it is not run here."),
                    "413": _answer("Error", "It carries too much."),
                    "500": _answer("Error", "It could not be run to its end."),
                    "503": _answer("Error", "The ledger cannot be read."),
                },
            }
        },
        "/api/v1/claims": _logging("Claim", "claims"),
        "/api/v1/outcomes": _logging("Outcome", "outcomes"),
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
                    "401": _answer("Error", "No token, or none that is known."),
                    "403": _answer("Error", "The token lacks the scope, or the host is not known."),
                    "404": _answer("Error", "Nothing is recorded under it."),
                    "503": _answer("Error", "The ledger cannot be read."),
                },
            }
        },
        "/api/v1/decide": {
            "post": {
                "summary": "May this confidence act?",
                "description": "Scope `decide`. The answer is on disk before it is given. Every "
                "body of this route, whatever its status, says an `action` and a `reason`.",
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
                        "description": "An answer for each question, in order; an item that "
                        "cannot be read has its own, which fails closed.",
                        "content": {"application/json": {"schema": _one_or_many("Decision")}},
                    },
                    "400": _refused("The body is no JSON, or neither an object nor a list."),
                    "401": _refused("No token, or none that is known."),
                    "403": _refused(
                        "The token lacks the scope, or the host or origin is not known."
                    ),
                    "405": _refused("Questions are asked with POST."),
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
            "Kept": _KEPT,
            "Became": _BECAME,
            "Error": _ERROR,
            "Readiness": _READINESS,
        },
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    },
    "security": [{"token": []}],
}
