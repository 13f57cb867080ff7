"""The HTTP routes described for programs (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

from core import __version__
from core.events import ALLOWED
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
_UNREADABLE: dict[str, Any] = {
    "401": {"description": "No token, or none that is known."},
    "403": {"description": "The token lacks the scope, or the host or origin is not known."},
    "503": {"description": "The ledger cannot be read."},
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
                    "404": {"description": "No such signal stated a confidence."},
                    **_UNREADABLE,
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
        "schemas": {"Question": _QUESTION, "Decision": _ANSWER, "Refusal": _REFUSAL},
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    },
    "security": [{"token": []}],
}
