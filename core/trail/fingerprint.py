"""What a validation is pinned to: everything that, changed, makes another number of confidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache

from core.trail.canonical_json import sha256_of


@dataclass(frozen=True)
class Fingerprint:
    """The versions and the elicitation that produced a confidence; None: not stated."""

    model_version: str | None = None
    prompt_version: str | None = None
    params_version: str | None = None
    elicitation: str | None = None
    elicitation_order: str | None = None
    calibrator_version: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, str | None]) -> Fingerprint:
        """Read from a claim's or an act's fields; others are left alone, empty is not stated."""
        return cls(**{name: values.get(name) or None for name in FIELDS})

    def as_json(self) -> dict[str, str]:
        """The stated fields only, so that a field added later changes no fingerprint."""
        found = {name: getattr(self, name) for name in FIELDS}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def id(self) -> str:
        """Short and stable: ``f-`` and twelve hexadecimal digits, for links and tables."""
        return _id(self)

    def words(self) -> str:
        """The stated fields as people read them: ``assist-2 · triage-v4 · verbal · after``."""
        order = ("model_version", "prompt_version", "params_version", "calibrator_version")
        stated = [getattr(self, name) for name in (*order, "elicitation", "elicitation_order")]
        return " · ".join(value for value in stated if value) or "no version stated"


@lru_cache(maxsize=4096)
def _id(fingerprint: Fingerprint) -> str:
    return f"f-{sha256_of(fingerprint.as_json())[:12]}"


FIELDS = tuple(field.name for field in fields(Fingerprint))
