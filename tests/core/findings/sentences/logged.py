"""What programs log, and what could not be taken in."""

from __future__ import annotations

from datetime import date

from core.findings.facts.watching.schema import (
    FieldChanged,
    ShareJumped,
    StatedShare,
    VersionsUnnamed,
    VolumeStopped,
)
from core.findings.facts.watching.set_aside import SetAside
from tests.core.findings.sentences.sentence import Sentence

SHARE_BEFORE = StatedShare(date(2026, 10, 5), date(2026, 11, 1), 1200, 0.98)
SHARE_AFTER = StatedShare(date(2026, 11, 2), date(2026, 11, 8), 310, 0.03)

SENTENCES: list[Sentence] = [
    (
        "rows_set_aside",
        SetAside(
            "claims", "t-1", 1201, "my ledger.duckdb", "my ledger.duckdb.spool/failed/7", "ab"
        ),
        "1,201 rows of claims logged by the token t-1 could not be taken into the ledger. Nothing "
        "is lost: they are kept beside it in my ledger.duckdb.spool/failed/7. All that came in "
        "before and after them was taken in.",
    ),
    (
        "rows_set_aside",
        SetAside("answers", None, 1, "l.duckdb", "l.duckdb.spool/failed/7", "ab", answers=True),
        "1 row of answers logged could not be taken into the ledger. Nothing is lost: they are "
        "kept beside it in l.duckdb.spool/failed/7. All that came in before and after them was "
        "taken in.",
    ),
    (
        "field_changed",
        FieldChanged("seg_topic", SHARE_BEFORE, SHARE_AFTER),
        "The field seg_topic went: 98% of 1,200 from 2026-10-05 to 2026-11-01 stated it, 3% of 310 "
        "from 2026-11-02 to 2026-11-08 do.",
    ),
    (
        "share_jumped",
        ShareJumped("unstated", SHARE_AFTER, SHARE_BEFORE),
        "98% of the claims state no confidence (1,200 from 2026-10-05 to 2026-11-01); before, it "
        "was 3% of 310 from 2026-11-02 to 2026-11-08.",
    ),
    (
        "share_jumped",
        ShareJumped("refused", SHARE_AFTER, SHARE_BEFORE),
        "98% of the rows were refused and wait in quarantine (1,200 from 2026-10-05 to "
        "2026-11-01); before, it was 3% of 310 from 2026-11-02 to 2026-11-08.",
    ),
    (
        "volume_stopped",
        VolumeStopped(date(2026, 11, 2), 6, 2, 40.25),
        "No claim for 6 days: the last is of 2026-11-02. Before, at most 2 days passed without "
        "one, at 40.2 claims a day.",
    ),
    (
        "versions_unnamed",
        VersionsUnnamed("prompt_version", 40, 1200, date(2026, 10, 5), date(2026, 11, 1)),
        "40 of 1,200 claims from 2026-10-05 to 2026-11-01 name no prompt_version.",
    ),
]
