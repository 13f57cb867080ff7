"""Random ids that are the same each time; a test module that imports the fixture uses it."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace

import pytest

from core.monitoring import audit_draw


@pytest.fixture(autouse=True)
def _seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeds and ids in order, so that the same claims are drawn each time."""
    numbers = count(1)

    def token_hex(n: int) -> str:
        return f"{next(numbers):0{2 * n}x}"

    monkeypatch.setattr(audit_draw, "secrets", SimpleNamespace(token_hex=token_hex))
