"""A sentence that facts have always read as, of the version `M1`."""

from __future__ import annotations

from core.findings.facts.base import Facts
from core.trail.fingerprint import Fingerprint

M1 = Fingerprint(model_version="m1")
#: Kind of finding, facts, and the sentence.
Sentence = tuple[str, Facts, str]
