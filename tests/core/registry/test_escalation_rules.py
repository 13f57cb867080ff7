"""Every input gets exactly one action, and the table people read says which."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.events import PPM, quantise
from core.registry.escalation_rules import (
    ACTIONS,
    Action,
    Answer,
    Override,
    RuleBand,
    RuleRow,
    Rules,
    check_rules,
    compile_rules,
    decide,
    fraction,
    stated_ppm,
    table,
    told_apart,
)

SPEC = Rules(
    (RuleBand(620_000, "escalate"), RuleBand(900_000, "review"), RuleBand(None, "automate")),
    (Override("language", "hi", (RuleBand(950_000, "review"), RuleBand(None, "automate"))),),
    known_values=(("language", ("de", "HI")),),
)


@st.composite
def ladders(draw: st.DrawFn) -> tuple[RuleBand, ...]:
    """Any bands the schema accepts: rising cuts, actions of falling human involvement."""
    cuts = sorted(draw(st.sets(st.integers(1, PPM - 1), max_size=4)))
    actions = draw(
        st.lists(st.sampled_from(ACTIONS), min_size=len(cuts) + 1, max_size=len(cuts) + 1)
    )
    actions.sort(key=ACTIONS.index, reverse=True)
    return tuple(map(RuleBand, [*cuts, None], actions))


people: st.SearchStrategy[Action] = st.sampled_from(["review", "escalate"])
segment_values = st.sampled_from(["de", "hi", "x"])
segments_of_claims = st.dictionaries(
    st.sampled_from(["language", "topic", "Topic"]), st.sampled_from(["de", "hi", "x", "other"])
)
#: Every dimension has a value that falls under the bands.
known_values = st.just((("language", ("other",)), ("Topic", ("other",))))
overrides = st.lists(
    st.builds(Override, st.sampled_from(["language", "topic"]), segment_values, ladders()),
    max_size=3,
    unique_by=lambda one: (one.dimension, one.value),
).map(tuple)
rule_sets = st.builds(Rules, ladders(), overrides, people, people, people, known_values).filter(
    lambda rules: not check_rules(rules)
)
ppms = st.integers(0, PPM)


class Hostile:
    """Raises whatever one does with it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    __hash__ = None  # type: ignore[assignment]


class HostileFloat(float):
    def __le__(self, other: object) -> bool:
        raise RuntimeError("compared")

    def __ge__(self, other: object) -> bool:
        raise RuntimeError("compared")

    def __float__(self) -> float:
        raise RuntimeError("converted")


anything: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.floats(0, 1),
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.just(Decimal("sNaN")),
    st.fractions(),
    st.complex_numbers(),
    st.text(),
    st.binary(),
    st.floats(width=32).map(np.float32),
    st.floats(width=16).map(np.float16),
    st.floats().map(np.longdouble),
    st.integers(0, 1).map(np.int8),
    st.booleans().map(np.bool_),
    st.lists(st.floats(0, 1), max_size=2),
    st.lists(st.floats(0, 1), max_size=2).map(np.array),
    st.dictionaries(st.text(max_size=2), st.floats(), max_size=2),
    st.datetimes(),
    st.sampled_from([object(), HostileFloat(0.5), float, decide, Ellipsis]),
)


@given(rule_sets, anything, segments_of_claims, st.booleans())
@example(SPEC, math.nan, {}, True)
@example(SPEC, 1.0001, {}, True)
@example(SPEC, -1e-300, {}, True)
@example(SPEC, -0.0, {}, True)
def test_any_object_gets_exactly_one_action_of_a_row_of_the_table(
    rules: Rules, confidence: object, segments: Mapping[str, str], may_act: bool
) -> None:
    answer = decide(rules, confidence, segments, may_act=may_act)
    rows = [row for row in table(rules) if row.rule == answer.rule]
    assert [row.action for row in rows] == [answer.action]


@given(rule_sets, anything, segments_of_claims, st.booleans())
def test_the_same_input_gets_the_same_answer(
    rules: Rules, confidence: object, segments: Mapping[str, str], may_act: bool
) -> None:
    again = compile_rules(rules)(confidence, dict(segments), may_act=may_act)
    assert decide(rules, confidence, segments, may_act=may_act) == again


@given(rule_sets, ppms, ppms, segments_of_claims, st.booleans())
def test_a_higher_confidence_never_gets_more_human_involvement(
    rules: Rules, one: int, other: int, segments: Mapping[str, str], may_act: bool
) -> None:
    low, high = (
        ACTIONS.index(decide(rules, ppm / PPM, segments, may_act=may_act).action)
        for ppm in sorted((one, other))
    )
    assert high <= low


