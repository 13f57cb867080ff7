"""A server on a ledger, as a browser and as a production system see it."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.server.server_file import running_on


@dataclass(frozen=True)
class Site:
    address: str
    ledger: Path

    def decide(self, model: str, confidence: float = 0.97, **more: str) -> dict[str, Any]:
        """What the production system gets for an answer."""
        server = running_on(self.ledger)
        assert server is not None
        asked = {"signal": "desk", "confidence": confidence, "model_version": model, **more}
        request = urllib.request.Request(
            f"{self.address}/api/v1/decide",
            json.dumps({**asked, "event_id": f"asked-{confidence}"}).encode(),
            {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: dict[str, Any] = json.load(answer)
        return found
