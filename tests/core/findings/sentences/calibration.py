"""What no longer holds of what a signal states, and of what was signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from core.findings.facts.change.drift import Drifted
from core.findings.facts.confidence.calibration import (
    BandOff,
    HiddenSegment,
    Miscalibrated,
    SegmentOff,
    ShapeOff,
    WholeGap,
)
from core.findings.facts.watching.evidence import EvidenceChanged
from core.governance.stops import Alarmed, Dated, Differs, DriftedPart, OffPattern, Unlike
from core.text.off_at import OffAt
from core.text.parts import PartShown
from tests.core.findings.sentences.sentence import Sentence

DAYS = {"since": date(2026, 5, 4), "until": date(2026, 11, 1)}
NEWEST = (*DAYS.values(), WholeGap(0.12, 0.09, 0.15, 1200, 311, 42), 0.05, 9)
BAND = BandOff(0.9, 0.95, 0.7, 0.2, 0.3, 300, 200, 40)
DIFFERS = Differs(
    7,
    (
        Unlike("claims", "ab", "cd"),
        Unlike("count", "1201", "1200", "n"),
        Unlike("figure", "0.1", "0.2", "whole.measures.gap"),
    ),
    "cd",
)
GAP = DriftedPart(
    *("gap", None, 9, 3100, 3000, 0.081, 0.05, 34.0, 20.0), changed=Dated("2026-W31", 0.009, 0.094)
)
ALARM = Alarmed(
    "2026-W40",
    5,
    (
        GAP,
        DriftedPart(
            *("gap", ("topic", "law"), 8, 400, 390, 0.01, 0.05, 34.0, 20.0),
            pattern=OffPattern(OffAt(((90.0, 90.0),), ((30.0, 30.0),)), 0.11),
        ),
        DriftedPart(
            *("automated_error", None, 7, 200, 190, 0.12, 0.06, 34.0, 20.0), from_first=True
        ),
    ),
)

SENTENCES: list[Sentence] = [
    (
        "miscalibrated",
        Miscalibrated(*NEWEST, acts=True, gap_off=True, band=BAND),
        "Over the newest weeks with final outcomes, 2026-05-04 to 2026-11-01, the gap is +12.0 "
        "points (+9.0 to +15.0) over 1,200 claims of 311 inputs on 42 days; ±5 points accepted. "
        "Of these, stated at 90% or more it is right 70% of the time (said 95%), a gap of +25.0 "
        "points (+20.0 to +30.0) over 300 claims of 200 inputs on 40 days.",
    ),
    (
        "miscalibrated",
        Miscalibrated(*NEWEST, acts=False, gap_off=False, band=BAND),
        "Over the newest weeks with final outcomes, 2026-05-04 to 2026-11-01, stated at 90% or "
        "more it is right 70% of the time (said 95%), a gap of +25.0 points (+20.0 to +30.0) over "
        "300 claims of 200 inputs on 40 days; ±5 points accepted. As a whole the gap is +12.0 "
        "points (+9.0 to +15.0) over 1,200 claims of 311 inputs on 42 days. No fingerprint in use "
        "may act, so no case rests on it now.",
    ),
    (
        "miscalibrated",
        Miscalibrated(
            *NEWEST,
            acts=True,
            gap_off=False,
            shape=ShapeOff(0.12, 0.09, OffAt(((70.0, 85.0),), ((30.0, 30.0),))),
        ),
        "Over the newest weeks with final outcomes, 2026-05-04 to 2026-11-01, errors cancel: the "
        "gap is +12.0 points (+9.0 to +15.0) over 1,200 claims of 311 inputs on 42 days, but over "
        "the range of confidence it is off by 12.0 points on average (at least 9.0): "
        "overconfident at 70% to 85%, underconfident at 30%; 5 points accepted.",
    ),
    (
        "miscalibrated",
        Miscalibrated(*NEWEST, acts=True, gap_off=True, effective=812.3),
        "Over the newest weeks with final outcomes, 2026-05-04 to 2026-11-01, the gap of all "
        "claims is +12.0 points (+9.0 to +15.0), weighted by the logged chance of each label, "
        "over 1,200 claims of 311 inputs on 42 days; ±5 points accepted.",
    ),
    (
        "hidden_segment",
        HiddenSegment(
            *NEWEST,
            acts=True,
            dimension="topic",
            off=(
                SegmentOff("law", PartShown("whole", 0.21, 0.15, 0.27, 240, 0.9, 0.69), 230, 30),
                SegmentOff(
                    None,
                    PartShown("high_band", 0.15, 0.1, 0.2, 90, 0.95, 0.8, high_from=0.9),
                    80,
                    20,
                ),
            ),
            n_off=4,
            fine=True,
        ),
        "Over the newest weeks with final outcomes, 2026-05-04 to 2026-11-01, topic=law is off: "
        "right 69% of the time (said 90%): gap +21.0 points (+15.0 to +27.0), 240 claims of 230 "
        "inputs on 30 days; topic=(none) is off: stated at 90% or more it is right 80% of the "
        "time (said 95%): gap +15.0 points (+10.0 to +20.0), 90 claims of 80 inputs on 20 days; "
        "and 2 more. As a whole it is within ±5 points: +12.0 points (+9.0 to +15.0) over 1,200 "
        "claims of 311 inputs on 42 days.",
    ),
    (
        "evidence_changed",
        EvidenceChanged(DIFFERS),
        "m1: what was signed no longer recomputes from the ledger: The judged claims or their "
        "outcomes are not those that were measured (digest ab then, cd now).; There were 1,201 "
        "labelled claims; now 1,200.; whole.measures.gap was 0.1, and is 0.2.",
    ),
    (
        "drift_alarm",
        Drifted(date(2026, 5, 4), ALARM),
        "m1: Since it was signed on 2026-05-04: The gap is +8.1 points (±5 accepted) over 3,100 "
        "claims of 3,000 inputs in 9 weekly cohorts; the shape of the errors of topic=law is off "
        "by 11.0 points (overconfident at 90%, underconfident at 30%; at most 5 accepted) over "
        "400 claims of 390 inputs in 8 weekly cohorts; the share of wrong ones among the "
        "automated is 12.0% (at most 6% accepted) over 200 claims of 190 inputs in 7 weekly "
        "cohorts; and 2 more: shown with the cohort 2026-W40. The gap changed about 2026-W31: "
        "from +0.9 to +9.4 points. The share of wrong ones among the automated was so from the "
        "first cohort on.",
    ),
    (
        "drift_alarm",
        Drifted(date(2026, 5, 4), held=replace(ALARM, n=1, parts=(GAP,)), gap=GAP),
        "m1: Drifted beyond what was signed. The gap is +8.1 points (±5 accepted) over 3,100 "
        "claims of 3,000 inputs in 9 weekly cohorts: shown with the cohort 2026-W40. It changed "
        "about 2026-W31: from +0.9 to +9.4 points.",
    ),
    (
        "drift_alarm",
        Drifted(date(2026, 5, 4), said="It was said so.", gap=GAP),
        "m1: It was said so.",
    ),
]