@given(rule_sets, anything, segments_of_claims, st.booleans())
def test_only_a_stated_confidence_that_may_act_is_automated(
    rules: Rules, confidence: object, segments: Mapping[str, str], may_act: bool
) -> None:
    answer = decide(rules, confidence, segments, may_act=may_act)
    assert answer.action != "automate" or (may_act and answer.ppm is not None)


def test_an_object_that_raises_whatever_one_does_with_it_is_invalid() -> None:
    assert decide(SPEC, Hostile(), {}, may_act=True) == Answer("escalate", "fallback:invalid", None)


def claims_of(row: RuleRow) -> dict[str, str]:
    """Segments of a claim the row is for."""
    others = {"language": "other", "topic": "other"}
    return others if row.where is None else others | dict([row.where])


@given(rule_sets, st.data())
def test_table_and_gate_agree_on_every_row_edges_and_inside(
    rules: Rules, data: st.DataObject
) -> None:
    for row in table(rules):
        if row.from_ppm is None:
            continue
        top = PPM if row.below_ppm is None else row.below_ppm - 1
        inside = data.draw(st.integers(row.from_ppm, top))
        for ppm in (row.from_ppm, inside, top):
            answer = decide(rules, ppm / PPM, claims_of(row), may_act=True)
            assert answer == Answer(row.action, row.rule, ppm)
        for ppm in (row.from_ppm - 1, top + 1):
            if 0 <= ppm <= PPM:
                assert decide(rules, ppm / PPM, claims_of(row), may_act=True).rule != row.rule


@given(rule_sets)
def test_the_rows_of_each_group_of_claims_cover_zero_to_one_once(rules: Rules) -> None:
    for where in {row.where for row in table(rules)}:
        rows = [row for row in table(rules) if row.where == where and not row.case]
        assert rows[0].from_ppm == 0
        assert rows[-1].below_ppm is None
        assert all(lower.below_ppm == upper.from_ppm for lower, upper in pairwise(rows))


@given(rule_sets)
def test_no_two_rows_share_a_name(rules: Rules) -> None:
    names = [row.rule for row in table(rules)]
    assert len(names) == len(set(names))


@given(rule_sets)
def test_fallback_rows_say_what_the_gate_does(rules: Rules) -> None:
    asked: dict[str, tuple[object, bool]] = {
        "fallback:missing": (None, True),
        "fallback:missing+unvalidated": (None, False),
        "fallback:invalid": ("0.5", True),
        "fallback:invalid+unvalidated": ("0.5", False),
        "fallback:unvalidated": (0.5, False),
    }
    rows = {row.rule: row.action for row in table(rules) if row.case}
    answers = {
        rule: decide(rules, confidence, {}, may_act=may_act)
        for rule, (confidence, may_act) in asked.items()
    }
    assert {rule: answer.action for rule, answer in answers.items()} == rows
    assert all(answer.rule == rule for rule, answer in answers.items())


DE = {"language": "de"}


@pytest.mark.parametrize(
    ("confidence", "segments", "may_act", "action", "rule"),
    [
        (0.0, DE, True, "escalate", "band:0-0.62"),
        (0.62, DE, True, "review", "band:0.62-0.90"),
        (0.899999, DE, True, "review", "band:0.62-0.90"),
        (0.90, DE, True, "automate", "band:0.90-1"),
        (0.8999999, DE, True, "automate", "band:0.90-1"),
        (1, DE, True, "automate", "band:0.90-1"),
        (Decimal("0.9"), DE, True, "automate", "band:0.90-1"),
        (Fraction(9, 10), DE, True, "automate", "band:0.90-1"),
        (np.float32(0.9), DE, True, "automate", "band:0.90-1"),
        (0.0, {}, True, "escalate", "band:0-0.62"),
        (0.90, {}, True, "review", "override:language=hi:band:0-0.95"),
        (0.95, {}, True, "automate", "band:0.90-1"),
        (0.90, {"language": "hl"}, True, "review", "override:language=hi:band:0-0.95"),
        (
            0.90,
            {"language": "de", "Language": "hi"},
            True,
            "review",
            "override:language=hi:band:0-0.95",
        ),
        (0.90, {"language": "hi"}, True, "review", "override:language=hi:band:0-0.95"),
        (0.95, {"language": "hi"}, True, "automate", "override:language=hi:band:0.95-1"),
        (0.90, {"language": "de"}, True, "automate", "band:0.90-1"),
        (0.90, {}, False, "review", "fallback:unvalidated"),
        (0.10, {}, False, "review", "fallback:unvalidated"),
        (None, {}, True, "review", "fallback:missing"),
        (math.nan, {}, True, "escalate", "fallback:invalid"),
        (math.inf, {}, True, "escalate", "fallback:invalid"),
        (-0.000001, {}, True, "escalate", "fallback:invalid"),
        (1.0001, {}, True, "escalate", "fallback:invalid"),
        (math.nextafter(1, 2), {}, True, "escalate", "fallback:invalid"),
        (Decimal("1.00000000000000000001"), {}, True, "escalate", "fallback:invalid"),
        (True, {}, True, "escalate", "fallback:invalid"),
        (np.True_, {}, True, "escalate", "fallback:invalid"),
        ("0.95", {}, True, "escalate", "fallback:invalid"),
        ("", {}, True, "escalate", "fallback:invalid"),
        (10**400, {}, True, "escalate", "fallback:invalid"),
        (datetime(2026, 11, 2), {}, True, "escalate", "fallback:invalid"),
        (None, {}, False, "review", "fallback:missing+unvalidated"),
        ("no", {}, False, "escalate", "fallback:invalid+unvalidated"),
    ],
)
def test_hand_worked_answers(
    confidence: object, segments: dict[str, str], may_act: bool, action: str, rule: str
) -> None:
    answer = decide(SPEC, confidence, segments, may_act=may_act)
    assert (answer.action, answer.rule) == (action, rule)


