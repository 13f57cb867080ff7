"""Who may act, by what, and what acted all the same."""

from __future__ import annotations

from datetime import date

from core.findings.facts.decisions.bypass import GateBypassed
from core.findings.facts.decisions.cuts import CutOlder, PromiseBroken, UnprovenCut
from core.findings.facts.decisions.stakes import StakesTooLow
from core.findings.facts.decisions.theatre import AlwaysTheSame
from core.findings.facts.watching.standing import (
    Breaches,
    BrokenTrail,
    EmptySeat,
    Expired,
    Expiring,
    NewFingerprint,
    Suspended,
    Unregistered,
)
from tests.core.findings.sentences.sentence import M1, Sentence

USED = (60, date(2026, 9, 23), date(2026, 11, 17))

SENTENCES: list[Sentence] = [
    ("trail_broken", BrokenTrail("Entry 3 is gone."), "Entry 3 is gone."),
    (
        "empty_owner_seat",
        EmptySeat(),
        "This signal has no owner: its owner and every deputy have left or are away. The gate "
        "stays closed until there is one.",
    ),
    (
        "promise_broken",
        PromiseBroken("the threshold 0.90", "ab" * 32, date(2026, 6, 2), 90_000, 150, 1022),
        "m1: at the threshold 0.90 and above 150 of 1,022 were wrong since 2026-06-02, 14.7%; the "
        "threshold run of that day proved at most 9%.",
    ),
    (
        "cut_older",
        CutOlder(("the threshold 0.90",), "ab" * 32, date(2026, 6, 2), "m0"),
        "m1 is validated and acts by itself from the threshold 0.90 on, which was chosen on "
        "2026-06-02 on claims of m0, and of none of its own; no criterion of its evidence says how "
        "often what acts by itself may be wrong.",
    ),
    (
        "cut_unproven",
        UnprovenCut("high", ("automated_error", "high_band_gap"), ("the threshold 0.90",)),
        "At high stakes it lets cases act by themselves, and no criterion says how often what acts "
        "by itself may be wrong and how far off high confidences may be; the threshold 0.90 was "
        "chosen by hand.",
    ),
    (
        "unregistered_signal",
        Unregistered(2200, date(2026, 5, 25)),
        "2,200 claims since 2026-05-25, but this signal is not registered: nobody has said what "
        "it decides, who owns it or when it may act. The gate sends every case to review.",
    ),
    (
        "new_fingerprint",
        NewFingerprint(*USED, "review", waits=False),
        "m1: 60 claims since 2026-09-23 by a fingerprint that is not validated. The rules send "
        "each to review.",
    ),
    (
        "new_fingerprint",
        NewFingerprint(*USED, "escalate", waits=True),
        "m1: 60 claims since 2026-09-23 by a fingerprint that is not validated. The rules send "
        "each to escalate. Its evidence waits for a signature.",
    ),
    (
        "validation_expired",
        Expired(*USED, "review", date(2026, 11, 29), waiver=False),
        "m1: Expired on 2026-11-29. Its claims fall back to review.",
    ),
    (
        "validation_expired",
        Expired(*USED, "review", date(2026, 11, 29), waiver=True),
        "m1: Its waiver ended on 2026-11-29. Its claims fall back to review.",
    ),
    (
        "validation_suspended",
        Suspended(*USED, "review", date(2026, 11, 24), "wrong teams"),
        "m1: Suspended on 2026-11-24: wrong teams. Its claims fall back to review.",
    ),
    (
        "validation_suspended",
        Suspended(*USED, "review", date(2026, 11, 24)),
        "m1: The rules changed on 2026-11-24 and were not validated since. Its claims fall back "
        "to review.",
    ),
    (
        "validation_suspended",
        Suspended(*USED, "review"),
        "m1: The rules changed and were not validated since. Its claims fall back to review.",
    ),
    (
        "validation_expiring",
        Expiring(*USED, date(2027, 1, 3)),
        "m1: it may act until 2027-01-03 and nobody has submitted new evidence.",
    ),
    (
        "escalation_breached",
        Breaches(
            299, 290, 14, (("cut", 120), ("override", 179)), date(2026, 8, 30), date(2026, 9, 28)
        ),
        "299 claims from 2026-08-30 to 2026-09-28 handled less strictly than the rules require: "
        "120 against the threshold, 179 against a segment's own rules. 290 acted without a "
        "person; 14 are known to be wrong.",
    ),
    (
        "gate_bypassed",
        GateBypassed(
            3,
            412,
            2,
            1,
            date(2026, 10, 31),
            date(2026, 11, 16),
            date(2026, 11, 18),
            ((M1, 3),),
            409,
        ),
        "3 of 412 claims automated since 2026-10-31 never asked the gate (2026-11-16 to "
        "2026-11-18): nothing could have stopped them. 1 of 2 with an outcome is wrong. By "
        "version: m1 3.",
    ),
    (
        "gate_bypassed",
        GateBypassed(
            4, 4, 4, 0, date(2026, 10, 31), date(2026, 11, 18), date(2026, 11, 18), ((M1, 4),)
        ),
        "4 of 4 claims automated since 2026-10-31 never asked the gate (on 2026-11-18): nothing "
        "could have stopped them. 0 of 4 with an outcome are wrong. By version: m1 4. The gate was "
        "asked nothing about this signal.",
    ),
    (
        "confidence_theatre",
        AlwaysTheSame("review", "rules", 100, date(2026, 8, 24)),
        "All 100 decisions since 2026-08-24 are review (by the rules in force): the confidence "
        "changed none of them. Why does this signal exist?",
    ),
    (
        "confidence_theatre",
        AlwaysTheSame("review", "logged", 2860, date(2026, 8, 17), (("automate", 79),)),
        "All 2,860 decisions since 2026-08-17 are review (as logged): the confidence changed none "
        "of them. Why does this signal exist? If it were allowed to act, its rules would automate "
        "79 of them. None of its fingerprints in use may act, so the fallback decides.",
    ),
    (
        "stakes_too_low",
        StakesTooLow("log-only", 1, date(2026, 8, 17)),
        "1 claim was automated since 2026-08-17, though its entry says log-only: its confidence is "
        "to decide nothing.",
    ),
    (
        "stakes_too_low",
        StakesTooLow("low", 26_000, date(2026, 8, 17), 2_000, 1_000, 31_500, 26_000, "EUR"),
        "26,000 claims were automated since 2026-08-17, 2,000 a week, on stakes written as low: "
        "from 1,000 a week on somebody else should look before it may act. Their errors cost "
        "31,500 EUR at the least, and reviewing all of them would have cost 26,000, by its own "
        "declared costs.",
    ),
    (
        "stakes_too_low",
        StakesTooLow("low", 260, date(2026, 8, 17), 20, 1_000, 400, 260, "EUR"),
        "260 claims were automated since 2026-08-17. Their errors cost 400 EUR at the least, and "
        "reviewing all of them would have cost 260, by its own declared costs.",
    ),
]
