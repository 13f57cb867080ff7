"""What rows may be sent as, and the fields that each of them always has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from core import events

Kind = Literal["claims", "outcomes", "handoffs"]


#: Always written, so that a segment has the columns an import asks for.
ALWAYS: Mapping[Kind, tuple[str, ...]] = {
    "claims": ("event_id", "ts", "signal", "confidence"),
    "outcomes": ("event_id", "outcome"),
    "handoffs": events.HANDOFF_FIELDS,
}
