"""The HTTP routes described for programs (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

from core import __version__
from core.events import ALLOWED
from core.govern.escalation import ACTIONS
from core.govern.fingerprint import FIELDS

_TEXT: dict[str, Any] = {"type": ["string", "null"]}

_QUESTION: dict[str, Any] = {
    "type": "object",
    "description": "A claim's fields, as they are at hand before anything is done. Segments come "
    "as `segments`, or as `seg_<dimension>` fields. Anything is answered: what cannot be used "
    "fails closed, with the reason.",
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


_ERROR = {"description": "Refused, with a sentence that says why.",
          "content": {"application/json": {"schema": {"type": "object", "properties": {
              "error": {"type": "string"}}}}}}  # fmt: skip

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
        "/api/v1/decide": {
            "post": {
                "summary": "May this confidence act?",
                "description": "Scope `decide`. The answer is on disk before it is given.",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": _one_or_many("Question")},
                        "application/x-ndjson": {
                            "schema": {"$ref": "#/components/schemas/Question"}
                        },
                    },
                },
                "responses": {
                    "200": {
                        "description": "An answer for each question, in order.",
                        "content": {"application/json": {"schema": _one_or_many("Decision")}},
                    },
                    "400": _ERROR,
                    "401": _ERROR,
                    "403": _ERROR,
                    "413": _ERROR,
                    "503": _ERROR,
                },
            }
        },
    },
    "components": {
        "schemas": {"Question": _QUESTION, "Decision": _ANSWER},
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    },
    "security": [{"token": []}],
}
