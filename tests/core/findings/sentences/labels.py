"""What is judged on, and by whom."""

from __future__ import annotations

from datetime import date

from core.findings.facts.labels.disputes import LabelsContradict
from core.findings.facts.labels.heldout import HeldoutWorn, Looked
from core.findings.facts.labels.judges import Disagrees, JudgedPart, Share
from core.findings.facts.labels.labels import AuditUnanswered, LastCame, MissingLabels
from core.findings.facts.labels.leak import Leaked
from core.queries.sums.validation_sample import Shared
from tests.core.findings.sentences.sentence import Sentence

DAYS = {"since": date(2026, 5, 4), "until": date(2026, 11, 1)}
WHOLE = JudgedPart(
    "", 400, 400, Share(0.285, 0.2412, 0.332), Share(0.74, 0.66, 0.81), Share(0.0, 0.0, 0.0095)
)
WORST = JudgedPart("topic=law", 80, 80, Share(0.5, 0.4, 0.6), None, None)
LABELS = {"needed": 40, "since": date(2026, 9, 3), "until": date(2026, 10, 2), "days": 30}

SENTENCES: list[Sentence] = [
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
]
