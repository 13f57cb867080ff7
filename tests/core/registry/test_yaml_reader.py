"""Registry files: read strictly, refused with every problem, its line and its fix."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ledger.errors import LedgerError
from core.queries.base.truth import Truth
from core.registry.escalation_rules import Override, RuleBand, Rules
from core.registry.signal_spec import (
    UNPLANNED,
    UNRULED,
    Costs,
    Criterion,
    Group,
    Handling,
    Queue,
    Responsible,
    SignalSpec,
    ValidationPlan,
)
from core.registry.yaml_reader import (
    RegistryFileError,
    groups_of,
    people_of,
    read,
    read_path,
    with_people,
)
from core.terms import Maturity
from tests.worlds.governed.entries import LOG_ONLY

#: The entry of the design, with everything an entry can say.
ENTRY = """\
apiVersion: calledger/v1
kind: ConfidenceSignal
metadata:
  name: invoice-field-confidence
  labels: {stakes: high, team: finance}
  annotations: {backstage.io/entity-ref: "component:finance/invoice-extractor"}
spec:
  owner: user:finance/ann.lee          # a person, not a group
  deputies: [user:finance/bob.ng]
  validators: group:risk/model-validation
  riskApprovers: [user:risk/cy.po]
  elicitation: {method: logprob_margin, order: before}
  decision: "post the extracted field without a person reading it"
  responsible: {monitoring: user:finance/bob.ng}
  tolerance: "0.04"
  highConfidence: "0.95"
  maturity: {days: 14, coverage: "0.9"}
  validation:
    maxAgeDays: 90
    minSamples: 400
    segments: [lang, source]
    criteria:
      - {metric: ece, max: "0.05"}
      - {metric: auroc, min: "0.75"}
      - {metric: automated_error, max: "0.01"}
    cadenceDays: 7
    windowDays: 21
    selfSign: false
  escalation:
    bands:
      - {below: "0.62", action: escalate}
      - {below: "0.90", action: review}
      - {action: automate}
    overrides:
      - where: {lang: hi}
        bands:
          - {below: "0.95", action: review}
          - {action: automate}
    fallback: {unvalidated: review, missing: review, invalid: escalate}
    handling:
      review: {queue: desk-2, withinHours: 8}
      escalate: {queue: lead, withinHours: 2}
  costs: {unit: EUR, error: "25", review: "0.5", escalate: "8"}
  truth: {sources: [HUMAN], unstated: false}
"""
GROUP = """\
apiVersion: calledger/v1
kind: Group
metadata:
  name: risk/model-validation
spec:
  members: [user:risk/dee.fox, user:risk/eve.hu]
