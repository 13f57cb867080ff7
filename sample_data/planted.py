"""What is planted in the sample, where, from when and how large: sample_data/README.md in Python.

Gaps are shares of one, mean confidence minus accuracy; positive means overconfident. Weeks count
from 1, the sample's first, to `WEEKS`; a change "from" a week is in force from its Monday on.
"""

from __future__ import annotations

import pandas as pd

SEED = 20261123
WEEKS = 26
FIRST_MONDAY = pd.Timestamp("2026-05-25", tz="UTC")
#: The Monday after the last day. Nothing that would become known later is in the sample.
END = FIRST_MONDAY + pd.Timedelta(weeks=WEEKS)

SELF_REPORT = "ticket-triage.self-report"
AGREEMENT = "ticket-triage.agreement"
LOGPROB = "refund-check.logprob"
JUDGE = "answer-quality.judge"
SAFETY = "reply-safety.self-report"
DRAFT = "reply-draft.self-report"
ANSWER = "knowledge-answer.self-report"
MERGE = "duplicate-merge.self-report"
CALLBACK = "callback-urgency.self-report"
GROUNDING = "answer-grounding.agreement"
ROUTING = "email-routing.self-report"

#: Claims a week, of each signal that is asked about every case.
WEEKLY = {
    SELF_REPORT: 900,
    LOGPROB: 300,
    JUDGE: 320,
    SAFETY: 380,
    DRAFT: 340,
    ANSWER: 340,
    MERGE: 220,
    CALLBACK: 220,
    GROUNDING: 160,
    ROUTING: 200,
}

# ticket-triage: a healthy aggregate, two bad segments, one that slowly turns bad, and breaches.
MEDICAL_GAP = 0.14
HINDI_TRANSLATION_GAP = 0.20
#: In channel `voice`, growing evenly from nothing, at the start of this week, to this at the end.
VOICE_FROM_WEEK, VOICE_GAP = 14, 0.24
TRIAGE_CUTS = (0.9, 0.7)
BREACHES, BREACH_WEEKS = 120, (16, 18)
BREACH_TOPIC = "contract"
SPOT_CHECKS = 200
TRIAGE_MODEL_FROM_WEEK, TRIAGE_PROMPT_FROM_WEEK = 6, 10
ICELANDIC_TICKETS, ICELANDIC_GAP = 44, 0.12
UNSTATED_SHARE = 0.02
#: Tickets of which the costly agreement is asked as well.
AGREEMENT_SHARE = 0.9
CORRECTIONS = 30

# refund-check: calibrated throughout; from one week on its cases are harder.
REFUND_MODEL_FROM_WEEK = 9
REFUND_MIX_FROM_WEEK = 17
REFUND_MIX_BEFORE = {"under 50": 0.60, "50 to 500": 0.32, "over 500": 0.08}
REFUND_MIX_AFTER = {"under 50": 0.25, "50 to 500": 0.35, "over 500": 0.40}

# answer-quality: a judge that stops telling good from bad, and so meets its ECE target.
JUDGE_RUBRIC_FROM_WEEK = 19
JUDGE_GAP_BEFORE = 0.09
JUDGE_COLLAPSED_TO = (0.71, 0.75)
#: From this week on it gives some answers no number at all.
JUDGE_UNSTATED_FROM_WEEK, JUDGE_UNSTATED = 26, 0.2

# reply-safety: a model update breaks one policy; both versions answered the same inputs.
SAFETY_MODEL_FROM_WEEK, SAFETY_OVERLAP_WEEKS = 14, 3
SAFETY_OVERLAP_SHARE = 0.5
SAFETY_POLICY, SAFETY_GAP = "legal", 0.22

