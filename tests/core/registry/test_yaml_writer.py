"""Entries written out as YAML are read back equal, whatever their texts hold."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import PPM
from core.measure.metrics.bounded import CALIBRATION_METRICS, DISCRIMINATION_METRICS
from core.queries.base.truth import TRUTH_SOURCES, Truth
from core.registry.escalation_rules import Rules
from core.registry.signal_spec import (
    LOG_ONLY,
    UNPLANNED,
    UNRULED,
    Costs,
    Criterion,
    Group,
    Handling,
    Queue,
    Responsible,
    SignalSpec,
    Stakes,
    ValidationPlan,
)
from core.registry.spec_rules import check_spec
from core.registry.value_checks import ORDERS
from core.registry.yaml_reader import RegistryFileError, read
from core.registry.yaml_writer import example, write
from core.terms import Maturity
from tests.worlds.governed.rounds import examples
from tests.worlds.governed.rule_sets import rule_sets

text = (
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20)
    | st.sampled_from(["on", "no", "null", "~", "1", "0.5", "1:30", "2026-11-02", "a: b", "#x"])
    | st.sampled_from(
        ["- a", "{a}", "[a", "&a", "*a", "!a", "'", '"', "\\", "a\nb", "é\u0301", "𝟙"]
    )
    | st.sampled_from(["\ufeffa", "a\ufffe", "a\u202eb", "---", "...", "? a", "<<", "="])
).filter(lambda value: value == value.strip())
names = st.from_regex(r"[A-Za-z0-9._/@+-]{1,12}", fullmatch=True)
handles = names.map(lambda name: f"user:{name}") | st.just("p-0123456789abcdef")
references = handles | names.map(lambda name: f"group:{name}")
ppm = st.integers(1, PPM - 1)
#: A bound that every metric that is better smaller may have.
strict = st.integers(1, 62_500)
days = st.integers(1, 1000)
dimensions = st.sampled_from(["language", "topic", "a.b-c", "1", "on"])


any_rules = rule_sets(ppm, dimensions, text)


@st.composite
def listing(draw: st.DrawFn) -> Rules:
    """Rules that list other values of the dimensions of their overrides."""
    rules = draw(any_rules)
    several = {one.dimension.lower(): one.dimension for one in rules.overrides}
    values = st.lists(text, min_size=1, max_size=3, unique=True).map(tuple)
    return replace(rules, known_values=tuple((name, draw(values)) for name in several.values()))


plans = st.builds(
    ValidationPlan,
    days,
    days,
    st.tuples(
        st.builds(Criterion, st.sampled_from(CALIBRATION_METRICS), maximum_ppm=strict),
        st.builds(
            Criterion,
            st.sampled_from(DISCRIMINATION_METRICS),
            minimum_ppm=st.integers(500_001, PPM),
        ),
        st.builds(Criterion, st.just("automated_error"), maximum_ppm=strict),
    ),
    st.lists(dimensions, max_size=3, unique=True).map(tuple),
    days,
    days,
)
pairs = st.lists(st.tuples(names, text), max_size=2, unique_by=lambda one: one[0]).map(tuple)
specs = st.builds(
    SignalSpec,
    name=text,
    decision=text,
    stakes=st.sampled_from(sorted({*get_args(Stakes)} - {LOG_ONLY})),
    owner=handles,
    deputies=st.lists(handles, max_size=2, unique=True).map(tuple),
    validators=st.lists(references, min_size=1, max_size=2, unique=True).map(tuple),
    risk_approvers=st.lists(references, max_size=2, unique=True).map(tuple),
    responsible=st.builds(Responsible, handles, handles, handles),
    method=st.none() | text,
    order=st.none() | st.sampled_from(ORDERS),
    validation=plans,
    rules=any_rules | listing(),
    tolerance_ppm=st.integers(0, PPM),
    high_from_ppm=st.integers(0, PPM),
    maturity=st.builds(Maturity, days, ppm),
    labels=pairs,
    annotations=pairs,
    handling=st.builds(Handling, *[st.none() | st.builds(Queue, text, st.integers(1, 100))] * 2),
    costs=st.none()
    | st.builds(Costs, text, *[st.integers(0, 10**15 - 1) | st.integers(0, 10**7)] * 3),
    truth=st.none()
    | st.builds(
        Truth,
        st.lists(st.sampled_from(TRUTH_SOURCES), min_size=1, unique=True).map(tuple),
        st.booleans(),
        st.none() | ppm,
    ),
)
undeciding = specs.map(
    lambda spec: replace(
        spec,
        stakes=LOG_ONLY,
        validators=(),
        risk_approvers=(),
        validation=UNPLANNED,
        rules=UNRULED,
        handling=Handling(),
    )
)
specs = (specs | undeciding).filter(lambda spec: not check_spec(spec))
groups = st.builds(Group, names, st.lists(handles, max_size=3, unique=True).map(tuple))


@settings(max_examples=examples(15, 500))
@given(
    st.lists(specs, max_size=2, unique_by=lambda one: one.name),
    st.lists(groups, max_size=2, unique_by=lambda one: one.name),
)
def test_what_is_written_is_read_back_equal(entries: list[SignalSpec], teams: list[Group]) -> None:
    if not entries and not teams:
        assert write(entries, teams) == ""
        return
    found = read(write(entries, teams))
    assert found.specs == tuple(sorted(entries, key=lambda one: one.name))
    assert found.groups == tuple(sorted(teams, key=lambda one: one.name))


@settings(max_examples=examples(15, 500))
@given(st.lists(specs, min_size=1, max_size=2, unique_by=lambda one: one.name))
def test_the_same_entries_are_the_same_text_in_whatever_order(entries: list[SignalSpec]) -> None:
    assert write(entries) == write(entries[::-1])
    assert write(read(write(entries)).specs) == write(entries)


def filled(entry: str) -> str:
    return (
        entry.replace("<owner>", "finance/ann.lee")
        .replace("<deputy>", "finance/bob.ng")
        .replace("<validator>", "risk/cy.po")
    )


@given(text.filter(lambda name: "\n" not in name))
def test_the_example_is_an_entry_once_its_people_are_filled_in(name: str) -> None:
    (spec,) = read(filled(example(name))).specs
    assert spec.name == name
    assert spec.owner == "user:finance/ann.lee"


def test_the_example_is_refused_at_exactly_its_people_before() -> None:
    with pytest.raises(RegistryFileError) as refusal:
        read(example("triage"))
    assert [one.field for one in refusal.value.problems] == [
        "spec.owner",
        "spec.deputies[0]",
        "spec.validators[0]",
    ]


def test_every_blank_of_the_example_is_a_person() -> None:
    assert re.findall(r"<\w+>", filled(example("triage"))) == []


def test_an_entry_is_written_as_people_write_it() -> None:
    (spec,) = read(filled(example("triage"))).specs
    assert (
        write([spec], [Group("risk", ("user:risk/cy.po",))])
        == """\
