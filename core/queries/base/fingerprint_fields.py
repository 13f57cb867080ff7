"""What a fingerprint is made of."""

from __future__ import annotations

#: A fingerprint's fields as columns of claims.
FIELDS = (
    "model_version",
    "prompt_version",
    "params_version",
    "elicitation",
    "elicitation_order",
    "calibrator_version",
)