def test_of_two_fallbacks_the_one_with_more_human_involvement_is_taken() -> None:
    bands = SPEC.bands
    strict = Rules(bands, unvalidated="escalate", missing="review", invalid="review")
    lax = Rules(bands, unvalidated="review", missing="escalate", invalid="escalate")
    for rules in (strict, lax):
        assert decide(rules, None, {}, may_act=False).action == "escalate"
        assert decide(rules, "x", {}, may_act=False).action == "escalate"


def test_of_two_overrides_that_fit_the_first_is_taken() -> None:
    always = (RuleBand(None, "review"),)
    rules = Rules(
        SPEC.bands,
        (Override("topic", "law", always), Override("language", "hi", SPEC.bands)),
    )
    answer = decide(rules, 0.99, {"language": "hi", "topic": "law"}, may_act=True)
    assert answer.rule == "override:topic=law:band:0-1"


@pytest.mark.parametrize(("written", "claimed"), [("language", "Language"), ("LANG", "lang")])
def test_a_dimension_is_known_in_whatever_case_it_is_spelled(written: str, claimed: str) -> None:
    always = Override(written, "hi", (RuleBand(None, "review"),))
    rules = Rules(SPEC.bands, (always,), known_values=((written.upper(), ("HI",)),))
    assert decide(rules, 0.99, {claimed: "hi"}, may_act=True).action == "review"
    assert decide(rules, 0.99, {claimed: "HI"}, may_act=True).action == "automate"


@given(rule_sets, ppms, segments_of_claims)
def test_no_claim_is_handled_less_strictly_than_any_rule_that_could_be_meant(
    rules: Rules, ppm: int, segments: Mapping[str, str]
) -> None:
    answer = decide(rules, ppm / PPM, segments, may_act=True)
    meant = [ACTIONS.index(one.action) for one in of_every_claim_meant(rules, ppm, segments)]
    assert ACTIONS.index(answer.action) == max(meant)


def of_every_claim_meant(rules: Rules, ppm: int, segments: Mapping[str, str]) -> list[Answer]:
    """The answers to every claim without a doubt that a claim may be."""
    several = []
    for dimension in ("language", "topic"):
        stated = {value for name, value in segments.items() if name.lower() == dimension}
        special = {one.value for one in rules.overrides if one.dimension == dimension}
        sure = len(stated) == 1 and stated <= special | {"other"}
        several.append(stated if sure else special | {"other"})
    return [
        decide(rules, ppm / PPM, {"language": one, "topic": other}, may_act=True)
        for one in several[0]
        for other in several[1]
    ]


@given(rule_sets, ppms, segments_of_claims)
def test_an_answer_names_the_dimensions_of_which_it_knows_no_value(
    rules: Rules, ppm: int, segments: Mapping[str, str]
) -> None:
    found = decide(rules, ppm / PPM, segments, may_act=True).unsure
    for dimension in {one.dimension for one in rules.overrides}:
        stated = {value for name, value in segments.items() if name.lower() == dimension}
        special = {one.value for one in rules.overrides if one.dimension == dimension}
        sure = len(stated) == 1 and stated <= special | {"other"}
        assert (dimension in found) == (not sure)


@given(rule_sets, ppms, segments_of_claims)
def test_claims_told_apart_by_one_code_get_one_answer(
    rules: Rules, ppm: int, segments: Mapping[str, str]
) -> None:
    apart = told_apart([rules])
    answers = [decide(rules, *apart.claim(code), may_act=True) for code in range(apart.size)]
    answer = decide(rules, ppm / PPM, segments, may_act=True)
    assert (answer.action, answer.rule) in {(one.action, one.rule) for one in answers}


@given(st.floats(0, 1))
def test_a_valid_confidence_is_quantised_as_an_import_does(confidence: float) -> None:
    assert stated_ppm(confidence) == quantise(confidence)
    assert decide(SPEC, confidence, {}, may_act=False).ppm == quantise(confidence)


