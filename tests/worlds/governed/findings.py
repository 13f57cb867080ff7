"""Findings as acts of a trail, without what they were found in."""

from __future__ import annotations

from core.governance.perform import Office
from core.monitoring.rounds import PROGRAM
from core.trail.acts import Act, Proposal


def open_finding(office: Office, number: int, *, text: str = "It drifted.") -> Act:
    """A critical one about ``triage``."""
    body = {
        "finding": f"n-{number:012x}",
        "finding_kind": "drift_alarm",
        "severity": "critical",
        "subject": "s",
        "owner": None,
        "due": "2026-11-27",
        "evidence": {},
        "text": text,
        "mend": "Look into it.",
    }
    return office.perform(Proposal("finding.opened", PROGRAM, "triage", None, body))
