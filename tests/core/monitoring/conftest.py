"""A ledger with people and a registry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.ingest.import_file import import_file
from tests.worlds.governed.governed import (  # noqa: F401
    bring,
    clock,
    governed,
    governed_on,
    made,
    registry_text,
    ungoverned,
    v1,
)


@pytest.fixture
def log(governed: Any, tmp_path: Path) -> Callable[..., None]:  # noqa: F811
    """``log(day, n, right, confidence, **columns)``: import so many claims of a day, labelled."""

    def import_day(
        day: datetime, n: int = 60, right: int = 48, confidence: float = 0.8, **columns: Any
    ) -> None:
        name = f"{day:%m%d}-{len(list(tmp_path.iterdir()))}"
        frame = pd.DataFrame(
            {
                "event_id": [f"{name}-{i}" for i in range(n)],
                "ts": f"{day:%Y-%m-%d}T08:00:00Z",
                "outcome_ts": f"{day + timedelta(days=2):%Y-%m-%d}T08:00:00Z",
                "signal": "triage",
                "confidence": confidence,
                "outcome": (np.arange(n) < right).astype(int),
                "model_version": "m1",
                **columns,
            }
        )
        file = tmp_path / f"{name}.csv"
        frame.to_csv(file, index=False)
        assert import_file(governed.ledger, file, now=day).n_quarantined == 0

    return import_day