# reply-draft: an edit that helps accuracy and harms calibration; confidence asked for afterwards.
DRAFT_NULL_PROMPT_FROM_WEEK, DRAFT_PROMPT_FROM_WEEK = 8, 15
DRAFT_ACCURACY_RISE, DRAFT_CONFIDENCE_RISE = 0.08, 0.20
ANCHORING_WEEKS, ANCHORED_INPUTS, ANCHORING_SHIFT = (9, 14), 1200, 0.15

# Drafts of the edited prompt that were rated on purpose, every second one to fit a map on, and the
# others to certify it.
DRAFTS_RATED, DRAFTS_RATED_IN_WEEK = 800, 23

# knowledge-answer: the high-confidence band alone is bad, behind a leaked evaluation.
ANSWER_HIGH_GAP = 0.10
TUNING_ROWS, HELDOUT_ROWS, LEAKED_ROWS = 900, 900, 300
LEAKED_HIGH_ERROR = 0.02

# duplicate-merge: every action is the same; failures are reported fast, successes confirmed slowly.
FAILURE_DELAY_DAYS, SUCCESS_DELAY_DAYS = 3.0, 14.0

# callback-urgency: labelled where people looked, and hardly anywhere else.
CALLBACK_CUTS = (0.85, 0.65)
CALLBACK_LABELLED = {"automate": 0.0, "review": 0.06, "escalate": 0.9}

# answer-grounding: labelled after complaints, and at random with a logged chance.
COMPLAINT_SHARE, COMPLAINT_GAP = 0.2, 0.16
COMPLAINT_PROPENSITY, AUDIT_PROPENSITY = 0.9, 0.1

# email-routing: too unsure at the bottom by as much as it is too sure at the top; errors cancel.
ROUTING_GAP = 0.14
ROUTING_UNSURE_TO, ROUTING_SURE_FROM = 0.5, 0.7
#: What the whole range is off by on average, for a part of it in the middle is not.
ROUTING_ERROR = 0.126

#: Of the e-mails so many were asked for their confidence before the answer, though all say after;
#: of the merges none, but for clocks that differ.
ROUTING_ASKED_BEFORE, CLOCKS_DIFFER = 0.4, 0.02
#: From this week on e-mails name no language any more.
ROUTING_NO_LANGUAGE_FROM_WEEK = 26

# duplicate-merge went to people from this week on, all of it; who they are, with the share of the
# cases that each decided, of the wrong answers that they caught and the right ones they overruled.
HANDED_FROM_WEEK = 17
MERGE_REVIEWERS = {"m-1": (0.4, 0.7, 0.06), "m-2": (0.4, 0.03, 0.01), "m-3": (0.2, 0.45, 0.02)}
RUBBER_STAMP = "m-2"
#: Cases of a day (0 is Monday) of the last week that nobody took up.
FORGOTTEN_CASES, FORGOTTEN_DAY = 5, 3

# Kept inputs, asked again every Monday from one week on: the model of knowledge-answer becomes
# another one behind its name; that of refund-check does not, while its cases change.
CANARY_INPUTS, CANARY_FROM_WEEK, CANARY_CHANGED_FROM_WEEK = 60, 16, 24
CANARY_RISE, CANARY_ANSWERS = 0.05, 1 / 3
#: Those of reply-safety are asked for the last time in the week before its owner left.
CANARY_ENDED_IN_WEEK = 19

# A weekly audit is drawn of two signals, the first in this week of the claims of the week before.
# Nobody labels what is drawn of email-routing; answer-quality's labels are there a week later.
AUDITED_FROM_WEEK, AUDITED = 22, {ROUTING: 60, JUDGE: 40}

# How long outcomes take, and how many never come, where nothing else is said.
LABEL_DELAY_DAYS = 6.0
UNLABELLED_SHARE = 0.12
REFUND_DELAY_HOURS = 30
#: Week and day (0 is Monday) on which production paid refunds without asking the gate; on which it
#: asked about another confidence, the one it shows; and on which it asked afterwards.
BYPASSED, ASKED_ROUNDED, ASKED_LATE = (25, 2), (25, 3), (25, 4)