@pytest.mark.parametrize(
    ("rules", "place", "words"),
    [
        (Rules(()), "bands", "is empty; write at least one band"),
        (
            Rules((RuleBand(900_000, "review"),)),
            "bands[0].below",
            "is a threshold of the last band",
        ),
        (
            Rules((RuleBand(None, "review"), RuleBand(None, "automate"))),
            "bands[0].below",
            "is missing; only the last band has no threshold",
        ),
        (
            Rules((RuleBand(0, "review"), RuleBand(None, "automate"))),
            "bands[0].below",
            "is no threshold; write one above 0 and below 1",
        ),
        (
            Rules((RuleBand(PPM, "review"), RuleBand(None, "automate"))),
            "bands[0].below",
            "is no threshold; write one above 0 and below 1",
        ),
        (
            Rules((RuleBand(9, "escalate"), RuleBand(9, "review"), RuleBand(None, "automate"))),
            "bands[1].below",
            "is not above the threshold before it; write one above 0.000009",
        ),
        (
            Rules((RuleBand(500_000, "automate"), RuleBand(None, "review"))),
            "bands[1].action",
            "is more human involvement than automate for a lower confidence",
        ),
        (
            Rules(
                SPEC.bands, (Override("a", "b", (RuleBand(5, "review"), RuleBand(4, "automate"))),)
            ),
            "overrides[0].bands[1].below",
            "is a threshold of the last band",
        ),
        (
            Rules(SPEC.bands, (Override("a", "b", SPEC.bands), Override("a", "b", SPEC.bands))),
            "overrides[1].where",
            "has an override already",
        ),
        (
            Rules(SPEC.bands, unvalidated="automate"),
            "fallback.unvalidated",
            "lets a fallback act by itself",
        ),
        (
            Rules(SPEC.bands, missing="automate"),
            "fallback.missing",
            "lets a fallback act by itself",
        ),
        (
            Rules(SPEC.bands, invalid="automate"),
            "fallback.invalid",
            "lets a fallback act by itself",
        ),
        (Rules((RuleBand(None, "automate"),)), "bands", "the signal decides nothing"),
        (
            Rules((RuleBand(500_000, "review"), RuleBand(None, "review"))),
            "bands",
            "the signal decides nothing",
        ),
    ],
)
def test_a_rule_set_that_cannot_be_run_is_refused_with_the_place_and_the_mend(
    rules: Rules, place: str, words: str
) -> None:
    found = [problem.words for problem in check_rules(rules) if problem.place == place]
    assert any(words in one for one in found)
    with pytest.raises(ValueError, match="cannot be run"):
        compile_rules(rules)


def test_every_problem_of_a_rule_set_is_found_at_once() -> None:
    rules = Rules(
        (RuleBand(900_000, "review"), RuleBand(620_000, "escalate"), RuleBand(None, "automate")),
        missing="automate",
    )
    assert [problem.place for problem in check_rules(rules)] == [
        "bands[1].below",
        "bands[1].action",
        "fallback.missing",
    ]


def test_a_segment_may_always_go_to_a_person_while_others_are_told_apart() -> None:
    always = Override("language", "hi", (RuleBand(None, "review"),))
    assert check_rules(Rules(SPEC.bands, (always,))) == ()


@pytest.mark.parametrize(
    ("ppm", "words"),
    [
        (0, "0"),
        (PPM, "1"),
        (900_000, "0.90"),
        (620_000, "0.62"),
        (125_000, "0.125"),
        (1, "0.000001"),
        (999_999, "0.999999"),
    ],
)
def test_a_cut_is_written_as_people_wrote_it(ppm: int, words: str) -> None:
    assert fraction(ppm) == words


@given(ppms)
def test_a_written_cut_is_the_cut(ppm: int) -> None:
    assert Decimal(fraction(ppm)) * PPM == ppm


def test_the_table_reads_as_the_rules_were_written() -> None:
    assert [(row.whom, row.words, row.action) for row in table(SPEC)] == [
        ("language=hi", "0 up to below 0.95", "review"),
        ("language=hi", "0.95 up to 1", "automate"),
        ("all other claims", "0 up to below 0.62", "escalate"),
        ("all other claims", "0.62 up to below 0.90", "review"),
        ("all other claims", "0.90 up to 1", "automate"),
        ("all claims", "no confidence stated", "review"),
        ("all claims", "no confidence stated, and the fingerprint may not act", "review"),
        ("all claims", "what is stated is no number in [0, 1]", "escalate"),
        (
            "all claims",
            "what is stated is no number in [0, 1], and the fingerprint may not act",
            "escalate",
        ),
        ("all claims", "the fingerprint may not act", "review"),
    ]
