"""The confidence that follows from sampled answers, worked out by hand."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.derive.agreement import Columns, Row, Underivable, derived
from core.derive.answer_keys import exact

GIVEN = Columns(given="final")


def sampled(*answers: str, of: str = "q1") -> list[Row]:
    return [{"input_id": of, "answer": one, "ts": "2026-11-02", "final": None} for one in answers]


def answered(answer: str, of: str = "q1", **more: str) -> Row:
    return {"input_id": of, "answer": answer, "ts": "2026-11-02", "final": "true"} | more


def claims(rows: Sequence[Row], columns: Columns = GIVEN) -> list[dict[str, str | None]]:
    found = list(derived(rows, columns, exact, signal="s"))
    assert not [one for one in found if isinstance(one, Underivable)]
    return [one for one in found if not isinstance(one, Underivable)]


def refusal(rows: Sequence[Row], columns: Columns = GIVEN) -> str:
    (found,) = derived(rows, columns, exact, signal="s")
    assert isinstance(found, Underivable)
    return found.reason


def test_the_confidence_is_the_share_of_the_other_answers_that_are_the_given_one() -> None:
    (claim,) = claims([answered("Paris"), *sampled("Paris", "Lyon", "Paris", "Paris")])
    assert claim["confidence"] == "0.75"
    assert (claim["agreement_sampled"], claim["agreement_agreeing"]) == ("4", "3")


def test_a_given_answer_that_no_sample_repeats_has_confidence_zero() -> None:
    (claim,) = claims([answered("Nice"), *sampled("Paris", "Lyon")])
    assert claim["confidence"] == "0.0"


def test_without_a_given_answer_the_commonest_is_it_and_counts_itself() -> None:
    (claim,) = claims(sampled("Lyon", "Paris", "Paris", "Nice"), Columns())
    assert (claim["confidence"], claim["agreement_tied"]) == ("0.5", "false")


def test_of_answers_that_tie_the_first_is_taken_and_the_tie_is_kept() -> None:
    rows = [
        {**row, "event_id": f"e{i}"}
        for i, row in enumerate(sampled("Lyon", "Paris", "Paris", "Lyon"))
    ]
    (claim,) = claims(rows, Columns())
    assert (claim["event_id"], claim["confidence"], claim["agreement_tied"]) == (
        "e0",
        "0.5",
        "true",
    )


def test_a_sample_without_an_answer_agrees_with_nothing_and_counts() -> None:
    (claim,) = claims([answered("Paris"), *sampled("Paris", "", "", "")])
    assert claim["confidence"] == "0.25"


def test_inputs_are_kept_apart() -> None:
    rows = [answered("a", "q1"), answered("b", "q2")]
    rows += [*sampled("a", "a"), *sampled("a", "b", of="q2")]
    assert {one["input_id"]: one["confidence"] for one in claims(rows)} == {
        "q1": "1.0",
        "q2": "0.5",
    }


def test_the_claim_says_what_the_row_of_the_given_answer_says() -> None:
    row = answered("a", event_id="e7", model_version="m1", seg_topic="tax", outcome="1")
    (claim,) = claims([row, *sampled("a", "b")])
    assert claim["event_id"] == "e7"
    assert (claim["model_version"], claim["seg_topic"], claim["outcome"]) == ("m1", "tax", "1")
    assert (claim["elicitation"], claim["elicitation_order"]) == ("agreement", "behavioural")
    assert "answer" not in claim
    assert "final" not in claim


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        (sampled("a"), Columns(), "one answer agrees with itself only"),
        (sampled("", ""), Columns(), "no sample has an answer"),
        (sampled("a", "b"), GIVEN, "none is marked as given in final"),
        ([answered("a"), answered("b")], GIVEN, "2 are marked as given in final"),
        ([answered("a")], GIVEN, "nothing was sampled"),
        ([answered(""), *sampled("a")], GIVEN, "the answer given cannot be compared"),
    ],
)
def test_no_confidence_is_made_up(rows: list[Row], columns: Columns, words: str) -> None:
    assert words in refusal(rows, columns)


def test_a_sample_of_no_input_is_named_and_costs_itself_alone() -> None:
    rows = [{"input_id": None, "answer": "x", "final": None}, answered("a"), *sampled("a")]
    found = list(derived(rows, GIVEN, exact, signal="s"))
    assert [isinstance(one, Underivable) for one in found] == [True, False]


def test_a_mark_that_is_neither_true_nor_false_is_named() -> None:
    rows = [answered("a"), *sampled("a"), {**sampled("b")[0], "final": "perhaps"}]
    found = [one for one in derived(rows, GIVEN, exact) if isinstance(one, Underivable)]
    assert [one.reason for one in found] == ["final is 'perhaps': write true or false"]


answers = st.lists(st.sampled_from("abc"), min_size=1, max_size=12)


@settings(max_examples=60)
@given(answers, st.sampled_from("abc"), st.randoms(use_true_random=False))
def test_the_order_of_the_samples_does_not_matter(
    sample: list[str], answer: str, chance: random.Random
) -> None:
    rows = [answered(answer), *sampled(*sample)]
    shuffled = chance.sample(rows, len(rows))
    assert claims(rows) == claims(shuffled)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["q1", "q2", "q3"]), st.sampled_from("abc")), min_size=1))
def test_pandas_finds_the_same_shares(drawn: list[tuple[str, str]]) -> None:
    rows = [row for of, answer in drawn for row in sampled(answer, of=of)]
    found = {
        str(one["input_id"]): float(one["confidence"] or "nan")
        for one in derived(rows, Columns(), exact, signal="s")
        if not isinstance(one, Underivable)
    }
    frame = pd.DataFrame(drawn, columns=["input", "answer"])
    shares = frame.groupby("input")["answer"].agg(lambda one: one.value_counts().max() / len(one))
    sizes = frame.groupby("input").size()
    assert found == shares[sizes > 1].to_dict()
