"""How long a journey waits for something before it is wrong."""

from __future__ import annotations

#: Milliseconds. A machine that does other work at the same time is slow, not wrong.
PATIENCE = 60_000