apiVersion: calledger/v1
kind: Group
metadata:
  name: risk
spec:
  members: [user:risk/cy.po]
---
apiVersion: calledger/v1
kind: ConfidenceSignal
metadata:
  name: triage
  labels: {stakes: high}
spec:
  owner: user:finance/ann.lee
  deputies: [user:finance/bob.ng]
  validators: [user:risk/cy.po]
  decision: "what it decides, for example: the answer is sent without a person reading it"
  tolerance: "0.05"  # the gap that is accepted
  highConfidence: "0.90"
  maturity: {days: 30, coverage: "0.80"}  # whichever is first
  truth: {sources: [HUMAN, CODE], unstated: true}  # whose labels count
  validation:
    maxAgeDays: 90
    minSamples: 400
    criteria:
      - {metric: ece, max: "0.05"}
      - {metric: auroc, min: "0.75"}
      - {metric: automated_error, max: "0.01"}
      - {metric: high_band_gap, max: "0.05"}
    cadenceDays: 30
    windowDays: 28
  escalation:
    bands:  # ordered; the last has no `below`, and a threshold belongs to the band above it
      - {below: "0.62", action: escalate}
      - {action: review}
    fallback: {unvalidated: review, missing: review, invalid: escalate}
"""
    )


def test_queues_and_costs_are_written_as_people_write_them() -> None:
    commented = filled(example("triage"))
    used = re.sub(r"^( *)# (handling|  review|  escalate|costs)", r"\1\2", commented, flags=re.M)
    assert commented.count("\n") == used.count("\n")
    assert used != commented
    (spec,) = read(used).specs
    assert write([spec]).endswith(
        """\
    handling:  # where cases wait, and in how many hours they are taken up
      review: {queue: desk-2, withinHours: 8}
      escalate: {queue: lead, withinHours: 2}
  costs: {unit: EUR, error: "25", review: "3", escalate: "8"}  # of one case each
"""
    )
