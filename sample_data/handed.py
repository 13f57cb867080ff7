"""duplicate-merge's people: every case goes to one of three, and one of them looks at nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sample_data.desk import merges
from sample_data.draws import delays, generator
from sample_data.planted import (
    END,
    FIRST_MONDAY,
    FORGOTTEN_CASES,
    FORGOTTEN_DAY,
    HANDED_FROM_WEEK,
    MERGE_REVIEWERS,
)

#: The queue and the hours of the registry's entry; cases are taken up within half of these.
QUEUE, HOURS = "merge-desk", 24


def handed() -> pd.DataFrame:
    """The hand-offs; whoever decided knew no outcome, and the outcome is not what they decided."""
    rng = generator(14)
    every = merges()
    since = FIRST_MONDAY + pd.Timedelta(weeks=HANDED_FROM_WEEK - 1)
    claims = every[every["ts"] >= since].reset_index(drop=True)
    # Of what never turns out nobody can tell whether it was caught.
    right, size = claims["outcome"].fillna(1) == 1, len(claims)
    reviewer = rng.choice(
        np.array(list(MERGE_REVIEWERS)), size, p=[share for share, *_ in MERGE_REVIEWERS.values()]
    )
    caught, overruled = (np.array([MERGE_REVIEWERS[one][at] for one in reviewer]) for at in (1, 2))
    overridden = rng.random(size) < np.where(right, overruled, caught)
    handed_at = claims["ts"] + pd.Timedelta(minutes=1)
    waited, most = delays(rng, 2 / 24, size), pd.Timedelta(hours=HOURS / 2)
    taken_at = handed_at + waited.where(waited < most, most)
    decided_at = taken_at + delays(rng, 4 / (24 * 60), size) + pd.Timedelta(seconds=30)
    day = END - pd.Timedelta(days=7 - FORGOTTEN_DAY)
    forgotten = claims.index[(claims["ts"] >= day)][:FORGOTTEN_CASES]
    done = (decided_at < END) & ~claims.index.isin(forgotten)
    return pd.DataFrame(
        {
            "event_id": claims["event_id"],
            "signal": claims["signal"],
            "queue": QUEUE,
            "reviewer": pd.Series(reviewer, dtype="str").where(done),
            "handed_at": handed_at,
            "taken_at": taken_at.where(done),
            "decided_at": decided_at.where(done),
            "agreed": pd.Series(~overridden).astype("Int8").where(done),
        }
    )
