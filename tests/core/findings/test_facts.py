"""An act about a finding holds facts; its words are made whenever they are read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from core.comparison.compare import GroupMoved
from core.comparison.sides import Side
from core.findings.facts.anchoring import Anchored
from core.findings.facts.asking_order import OrderContradicted
from core.findings.facts.base import Facts
from core.findings.facts.bypass import GateBypassed
from core.findings.facts.calibration import (
    BandOff,
    HiddenSegment,
    Miscalibrated,
    SegmentOff,
    ShapeOff,
    WholeGap,
)
from core.findings.facts.canary import CanaryMissed, ChangedBehindName
from core.findings.facts.cuts import PromiseBroken, UnprovenCut
from core.findings.facts.disputes import LabelsContradict
from core.findings.facts.drift import Drifted
from core.findings.facts.evidence import EvidenceChanged
from core.findings.facts.gaming import Gamed, GamedSide
from core.findings.facts.heldout import HeldoutWorn, Looked
from core.findings.facts.inputs import CameIn, Days, Effect, InputsDrifted, Scored, ShareMoved
from core.findings.facts.judges import Disagrees, JudgedPart, Share
from core.findings.facts.labels import AuditUnanswered, LastCame, MissingLabels
from core.findings.facts.leak import Leaked
from core.findings.facts.monitoring import CheckFailed, RunsMissed
from core.findings.facts.schema import (
    FieldChanged,
    ShareJumped,
    StatedShare,
    VersionsUnnamed,
    VolumeStopped,
)
from core.findings.facts.set_aside import SetAside
from core.findings.facts.stakes import StakesTooLow
from core.findings.facts.standing import (
    Breaches,
    BrokenTrail,
    EmptySeat,
    Expired,
    Expiring,
    NewFingerprint,
    Suspended,
    Unregistered,
)
from core.findings.facts.stated import CasesMoved, StatedShifted
from core.findings.facts.theatre import AlwaysTheSame
from core.findings.facts.time_stamps import NotStamped
from core.findings.facts.versions import Compared, VersionChanged
from core.findings.kinds import KINDS, Condition, told_of
from core.governance.names import Directory
from core.governance.stops import (
    Alarmed,
    CanaryAlarm,
    Dated,
    Differs,
    DriftedPart,
    OffPattern,
    Unlike,
    stopped_by,
)
from core.measure.metrics.intervals import Interval
from core.measure.monitoring.brier_decomposition import DecomposedChange
from core.measure.verdicts.before_after import GapChange
from core.monitoring.rounds import PROGRAM, outlook, rounds
from core.queries.sums.validation_sample import Shared
from core.sentences.acts import Names, facts, sentence
from core.text.off_at import OffAt
from core.text.parts import PartShown
from core.trail import log as trail
from core.trail.acts import Proposal
from core.trail.canonical_json import canonical
from core.trail.facts import FACTS, read, written
from core.trail.fingerprint import Fingerprint

M1 = Fingerprint(model_version="m1")
USED = (60, date(2026, 9, 23), date(2026, 11, 17))
DAYS = {"since": date(2026, 5, 4), "until": date(2026, 11, 1)}
WHOLE = JudgedPart(
    "", 400, 400, Share(0.285, 0.2412, 0.332), Share(0.74, 0.66, 0.81), Share(0.0, 0.0, 0.0095)
)
WORST = JudgedPart("topic=law", 80, 80, Share(0.5, 0.4, 0.6), None, None)
LABELS = {"needed": 40, "since": date(2026, 9, 3), "until": date(2026, 10, 2), "days": 30}
WIDE = GamedSide("rubric-2", 5097, 0.081, 0.67, 0.7, 1.0)
NARROW = GamedSide("rubric-3", 1085, 0.011, 0.58, 0.72, 0.74)

NEWEST = (*DAYS.values(), WholeGap(0.12, 0.09, 0.15, 1200, 311, 42), 0.05, 9)
BAND = BandOff(0.9, 0.95, 0.7, 0.2, 0.3, 300, 200, 40)

SHARE_BEFORE = StatedShare(date(2026, 10, 5), date(2026, 11, 1), 1200, 0.98)
SHARE_AFTER = StatedShare(date(2026, 11, 2), date(2026, 11, 8), 310, 0.03)

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

#: Kind, facts, and the sentence that they have always read as.
SENTENCES: list[tuple[str, Facts, str]] = [
    ("trail_broken", BrokenTrail("Entry 3 is gone."), "Entry 3 is gone."),
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
        "not_stamped",
        NotStamped("https://tsa.example/tsr", datetime(2026, 11, 2, 9, 30), "l.duckdb"),
        "The time stamp authority https://tsa.example/tsr stamped the last at 2026-11-02 09:30 "
        "UTC. Acts continue, but until it answers nobody outside witnesses when they were "
        "recorded.",
    ),
    (
        "not_stamped",
        NotStamped("https://tsa.example/tsr", None, "l.duckdb"),
        "The time stamp authority https://tsa.example/tsr has stamped none. Acts continue, but "
        "until it answers nobody outside witnesses when they were recorded.",
    ),
    (
        "model_swapped",
        ChangedBehindName(SWAPPED, closes=True, may_act=False),
        "m1 is no longer the model it was, though its name is the same. Kept inputs are answered "
        "otherwise since about the round 2026-11-20 (2026-11-20), after 12 rounds in which nothing "
        "moved; shown with the round 2026-11-21. They state 85% on average, and stated 72%: +13.0 "
        "points (95% interval +11.0 to +15.0), 50 inputs. 40% of the answers are other ones than "
        "before, where 8% would be by its own variation, 49 inputs. Kept inputs never change, so "
        "it is the model, its prompt or its settings, and not what comes in. The registry entry "
        "closes the gate for it until new evidence is signed.",
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
        "50 kept inputs should be asked every day; the last one was on 2026-11-19, and 2 rounds "
        "since 2026-11-20 were missed. A model that changes behind its name is not seen meanwhile.",
    ),
    (
        "canary_missed",
        CanaryMissed(7, date(2026, 11, 20), 1, 0, None),
        "The registry entry asks for kept inputs to be asked every 7 days, and none are kept: a "
        "model that changes behind its name is not seen.",
    ),
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
        "split_leaked",
        Leaked(
            600,
            60,
            1,
            (Shared("e-1", "i-1", "t-1", "input_id"), Shared("e-2", None, "e-2", "event_id")),
        ),
        "60 of 600 claims to judge on share an event or an input with 1 tuning claim (event e-1 "
        "has input i-1 of tuning event t-1; event e-2). What is measured on them flatters the "
        "signal, and as evidence they are refused.",
    ),
    (
        "heldout_worn",
        HeldoutWorn(400, 4.0, 5, (Looked("calibration map", 1), Looked("evidence", 3))),
        "The 400 heldout inputs of m1 were judged on 4 of 5 times (1 × calibration map, 3 × "
        "evidence): one more evidence can rest on them. Whatever is tried on the same claims again "
        "and again passes in the end by chance.",
    ),
    (
        "heldout_worn",
        HeldoutWorn(400, 4.5, 5, (Looked("evidence", 5),)),
        "The 400 heldout inputs of m1 were judged on 4.5 of 5 times (5 × evidence): no further "
        "evidence can rest on them. Whatever is tried on the same claims again and again passes in "
        "the end by chance.",
    ),
    (
        "labels_missing",
        MissingLabels(600, 600, 0, 0, **LABELS, last=LastCame(date(2026, 8, 24), date(2026, 8, 2))),
        "m1 may act, and none of 600 claims of 600 inputs from 2026-09-03 to 2026-10-02 is "
        "labelled, though 30 days have passed: whether it still holds is not known. The last "
        "label came on 2026-08-24, of a claim of 2026-08-02. A re-measurement needs 40 labelled "
        "inputs.",
    ),
    (
        "labels_missing",
        MissingLabels(400, 220, 200, 20, **LABELS),
        "m1 may act, and only 200 of 400 claims (20 inputs of 220) from 2026-09-03 to 2026-10-02 "
        "are labelled, though 30 days have passed: whether it still holds is not known. No label "
        "has ever come in. A re-measurement needs 40 labelled inputs.",
    ),
    (
        "runs_missed",
        RunsMissed(3, 7, datetime(2026, 11, 2, 2), datetime(2026, 11, 6, 9, 30), 1200, 2),
        "3 daily runs of the last 7 did not happen; nobody looked from 2026-11-02 02:00 to "
        "2026-11-06 09:30 UTC, while 2 signals made 1,200 claims.",
    ),
    (
        "check_failed",
        CheckFailed("Inputs drifted", "KeyError in mix_change, line 40"),
        "The check for “Inputs drifted” stopped and could not look: KeyError in mix_change, line "
        "40. Whether that is wrong here is not known.",
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
    (
        "audit_unanswered",
        AuditUnanswered(1, date(2026, 11, 2), date(2026, 11, 16), 40, 9),
        "The audit sample drawn in the week of 2026-11-02 is overdue: 31 of 40 labels are missing, "
        "due by 2026-11-16. Until they are there no sample of that time speaks for all claims.",
    ),
    (
        "audit_unanswered",
        AuditUnanswered(3, date(2026, 11, 2), date(2026, 11, 16), 120, 0),
        "3 weekly audit samples, the first drawn in the week of 2026-11-02, are overdue: 120 of "
        "120 labels are missing, due by 2026-11-16. Until they are there no sample of that time "
        "speaks for all claims.",
    ),
    (
        "labels_contradict",
        LabelsContradict(1, 2, "e-1"),
        "1 claim has two labels of one source that say different things at the same instant: "
        "unlabelled until one is confirmed. 2 claims have a label that contradicts an earlier one "
        "of a source that ranks before its own: the earlier one stays in force. For one: event "
        "e-1.",
    ),
    (
        "labels_contradict",
        LabelsContradict(0, 1, "e-1"),
        "1 claim has a label that contradicts an earlier one of a source that ranks before its "
        "own: the earlier one stays in force. For one: event e-1.",
    ),
    (
        "judge_disagrees",
        Disagrees("LLM", WHOLE, WORST, drawn=True, **DAYS, tolerance=0.1),
        "Labels from LLM disagree with ground truth on 28% (24% to 33%) of 400 claims of 400 "
        "inputs that both labelled, made from 2026-05-04 to 2026-11-01; 10% is accepted. By them "
        "74% (66% to 81%) of the wrong ones are called right and 0% (0% to 1%) of the right ones "
        "are called wrong. Worst: topic=law, 50% (40% to 60%) of 80 claims of 80 inputs.",
    ),
    (
        "judge_disagrees",
        Disagrees(None, WHOLE, None, drawn=False, **DAYS, tolerance=0.1),
        "Labels that state no source disagree with ground truth on 28% (24% to 33%) of 400 claims "
        "of 400 inputs that both labelled, made from 2026-05-04 to 2026-11-01; 10% is accepted. "
        "By them 74% (66% to 81%) of the wrong ones are called right and 0% (0% to 1%) of the "
        "right ones are called wrong. These claims are not a random sample: on others the two may "
        "disagree more or less often.",
    ),
    (
        "metric_gamed",
        Gamed("prompt", WIDE, NARROW, (-0.13, -0.05), True, 0.0001, 0.001, 12),
        "From prompt rubric-2 to prompt rubric-3: ECE fell from 0.081 to 0.011 while AUROC fell "
        "from 0.67 to 0.58 (by 0.05 to 0.13; n 5,097 and 1,085); and 90% of what it states lies "
        "within 2 points (72–74%), where it was 30 (70–100%). It looks better calibrated because "
        "it separates right from wrong less well.",
    ),
    (
        "metric_gamed",
        Gamed("weeks", WIDE, NARROW, None, True, 1.0, 0.001, 12),
        "From rubric-2 to rubric-3: 90% of what it states lies within 2 points (72–74%), where it "
        "was 30 (70–100%). It says nearly the same for every case.",
    ),
    (
        "confidence_anchored",
        Anchored(None, "p1", True, 1200, 0.15, 0.147, 0.152, 0.05, -0.0, 1064),
        "Asked after the answer (prompt p1), it states 15.0 points more than before it, on the "
        "same 1,200 inputs (14.7 to 15.2; ±5 accepted), and is right as often: the accuracy "
        "differs by 0.0 points (n 1,064).",
    ),
    (
        "confidence_anchored",
        Anchored("t", None, False, 400, 0.12, 0.115, 0.125, 0.05, 0.01, 400),
        "Asked after the answer, it states 12.0 points more than before it of t, on the same 400 "
        "events (11.5 to 12.5; ±5 accepted), and is right as often: the accuracy differs by 1.0 "
        "points (n 400).",
    ),
    (
        "order_contradicted",
        OrderContradicted("self-report", "before", 240, 84, 0.284, "e-7"),
        "Logged as asked before the answer by self-report, and stated after it by the times of 84 "
        "of 240 claims (35%, at least 28%). For one: event e-7.",
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


@pytest.mark.parametrize(("kind", "found", "text"), SENTENCES)
def test_what_an_act_holds_reads_as_the_sentence_it_always_was(
    kind: str, found: Facts, text: str
) -> None:
    body = {FACTS: written(found)}
    canonical(body)
    told = told_of(kind, body, M1)
    assert told.text == text
    assert told.mend == found.fix() != ""
    assert dict(told.evidence) == found.numbers()


@pytest.mark.parametrize(("kind", "found", "text"), SENTENCES)
def test_facts_come_back_as_they_were_written(kind: str, found: Facts, text: str) -> None:
    assert KINDS[kind].facts is type(found)
    assert read(type(found), written(found)) == found


def test_every_kind_that_holds_facts_has_its_sentences_here() -> None:
    assert {kind for kind, _, _ in SENTENCES} == {
        key for key, one in KINDS.items() if one.facts is not None
    }


def test_a_share_half_way_between_two_rounds_when_read_as_when_found() -> None:
    found = Share(1 - 0.715, 0.2, 0.3)
    assert read(Share, written(found)).words == found.words == "29% (20% to 30%)"


def test_facts_that_cannot_be_read_are_shown_as_they_stand() -> None:
    told = told_of("split_leaked", {FACTS: {"judged": "many"}}, M1)
    assert told.text == '{"judged": "many"}'
    assert told_of("of_tomorrow", {FACTS: {"n": 3}}, None).text == '{"n": 3}'


@pytest.mark.parametrize(
    ("trigger", "why"), [("evidence_changed", DIFFERS), ("drift_alarm", ALARM)]
)
def test_a_suspension_holds_facts_and_reads_as_the_reason_it_always_was(
    trigger: str, why: Differs | Alarmed
) -> None:
    body = {"trigger": trigger, FACTS: written(why)}
    assert stopped_by(body) == why
    assert stopped_by({"trigger": trigger, "reason": "It was said so."}) is None
    with pytest.raises(ValueError, match="of_tomorrow"):
        stopped_by({**body, "trigger": "of_tomorrow"})
    assert DIFFERS.reason.startswith("What was signed no longer recomputes from the ledger: The")
    assert ALARM.reason.startswith("Drifted beyond what was signed. The gap is +8.1 points (±5")


THEATRE = AlwaysTheSame("review", "rules", 100, date(2026, 8, 24))


#: One of each kind that a thorough round measures.
MEASURED = {
    kind: found
    for kind, found, _ in SENTENCES
    if KINDS[kind].thorough and kind not in ("drift_alarm", "evidence_changed")
}


@pytest.fixture
def seen_every(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*_: object) -> tuple[Condition, ...]:
        return tuple(Condition.of(kind, "triage", kind, one, M1) for kind, one in MEASURED.items())

    monkeypatch.setattr("core.monitoring.rounds.detected", found)


@pytest.mark.usefixtures("seen_every")
def test_other_words_of_every_kind_write_no_act_in_a_nightly_check(
    governed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = [one for one in rounds(governed.office, thorough=True) if "finding" in one.kind]
    assert {one.body["finding_kind"] for one in opened} == set(MEASURED)
    for one in MEASURED.values():
        monkeypatch.setattr(type(one), "text", lambda *_: "In other words.")
        monkeypatch.setattr(type(one), "fix", lambda *_: "Do otherwise.")
    assert rounds(governed.office, thorough=True) == ()
    told = {(one.text, one.mend) for one in outlook(governed.office).findings}
    assert told == {("In other words.", "Do otherwise.")}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*_: object) -> tuple[Condition, ...]:
        return (Condition.of("confidence_theatre", "triage", "confidence_theatre", THEATRE),)

    monkeypatch.setattr("core.monitoring.rounds.detected", found)


@pytest.mark.usefixtures("seen")
def test_another_word_changes_what_is_read_and_writes_no_act(
    governed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds(governed.office, thorough=True)
    monkeypatch.setattr(AlwaysTheSame, "text", lambda *_: "In other words.")
    assert rounds(governed.office, thorough=True) == ()
    (one,) = outlook(governed.office).findings
    assert one.text == "In other words."
    assert [entry.text for entry in one.history] == ["In other words."]
    with governed.ledger.cursor() as cursor:
        *_, act = trail.acts(cursor)
    said = {one.name: one.value for one in facts(act, Names(Directory({}), {}))}
    assert said["What is wrong"] == "In other words."


@pytest.mark.usefixtures("seen")
def test_an_act_about_a_finding_holds_facts_and_no_sentence(governed: Any) -> None:
    (act,) = (one for one in rounds(governed.office, thorough=True) if "finding" in one.kind)
    assert act.body[FACTS] == {
        "action": "review",
        "basis": "rules",
        "decisions": 100,
        "since": "2026-08-24",
    }
    assert not {"text", "mend", "evidence"} & act.body.keys()


@pytest.mark.usefixtures("seen")
def test_a_finding_that_was_written_down_in_words_reads_as_before_and_is_not_revised(
    governed: Any,
) -> None:
    (one,) = outlook_of_words(governed)
    assert (one.text, one.mend, one.facts) == ("It was said so.", "Do this.", None)
    assert rounds(governed.office, thorough=True) == ()
    (one,) = outlook(governed.office).findings
    assert (one.text, one.stored) == ("It was said so.", True)
    with governed.ledger.cursor() as cursor:
        *_, act = trail.acts(cursor)
    names = Names(Directory({}), {one.id: one.kind})
    assert "Confidence that changes nothing" in sentence(act, names)
    said = {fact.name: fact.value for fact in facts(act, names)}
    assert (said["What is wrong"], said["What to do"]) == ("It was said so.", "Do this.")


def outlook_of_words(governed: Any) -> Any:
    """The findings of a ledger in which a version of before wrote one down in words."""
    now = Condition.of("confidence_theatre", "triage", "confidence_theatre", THEATRE)
    body = {
        "finding": now.id,
        "finding_kind": now.kind,
        "severity": now.severity,
        "subject": now.subject,
        "owner": None,
        "due": "2026-12-01",
        "evidence": dict(now.evidence),
        "text": "It was said so.",
        "mend": "Do this.",
    }
    with governed.office.acting() as desk:
        desk.perform(Proposal("finding.opened", PROGRAM, "triage", body=body))
    return outlook(governed.office).findings
