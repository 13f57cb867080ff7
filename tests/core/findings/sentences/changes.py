"""Other inputs, other versions, and a model that is not the one it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from core.comparison.compare import GroupMoved
from core.comparison.sides import Side
from core.findings.facts.change.canary import CanaryMissed, ChangedBehindName
from core.findings.facts.change.inputs import (
    CameIn,
    Days,
    Effect,
    InputsDrifted,
    Scored,
    ShareMoved,
)
from core.findings.facts.change.stated import CasesMoved, StatedShifted
from core.findings.facts.change.versions import Compared, VersionChanged
from core.governance.stops import CanaryAlarm
from core.measure.metrics.intervals import Interval
from core.measure.monitoring.brier_decomposition import DecomposedChange
from core.measure.verdicts.before_after import GapChange
from core.text.off_at import OffAt
from tests.core.findings.sentences.sentence import Sentence

SWAPPED = CanaryAlarm(
    *("2026-11-21", "2026-11-20", date(2026, 11, 20), 12, 2),
    *(50, 0.72, 0.85, 0.11, 0.15, 49, 0.08, 0.4, 812.0),
)
CAME = (
    CameIn(Days(date(2026, 8, 31), date(2026, 10, 25)), 900, 40),
    CameIn(Days(date(2026, 10, 26), date(2026, 11, 22)), 400, 20),
)
STATED_HIGH = ShareMoved("9", 0.19, 0.61)
STATED_DRIFT = InputsDrifted(
    None, False, *CAME, STATED_HIGH, ShareMoved("6", 0.5, 0.2), 0.31, 0.02, 1.2, labels="too few"
)
STATED_SAID = (
    "Stated confidence in 0.9–1.0 went from 19% to 61% and stated confidence in 0.6–0.7 from 50% "
    "to 20% of what comes in: 2026-10-26 to 2026-11-22 (400 inputs on 20 days) against the weeks "
    "before, 2026-08-31 to 2026-10-25 (900 inputs on 40 days). PSI 0.310, by noise alone 0.020."
)
SHARES = (ShareMoved("law", 0.1, 0.4), ShareMoved(None, 0.5, 0.2))
EFFECT = Effect(
    Scored(CAME[0].of, 0.15, 300, 290, 40),
    Scored(CAME[1].of, 0.21, 200, 190, 20),
    DecomposedChange(0.01, None, None),
    DecomposedChange(0.05, 0.02, 0.08),
)
CHANGED = (date(2026, 10, 1), False, date(2026, 11, 2), date(2026, 11, 2), (40, 20))
MOVED = GroupMoved(
    GapChange(
        190,
        Interval(0.01, -0.01, 0.03),
        Interval(0.12, 0.09, 0.15),
        Interval(0.11, 0.08, 0.14),
        "worse",
        0,
    ),
    before=Side(300, 290, None, None, "off", "whole", OffAt()),
    after=Side(200, 190, None, None, "off", "whole", OffAt()),
    said=(0.9, 0.9),
    right=(0.89, 0.78),
)
LAW = replace(MOVED, dimension="topic", value="law")
TAX = replace(MOVED, gap=replace(MOVED.gap, verdict="same"), dimension="topic", value="tax")
WORSE = Compared("worse", MOVED, (LAW,), 2, (TAX,), 1, 0.05)

SENTENCES: list[Sentence] = [
    (
        "model_swapped",
        ChangedBehindName(SWAPPED, closes=True, may_act=False),
        "m1 is no longer the model it was, though its name is the same. Kept inputs are answered "
        "otherwise since about the round 2026-11-20, after 12 rounds in which nothing moved; shown "
        "with the round 2026-11-21. They state 85% on average, and stated 72%: +13.0 points (95% "
        "interval +11.0 to +15.0), 50 inputs. 40% of the answers are other ones than before, where "
        "8% would be by its own variation, 49 inputs. Kept inputs never change, so it is the "
        "model, its prompt or its settings, and not what comes in. The registry entry closes the "
        "gate for it until new evidence is signed.",
    ),
    (
        "stated_shifted",
        StatedShifted(STATED_DRIFT, STATED_HIGH, True, (), 2, "none"),
        f"{STATED_SAID} None of 2 segment dimensions moved with it: it is rather another model, "
        "prompt or settings behind the same version than other cases, unless these differ in what "
        "no dimension tells. Kept inputs that are asked again would tell which. What it does to "
        "calibration is not known: too few labels.",
    ),
    (
        "stated_shifted",
        StatedShifted(
            *(STATED_DRIFT, STATED_HIGH, True),
            *((CasesMoved("topic", ShareMoved("law", 0.1, 0.4)),), 2, "not asked", 50),
        ),
        f"{STATED_SAID} On the same days topic=law went from 10% to 40%: it may be other cases, or "
        "another model, prompt or settings behind the same version. 50 kept inputs were not asked "
        "since. What it does to calibration is not known: too few labels.",
    ),
    (
        "stated_shifted",
        StatedShifted(STATED_DRIFT, STATED_HIGH, False, (), 0, "unchanged", 50),
        f"{STATED_SAID} The model is the same: 50 kept inputs, asked again since, are answered as "
        "before. So other cases come in. What it does to calibration is not known: too few labels.",
    ),
    (
        "canary_missed",
        CanaryMissed(1, date(2026, 11, 20), 2, 50, date(2026, 11, 19)),
        "50 kept inputs should be asked of m1 every day; the last one was on 2026-11-19, and 2 "
        "rounds since 2026-11-20 were missed. A model that changes behind its name is not seen "
        "meanwhile.",
    ),
    (
        "canary_missed",
        CanaryMissed(7, date(2026, 11, 20), 1, 0, None),
        "The registry entry asks for kept inputs to be asked every 7 days, and none are kept: a "
        "model that changes behind its name is not seen.",
    ),
    (
        "inputs_drifted",
        InputsDrifted("topic", False, *CAME, *SHARES, 0.31, 0.02, 1.2, (0.2, 0.01), EFFECT),
        "topic=law went from 10% to 40% and topic=(none) from 50% to 20% of what comes in: "
        "2026-10-26 to 2026-11-22 (400 inputs on 20 days) against the weeks before, 2026-08-31 to "
        "2026-10-25 (900 inputs on 40 days). PSI 0.310, by noise alone 0.020. Stated confidence "
        "moved with it: PSI 0.200, by noise alone 0.010. Calibration suffers: the Brier score "
        "went from 0.150 (2026-08-31 to 2026-10-25; 300 claims of 290 inputs on 40 days) to 0.210 "
        "(2026-10-26 to 2026-11-22; 200 claims of 190 inputs on 20 days). Of this, "
        "+0.010 was expected from the confidences, and +0.050 (+0.020 to +0.080) is "
        "decalibration.",
    ),
    (
        "inputs_drifted",
        InputsDrifted(
            *(None, True, *CAME, ShareMoved("9", 0.1, 0.4), ShareMoved("0", 0.5, 0.2)),
            *(0.31, 0.02, 1.2),
            first_labels=date(2026, 12, 1),
        ),
        "Stated confidence in 0.9–1.0 went from 10% to 40% and stated confidence in 0.0–0.1 from "
        "50% to 20% of what comes in: 2026-10-26 to 2026-11-22 (400 inputs on 20 days) against "
        "the weeks before it was signed, 2026-08-31 to 2026-10-25 (900 inputs on 40 days). PSI "
        "0.310, by noise alone 0.020. What it does to calibration is not known yet: the first "
        "labels of these weeks are final on 2026-12-01.",
    ),
    (
        "inputs_drifted",
        InputsDrifted("topic", False, *CAME, *SHARES, 0.31, 0.02, 1.2, labels="unfair"),
        "topic=law went from 10% to 40% and topic=(none) from 50% to 20% of what comes in: "
        "2026-10-26 to 2026-11-22 (400 inputs on 20 days) against the weeks before, 2026-08-31 to "
        "2026-10-25 (900 inputs on 40 days). PSI 0.310, by noise alone 0.020. The labels cannot "
        "show what it does to calibration: they were drawn, or cover only what people looked at.",
    ),
    (
        "prompt_changed",
        VersionChanged("elicitation", "p1", "p2", *CHANGED),
        "Way of asking p2, first seen 2026-10-01 with p1 in use (its claims fall back to people): "
        "too few labels, no label of it is final. The labels of its first day count from "
        "2026-11-02 on.",
    ),
    (
        "model_changed",
        VersionChanged("model_version", "m1", "m2", *CHANGED, found=WORSE),
        "Model m2, first seen 2026-10-01 with m1 in use (its claims fall back to people): worse. "
        "The gap went from +1.0 to +12.0 points, a change in size of +11.0 (+8.0 to +14.0): now "
        "right 78% of the time (said 90%), overconfident; ±5 points accepted. Worse on topic=law "
        "(+11.0) and 1 more. Off before and after: topic=tax (gap +1.0 → +12.0). On the same mix "
        "of cases, settled before 2026-11-02: before 300 claims of 290 inputs on 40 days, after "
        "200 claims of 190 inputs on 20 days.",
    ),
]