"""
ANN, BOB = "user:finance/ann.lee", "user:finance/bob.ng"


def problems(text: str) -> list[str]:
    with pytest.raises(RegistryFileError) as refusal:
        read(text, source="signals.yaml")
    lines = str(refusal.value).split("\n")
    assert len(lines) == len(refusal.value.problems)
    return lines


def edited(old: str, new: str, text: str = ENTRY) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


FALLBACK = "    fallback: {unvalidated: review"


def test_what_only_logs_needs_neither_signers_nor_a_plan_nor_rules() -> None:
    (spec,) = read(LOG_ONLY).specs
    assert (spec.validators, spec.validation, spec.rules) == ((), UNPLANNED, UNRULED)


def test_what_only_logs_may_not_say_who_signs_or_what_acts() -> None:
    more = "  validators: user:risk/vera\n  escalation:\n    bands: [{action: review}]\n"
    fix = (
        "is for a signal that decides something; leave it out, or write stakes: low, medium or high"
    )
    assert problems(LOG_ONLY + more) == [
        f"signals.yaml line 7, spec.validators: {fix}.",
        f"signals.yaml line 8, spec.escalation: {fix}.",
    ]


def test_every_field_of_an_entry_is_read() -> None:
    text = edited(FALLBACK, f'    knownValues: {{lang: [de, "en"]}}\n{FALLBACK}')
    assert read(text).specs == (
        SignalSpec(
            name="invoice-field-confidence",
            decision="post the extracted field without a person reading it",
            stakes="high",
            owner=ANN,
            deputies=(BOB,),
            validators=("group:risk/model-validation",),
            risk_approvers=("user:risk/cy.po",),
            responsible=Responsible(schema=ANN, thresholds=ANN, monitoring=BOB),
            method="logprob_margin",
            order="before",
            validation=ValidationPlan(
                max_age_days=90,
                min_samples=400,
                criteria=(
                    Criterion("ece", maximum_ppm=50_000),
                    Criterion("auroc", minimum_ppm=750_000),
                    Criterion("automated_error", maximum_ppm=10_000),
                ),
                segments=("lang", "source"),
                cadence_days=7,
                window_days=21,
            ),
            rules=Rules(
                (
                    RuleBand(620_000, "escalate"),
                    RuleBand(900_000, "review"),
                    RuleBand(None, "automate"),
                ),
                (
                    Override(
                        "lang", "hi", (RuleBand(950_000, "review"), RuleBand(None, "automate"))
                    ),
                ),
                known_values=(("lang", ("de", "en")),),
            ),
            tolerance_ppm=40_000,
            high_from_ppm=950_000,
            maturity=Maturity(14, 900_000),
            labels=(("team", "finance"),),
            annotations=(("backstage.io/entity-ref", "component:finance/invoice-extractor"),),
            handling=Handling(Queue("desk-2", 8), Queue("lead", 2)),
            costs=Costs("EUR", 25_000_000, 500_000, 8_000_000),
            truth=Truth(("HUMAN",), unstated=False),
        ),
    )


def test_what_may_be_left_out_has_the_usual_value() -> None:
    text = ENTRY
    for line in (
        "  deputies: [user:finance/bob.ng]\n",
        "  riskApprovers: [user:risk/cy.po]\n",
        "  elicitation: {method: logprob_margin, order: before}\n",
        "  responsible: {monitoring: user:finance/bob.ng}\n",
        '  tolerance: "0.04"\n',
        '  highConfidence: "0.95"\n',
        '  maturity: {days: 14, coverage: "0.9"}\n',
        "    segments: [lang, source]\n",
        "    cadenceDays: 7\n",
        "    windowDays: 21\n",
        "    selfSign: false\n",
        "    fallback: {unvalidated: review, missing: review, invalid: escalate}\n",
        "    handling:\n",
        "      review: {queue: desk-2, withinHours: 8}\n",
        "      escalate: {queue: lead, withinHours: 2}\n",
        '  costs: {unit: EUR, error: "25", review: "0.5", escalate: "8"}\n',
        "  truth: {sources: [HUMAN], unstated: false}\n",
    ):
        text = edited(line, "", text)
    (spec,) = read(text).specs
    assert (spec.deputies, spec.risk_approvers, spec.method, spec.order) == ((), (), None, None)
    assert spec.responsible == Responsible(ANN, ANN, ANN)
    assert (spec.tolerance_ppm, spec.high_from_ppm) == (50_000, 900_000)
    assert spec.maturity == Maturity(30, 800_000)
    assert (spec.handling, spec.costs, spec.truth) == (Handling(), None, None)
    assert spec.ground_truth == Truth(("HUMAN", "CODE"), unstated=True)
    plan = spec.validation
    assert (plan.segments, plan.cadence_days, plan.window_days) == ((), 30, 28)
    assert (spec.rules.unvalidated, spec.rules.missing, spec.rules.invalid) == (
        "review",
        "review",
        "escalate",
    )


def test_several_documents_are_several_entries_and_groups() -> None:
    other = edited("name: invoice-field-confidence", "name: other", ENTRY)
    found = read(f"# first\n---\n{GROUP}---\n{ENTRY}---\n---\n{other}---\n")
    assert [spec.name for spec in found.specs] == ["invoice-field-confidence", "other"]
    assert found.groups == (
        Group("risk/model-validation", ("user:risk/dee.fox", "user:risk/eve.hu")),
    )


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("user:risk/cy.po", ("user:risk/cy.po",)),
        ("group:risk", ("group:risk",)),
        ("[group:risk, user:risk/cy.po]", ("group:risk", "user:risk/cy.po")),
        ("p-0123456789abcdef", ("p-0123456789abcdef",)),
    ],
)
def test_validators_are_a_person_a_group_or_a_list(written: str, read_as: tuple[str, ...]) -> None:
    (spec,) = read(edited("group:risk/model-validation", written)).specs
    assert spec.validators == read_as


REFUSED = [
    # What YAML itself would let pass.
    ("    maxAgeDays: 90", "    maxAgeDays: 90\n    maxAgeDays: 91",
     "line 20, spec.validation.maxAgeDays: stands there twice, first on line 19; keep one."),
    ("team: finance}", "on: finance}",
     'line 5, metadata.labels.on: is read as true or false; write "on".'),
    ("team: finance}", "team: yes}",
     'line 5, metadata.labels.team: yes is read as true or false; write "yes".'),
    ("team: finance}", "1: finance}", 'line 5, metadata.labels.1: is read as a number; write "1".'),
    ("team: finance}", "[a]: finance}",
     "line 5, metadata.labels: has a key that is no text; write a plain word."),
    ("owner: user:finance/ann.lee", "owner: &x user:finance/ann.lee",
     "line 8: sets the anchor &x; leave it out."),
    ("owner: user:finance/ann.lee", "owner: !!str user:finance/ann.lee",
     "line 8: has the tag tag:yaml.org,2002:str; leave it out."),
    ("  owner: user:finance/ann.lee", "  owner: {user",
     "line 9: is no YAML: expected ',' or '}', but got '<scalar>'."),
    ("team: finance}", "team: \x07}",
     "line 5: has a character that YAML does not allow, '\\x07'."),
    # Keys.
    ("  deputies:", "  deputys:",
     "line 9, spec.deputys: is no known field; did you mean deputies?"),
    ("      - {metric: ece, max:", "      - {metric: ece, xyz:",
     "line 23, spec.validation.criteria[0].xyz: is no known field; there are metric, max, min."),
    ("kind: ConfidenceSignal", "kind: ConfidenceSignal\nstatus: {state: validated}",
     "line 3, status: is written by the program only; leave it out."),
    ("  owner: user", "  status: validated\n  owner: user",
     "line 8, spec.status: is written by the program only; leave it out."),
    ("apiVersion: calledger/v1", "apiVersion: calledger/v2",
     'line 1, apiVersion: "calledger/v2" is not known (did you mean calledger/v1?); '
     "write calledger/v1."),
    ("kind: ConfidenceSignal", "kind: Signal",
     'line 2, kind: "Signal" is not known; write ConfidenceSignal or Group.'),
    ("kind: ConfidenceSignal\n", "",
     "line 1, kind: is missing; write kind: ConfidenceSignal or kind: Group."),
    ("  owner: user:finance/ann.lee          # a person, not a group\n", "",
     "line 7, spec.owner: is missing; write one person."),
    ("    minSamples: 400\n", "",
     "line 18, spec.validation.minSamples: is missing; write how many labelled inputs it takes."),
    ("stakes: high, ", "",
     "line 5, metadata.labels.stakes: is missing; write log-only, low, medium or high."),
    # Values.
    ("stakes: high", "stakes: hihg",
     'line 5, metadata.labels.stakes: "hihg" is not known (did you mean high?); '
     "write log-only, low, medium or high."),
    ("order: before", "order: beside",
     'line 12, spec.elicitation.order: "beside" is no order; '
     "write one of before, after, independent, behavioural."),
    ('tolerance: "0.04"', "tolerance: 0.04",
     'line 15, spec.tolerance: 0.04 is not in quotes, and a float is not exact; write "0.04".'),
    ('tolerance: "0.04"', "tolerance: 0",
     'line 15, spec.tolerance: 0 is not in quotes, and a float is not exact; write "0".'),
    ('tolerance: "0.04"', 'tolerance: "abc"',
     'line 15, spec.tolerance: "abc" is no fraction; '
     'write a decimal from 0 to 1 in quotes, as in "0.05".'),
    ('tolerance: "0.04"', "tolerance: abc",
     'line 15, spec.tolerance: "abc" is no fraction; '
     'write a decimal from 0 to 1 in quotes, as in "0.05".'),
    ('tolerance: "0.04"', 'tolerance: "5e-2"',
     'line 15, spec.tolerance: "5e-2" is no fraction; '
     'write a decimal from 0 to 1 in quotes, as in "0.05".'),
    ('tolerance: "0.04"', 'tolerance: "0.1234567"',
     'line 15, spec.tolerance: "0.1234567" has more than 6 decimals; write "0.123456".'),
    ('tolerance: "0.04"', 'tolerance: "1.5"',
     'line 15, spec.tolerance: "1.5" is above 1; '
     'write a decimal from 0 to 1 in quotes, as in "0.05".'),
    ("maxAgeDays: 90", 'maxAgeDays: "90"',
     'line 19, spec.validation.maxAgeDays: "90" is no whole number; '
     "write plain digits without quotes, as in 90."),
    ("maxAgeDays: 90", "maxAgeDays: 010",
     "line 19, spec.validation.maxAgeDays: 010 is no whole number; "
     "write plain digits without quotes, as in 90."),
    ("maxAgeDays: 90", "maxAgeDays: 1:30",
     "line 19, spec.validation.maxAgeDays: 1:30 is no whole number; "
     "write plain digits without quotes, as in 90."),
    ("maxAgeDays: 90", "maxAgeDays: 0",
     'line 19, spec.validation.maxAgeDays: "0" is out of range; '
     "write a whole number from 1 to 36525."),
    ("selfSign: false", "selfSign: no",
     "line 28, spec.validation.selfSign: no is not true or false; "
     "write one of these words, without quotes."),
    ("segments: [lang, source]", "segments: lang",
     'line 21, spec.validation.segments: "lang" is no list; '
     "write it in brackets, as in [a, b]."),
    ("segments: [lang, source]", "segments: [lang, week]",
     'line 21, spec.validation.segments[1]: "week" is no segment of a claim; '
     "write a segment dimension."),
    ("responsible: {monitoring: user:finance/bob.ng}", "responsible: user:finance/bob.ng",
     'line 14, spec.responsible: "user:finance/bob.ng" is no mapping; '
     "write the fields schema, thresholds, monitoring."),
    ('decision: "post the extracted field without a person reading it"', "decision:",
     "line 13, spec.decision: is empty; write some text."),
    ("action: automate}\n    overrides", "action: accept}\n    overrides",
     'line 33, spec.escalation.bands[2].action: "accept" is not known; '
     "write automate, review or escalate."),
    ("where: {lang: hi}", "where: {lang: hi, source: x}",
     "line 35, spec.escalation.overrides[0].where: names 2 segments; "
     "write one, as in {language: hi}."),
    (FALLBACK, f"    knownValues: [de]\n{FALLBACK}",
     "line 39, spec.escalation.knownValues: is no mapping; write fields, one a line."),
    (FALLBACK, f"    knownValues: {{lang: de}}\n{FALLBACK}",
     'line 39, spec.escalation.knownValues.lang: "de" is no list; '
     "write it in brackets, as in [a, b]."),
    (FALLBACK, f"    knownValues: {{lang: [de, no]}}\n{FALLBACK}",
     "line 39, spec.escalation.knownValues.lang[1]: no is read as true or false; "
     'write "no".'),
    # Sense.
    (FALLBACK, f"    knownValues: {{lang: [de, hi]}}\n{FALLBACK}",
     'line 39, spec.escalation.knownValues.lang[1]: "hi" has an override of its own; '
     "leave it out of the list."),
    (FALLBACK, f"    knownValues: {{source: [web]}}\n{FALLBACK}",
     'line 39, spec.escalation.knownValues.source: "source" has no override, so all of its '
     "values fall under the bands; leave it out."),
    ("owner: user:finance/ann.lee", "owner: group:finance",
     'line 8, spec.owner: "group:finance" is a group; '
     "write one person, as in user:finance/ann.lee."),
    ("owner: user:finance/ann.lee", "owner: ann",
     'line 8, spec.owner: "ann" names no person; write one like user:finance/ann.lee.'),
    ("[user:finance/bob.ng]", "[user:finance/ann.lee]",
     'line 9, spec.deputies[0]: "user:finance/ann.lee" is the owner; '
     "write somebody else, or leave it out."),
    ("group:risk/model-validation", "[]",
     "line 10, spec.validators: is empty; "
     "write who may sign: a person, a group, or a list of them."),
    ("group:risk/model-validation", "user:finance/ann.lee",
     'line 10, spec.validators[0]: "user:finance/ann.lee" is the owner, and who prepares a '
     "validation does not sign it; write somebody else."),
    ("group:risk/model-validation", "[group:a, user:finance/bob.ng]",
     'line 10, spec.validators[1]: "user:finance/bob.ng" is a deputy, and who prepares a '
     "validation does not sign it; write somebody else."),
    ("[user:risk/cy.po]", "[user:finance/ann.lee]",
     'line 11, spec.riskApprovers[0]: "user:finance/ann.lee" is the owner, who approves no '
     "waiver of their own signal; write somebody else."),
    ("selfSign: false", "selfSign: true",
     'line 28, spec.validation.selfSign: "true" is only for low stakes; '
     "leave selfSign out and let a validator sign."),
    ('      - {metric: ece, max: "0.05"}\n', "",
     "line 22, spec.validation.criteria: bound no calibration metric, so a confidence far from how "
     "often it is right would pass; add one of gap, high_band_gap, ece, ece_debiased_l2, smece, "
     "cutoff_error, mcb, brier with a max."),
    ('      - {metric: auroc, min: "0.75"}\n', "",
     "line 22, spec.validation.criteria: bound no discrimination metric, so a confidence "
     "collapsed to one value that suits the average would pass while it tells right from wrong "
     "nowhere; add auroc or dsc with a min."),
    ('metric: auroc, min: "0.75"', 'metric: auroc, min: "0.5"',
     'line 24, spec.validation.criteria[1].min: "0.50" bounds nothing; write a min above 0.50, '
     "which a confidence collapsed to one value reaches."),
    ('metric: auroc, min: "0.75"', 'metric: auroc, max: "0.75"',
     'line 24, spec.validation.criteria[1].max: "0.75" is a bound on the wrong side, '
     "as auroc is better larger; write min."),
    ('metric: ece, max: "0.05"', 'metric: ece, max: "1"',
     'line 23, spec.validation.criteria[0].max: "1" bounds hardly anything, as a confidence '
     "that is 25 points off everywhere would pass; write at most 0.25."),
    ('metric: ece, max: "0.05"', "metric: ece",
     "line 23, spec.validation.criteria[0]: has no bound; add max."),
    ('      - {metric: automated_error, max: "0.01"}\n', '      - {metric: ece, max: "0.01"}\n',
     'line 25, spec.validation.criteria[2].metric: "ece" has a criterion already; keep one.'),
    ('metric: automated_error, max: "0.01"', 'metric: mistakes, max: "0.01"',
     'line 25, spec.validation.criteria[2].metric: "mistakes" is no metric; write one of gap, '
     "high_band_gap, ece, ece_debiased_l2, smece, cutoff_error, mcb, brier, auroc, dsc, "
     "automated_error, accuracy, coverage, high_band_accuracy."),
    ('      - {below: "0.90", action: review}', '      - {below: "0.60", action: review}',
     'line 32, spec.escalation.bands[1].below: "0.60" is not above the threshold before it; '
     "write one above 0.62."),
    ("      - {action: automate}\n    overrides",
     '      - {below: "1", action: automate}\n    overrides',
     'line 33, spec.escalation.bands[2].below: "1" is a threshold of the last band, which '
     "reaches to 1; leave it out, or add a band above."),
    # Queues and costs.
    ("review: {queue: desk-2, withinHours: 8}", "review: {queue: desk-2}",
     "line 41, spec.escalation.handling.review.withinHours: is missing; "
     "write in how many hours a case is taken up."),
    ("withinHours: 8", "withinHours: 0",
     'line 41, spec.escalation.handling.review.withinHours: "0" is out of range; '
     "write whole hours from 1 to 8784."),
    ("withinHours: 8", 'withinHours: "8h"',
     'line 41, spec.escalation.handling.review.withinHours: "8h" is no whole number; '
     "write plain digits without quotes, as in 90."),
    ("queue: lead", "queue:",
     "line 42, spec.escalation.handling.escalate.queue: is empty; write some text."),
    ("      escalate: {queue", "      automate: {queue",
     "line 42, spec.escalation.handling.automate: is no known field; "
     "there are review, escalate."),
    ('error: "25"', "error: 25",
     "line 43, spec.costs.error: 25 is not in quotes, and a float is not exact; "
     'write "25".'),
    ('error: "25"', 'error: "-1"',
     'line 43, spec.costs.error: "-1" is no amount; '
     'write a decimal below a thousand million in quotes, as in "2.50".'),
    ('review: "0.5"', 'review: "0.1234567"',
     'line 43, spec.costs.review: "0.1234567" is no amount; '
     'write a decimal below a thousand million in quotes, as in "2.50".'),
    ('error: "25", ', "",
     "line 43, spec.costs.error: is missing; "
     'write what one automated error costs, as in "2.50".'),
    ("unit: EUR", "unit: euros or something like it",
     'line 43, spec.costs.unit: "euros or something like it" is no unit; '
     "write one word of at most 20 characters, as in EUR."),
    ("missing: review", "missing: automate",
     'line 39, spec.escalation.fallback.missing: "automate" lets a fallback act by itself; '
     "write review or escalate."),
    ("sources: [HUMAN], ", "",
     "line 44, spec.truth.sources: is missing; write whose labels are truth, as in [HUMAN, CODE]."),
    ("[HUMAN], ", "[HUMAN, LLM], ",
     'line 44, spec.truth.sources[1]: "LLM" is a judge\'s label, which stands beside the truth and '
     "is never taken for it; leave it out, and register the judge as a signal of its own to check "
     "it."),
    ("[HUMAN], ", "[], ", "line 44, spec.truth.sources: is empty; write HUMAN or CODE, or both."),
    ("[HUMAN], ", "[ROBOT], ",
     'line 44, spec.truth.sources[0]: "ROBOT" is no source of labels; write HUMAN or CODE.'),
    ("unstated: false}", "unstated: maybe}",
     'line 44, spec.truth.unstated: "maybe" is not true or false; '
     "write one of these words, without quotes."),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), REFUSED, ids=[one[2][:60] for one in REFUSED])
def test_a_fault_is_refused_with_its_line_its_field_and_the_mend(
    old: str, new: str, said: str
) -> None:
    assert f"signals.yaml {said}" in problems(edited(old, new))


@pytest.mark.parametrize(("old", "new", "said"), REFUSED, ids=[one[2][:60] for one in REFUSED])
def test_one_fault_is_one_problem(old: str, new: str, said: str) -> None:
    assert len(problems(edited(old, new))) == 1


def test_all_problems_of_a_file_are_named_at_once_by_line() -> None:
    text = f"{ENTRY}---\n{GROUP}"
    for old, new in (
        ("owner: user:finance/ann.lee", "owner: group:finance"),
        ('tolerance: "0.04"', "tolerance: 0.04"),
        ("  deputies:", "  deputys:"),
        ('min: "0.75"', 'min: "high"'),
        ('below: "0.95"', 'below: "0"'),
        ("user:risk/dee.fox", "group:others"),
    ):
        text = edited(old, new, text)
    assert [re.sub(r":.*", "", line) for line in problems(text)] == [
        "signals.yaml line 8, spec.owner",
        "signals.yaml line 9, spec.deputys",
        "signals.yaml line 15, spec.tolerance",
        "signals.yaml line 24, spec.validation.criteria[1].min",
        "signals.yaml line 37, spec.escalation.overrides[0].bands[0].below",
        "signals.yaml line 51, spec.members[0]",
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n---\n", "---\n# x\n"])
def test_a_file_without_an_entry_is_refused(text: str) -> None:
    assert problems(text) == [
        "signals.yaml line 1: holds no entry; write one that begins with apiVersion: calledger/v1."
    ]


def test_a_signal_may_stand_in_a_file_once() -> None:
    assert problems(f"{ENTRY}---\n{ENTRY}") == [
        'signals.yaml line 49, metadata.name: "invoice-field-confidence" has an entry already, '
        "on line 4; keep one."
    ]


def test_a_signal_and_a_group_may_share_a_name() -> None:
    text = edited("risk/model-validation", "invoice-field-confidence", GROUP)
    assert len(read(f"{ENTRY}---\n{text}").groups) == 1


@pytest.mark.parametrize("text", ["[1, 2]", "just text", "- a\n- b"])
def test_a_document_that_is_no_mapping_is_refused(text: str) -> None:
    (said,) = problems(text)
    assert "is no mapping; write the fields apiVersion, kind, metadata, spec." in said


def test_an_alias_bomb_is_refused_before_it_is_built() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(20)
    )
    assert problems(bomb) == ["signals.yaml line 1: sets the anchor &a; leave it out."]


def test_a_file_nested_without_end_is_refused() -> None:
    assert problems("[" * 100_000) == [
        "signals.yaml line 1: is nested more than 20 deep; no entry is."
    ]


def test_the_author_may_sign_where_the_stakes_are_low_and_the_entry_says_so() -> None:
    low = edited("stakes: high", "stakes: low")
    own = edited("group:risk/model-validation", "user:finance/ann.lee", low)
    assert problems(own) == [
        'signals.yaml line 10, spec.validators[0]: "user:finance/ann.lee" is the owner, and who '
        "prepares a validation does not sign it; write somebody else, or set validation.selfSign."
    ]
    (spec,) = read(edited("selfSign: false", "selfSign: true", own)).specs
    assert spec.validation.self_sign


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(RegistryFileError):
        read(text)


@given(st.data())
def test_an_entry_with_a_line_lost_or_doubled_is_read_or_refused(data: st.DataObject) -> None:
    lines = ENTRY.splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at : at + 1] = [lines[at]] * data.draw(st.sampled_from([0, 2]))
    text = "".join(lines)
    try:
        found = len(read(text).specs)
    except RegistryFileError as refusal:
        found = min(1 <= one.line <= len(lines) + 1 for one in refusal.problems)
    assert found == 1


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "signals.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + ENTRY.encode())
    assert read_path(path) == read(ENTRY)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"There is no file .*absent\.yaml"):
        read_path(tmp_path / "absent.yaml")


def test_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be read: Is a directory"):
        read_path(tmp_path)


def test_a_file_that_is_not_utf_8_is_refused_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "signals.yaml"
    path.write_bytes(ENTRY.replace("finance}", "f\xfcr}").encode("latin-1"))
    with pytest.raises(RegistryFileError, match=r"^signals\.yaml line 5: is not UTF-8 text"):
        read_path(path)


def test_people_are_named_once_the_owner_first_and_groups_apart() -> None:
    (spec,) = read(ENTRY).specs
    assert people_of(spec) == (ANN, BOB, "user:risk/cy.po")
    assert groups_of(spec) == ("risk/model-validation",)


def test_people_are_translated_everywhere_and_back() -> None:
    (spec,) = read(ENTRY).specs
    subs = {person: f"p-{i:016x}" for i, person in enumerate(people_of(spec))}
    handles = {sub: person for person, sub in subs.items()}
    translated = with_people(spec, subs.__getitem__)
    assert people_of(translated) == tuple(subs.values())
    assert translated.validators == ("group:risk/model-validation",)
    assert with_people(translated, handles.__getitem__) == spec


_MANY_FIELDS = "".join(f"  field{i}: 1\n" for i in range(5_000))
_LABELS = "".join(f"    label{i}: 1\n" for i in range(5_000))


@pytest.mark.parametrize(
    "text",
    [
        "---\na: b\n" * 2_500,
        "".join(f"field{i}: 1\n" for i in range(5_000)),
        f"apiVersion: calledger/v1\nkind: ConfidenceSignal\nspec:\n{_MANY_FIELDS}",
        f"apiVersion: calledger/v1\nkind: ConfidenceSignal\nmetadata:\n  labels:\n{_LABELS}",
    ],
)
def test_of_a_file_full_of_problems_ten_are_said_and_the_others_counted(text: str) -> None:
    started = time.process_time()
    with pytest.raises(RegistryFileError) as refused:
        read(text)
    # A twentieth of the work that grew with the square of the problems.
    assert time.process_time() - started < 1.5
    *first, last = str(refused.value).splitlines()
    n = len(refused.value.problems)
    assert n >= 2_500
    assert len(first) == 10
    assert last == f"And {n - 10:,} more problems."
    assert len(str(refused.value)) < 3_000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("stakes: high", "stakes: " + "x" * 1_000_000),
        ("stakes: high", "stakes: " + "1" * 1_000_000),
        ("stakes: high", "stakes: high, " + "k" * 900 + ": 1"),
        ("owner: user:finance/ann.lee", "owner: " + "x" * 1_000_000),
        ('max: "0.05"', 'max: "0.' + "0" * 1_000_000 + '5"'),
        ("decision:", "decision: &" + "a" * 100_000),
    ],
)
def test_a_long_value_is_cut_in_the_message(old: str, new: str) -> None:
    (problem,) = problems(edited(old, new))[:1]
    assert len(problem) < 700


def test_of_a_few_problems_all_are_said() -> None:
    with pytest.raises(RegistryFileError) as refused:
        read("---\na: b\n")
    assert len(str(refused.value).splitlines()) == len(refused.value.problems) < 10
