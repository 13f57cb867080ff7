"""Every number one may want to change, once; a registry entry may say otherwise for its signal."""

from __future__ import annotations

from datetime import timedelta

#: The gap between confidence and accuracy that is accepted.
TOLERANCE = 0.05
#: Lower edge of the high-confidence band.
HIGH_FROM = 0.9
#: Under so many effective inputs with a label nothing is decided, of a group or of its band.
MINIMUM_INPUTS = 30
#: A cohort's outcomes are read as final at this age,
MATURE_AGE = timedelta(days=30)
#: or once this share of its claims is labelled.
MATURE_COVERAGE = 0.8
#: Share of the claims on which a judge may disagree with ground truth. The gap by its labels is
#: never further from the one by truth, of the same claims, than the share on which they disagree.
#: A judge that passes everything disagrees as often as the signal errs, so false passes are told
#: beside it.
JUDGE_TOLERANCE = 0.1
#: Share of a way of asking's claims whose times may speak against the order that is logged: clocks
#: differ.
ORDER_MARGIN = 0.05
#: Level of intervals that stand alone.
LEVEL = 0.95
#: A threshold's guarantee has to hold with this probability at least: one that fails in every other
#: case is none.
CUT_LEVEL_LEAST = 0.8
#: and may let so many be wrong of what acts by itself, at the most: half are a coin's.
CUT_RISK_MOST = 0.5
#: Chance of a false finding, of each detector at each look.
ALPHA = 0.05
#: The most days a waiver may last; less where a validation itself lasts less.
WAIVER_DAYS = 30
#: From so many automated claims a week on, low stakes are no longer taken for low.
LOW_STAKES_A_WEEK = 1_000
#: A kind of finding that was waived so often, and never acted on, may be turned down
ALWAYS_WAIVED = 3
#: for so many days.
TURNED_DOWN_DAYS = 180
#: A signal in use is measured again after so many days,
CADENCE_DAYS = 30
#: on the production claims of so many days.
WINDOW_DAYS = 28

#: A held-out set is judged on so many times, as far as the trail knows. Whoever tries versions of
#: one model on it, each at the bound, until one passes has one by then in 10% of cases, against 3%
#: at the first; at 1,000 inputs the best of them looks 0.9 points better than it is, and after as
#: many repairs the set shows half the error that the world has (tests/benchmarks/heldout.py).
HELDOUT_USES = 5

#: The labels of a weekly audit sample are to be there after so many days.
AUDIT_WITHIN_DAYS = 14

#: Of claims of which so many name their input it can be seen whether they were tuned on.
INPUTS_NAMED = 0.99
#: A case that was handed over is to be taken up within so many hours where the entry names no queue
#: for it,
HANDOFF_HOURS = 24
#: and decided within so many once somebody has it: a weekend.
HANDOFF_DECIDED_HOURS = 72
#: No rate of a reviewer or a queue is shown that rests on fewer decisions.
HANDOFF_LEAST = 20
#: Who overrides a smaller share of the answers that turned out wrong is a rubber stamp. Among fifty
#: reviewers one is named who caught none of 32 wrong answers, or three of 58.
CAUGHT_LEAST = 0.25
#: Where decisions and outcomes say the same of a larger share of the wrong answers, and of the
#: right ones, the outcomes are most likely the decisions themselves: people who look catch fewer.
#: With no exception 29 of either show it, with three 76.
OWN_LABELS = 0.9
#: Among so many reviewers of a signal, or all that there are if they are more, one is named falsely
#: with a chance of at most `ALPHA` a year.
REVIEWERS = 50
#: Decisions of so many weeks that are over say what a reviewer does.
RELIANCE_WEEKS = 52

#: A version counts as in use when its last claim is no older than this before its signal's.
IN_USE = timedelta(days=14)
#: A standing verdict rests on so many of the newest weeks whose outcomes are final,
STANDING_WEEKS = 8
#: and on more while these hold fewer labels than this. At 20 labels a week a rise from 0 to +10
#: points is told after 14 weeks, with 500 after 23, and a steady +10 within 20 weeks about as often
#: (.75 and .73 of 100 years; tests/benchmarks/honesty.py, "standing").
STANDING_CLAIMS = 200

#: The newest checkpoint is stamped by each time stamp authority at most so often,
STAMP_EVERY = timedelta(hours=1)
#: and one that stamped none for so long is a finding.
SILENT_AFTER = timedelta(days=1)
