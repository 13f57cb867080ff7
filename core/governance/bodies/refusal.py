"""Why an act is not done."""

from __future__ import annotations

from core.ledger.errors import LedgerError


class Refused(LedgerError):  # noqa: N818 (reads as what is the matter)
    """An act is not theirs to do, or not in this state; the message says who may, or what is."""
