"""An entry of the trail as text."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.trail.act_kinds import KINDS
from core.trail.acts import ASSURANCES, Act, Actor, Signature, moment, stamp
from core.trail.fingerprint import FIELDS, Fingerprint

_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
_WORD = _TEXT.filter(bool)
_ACTORS = st.builds(
    Actor,
    sub=_TEXT,
    role=_TEXT,
    assurance=st.sampled_from(ASSURANCES),
    via=st.sampled_from(("page", "cli", "http", "system")),
)
_ACTS = st.builds(
    Act,
    seq=st.integers(0, 10**9),
    at=st.datetimes(),
    kind=st.sampled_from(sorted(KINDS)),
    actor=_ACTORS,
    signal=st.none() | _TEXT,
    fingerprint=st.none() | st.builds(Fingerprint, **{name: st.none() | _WORD for name in FIELDS}),
    before=st.none() | _TEXT,
    after=st.none() | _TEXT,
    body=st.dictionaries(
        st.text("abc_", max_size=5), st.none() | st.booleans() | st.integers(-9, 9) | _TEXT
    ),
    signature=st.none() | st.builds(Signature, meaning=_TEXT, evidence=_TEXT),
)


@given(_ACTS)
def test_an_act_is_read_back_from_its_text(act: Act):
    assert Act.of_text(act.to_text(log="t", prev="ab")) == act


@given(_ACTS)
def test_the_same_act_has_the_same_text(act: Act):
    text = act.to_text(log="t", prev="")
    assert Act.of_text(text).to_text(log="t", prev="") == text


@given(_ACTS)
def test_another_trail_or_another_entry_before_makes_another_text(act: Act):
    texts = {act.to_text(log=log, prev=prev) for log in ("t", "u") for prev in ("", "ab")}
    assert len(texts) == 4


@given(_ACTS, _ACTS)
def test_different_acts_have_different_texts(one: Act, other: Act):
    same = one.to_text(log="t", prev="") == other.to_text(log="t", prev="")
    assert same == (one == other)


@given(st.datetimes())
def test_a_time_is_read_back_to_the_microsecond(at: datetime):
    assert moment(stamp(at)) == at


@pytest.mark.parametrize("text", ["2026-11-24", "2026-11-24T09:12:00", "2026-11-24T09:12:00+01:00"])
def test_a_time_in_another_form_is_refused(text: str):
    with pytest.raises(ValueError, match="does not match"):
        moment(text)


def _changed(**values: Any) -> str:
    act = Act(0, datetime(2026, 11, 24), "role.granted", Actor("p-1", "admin"))
    return json.dumps({**json.loads(act.to_text(log="t", prev="")), **values})


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", '{"v": 1}', _changed(v=2), _changed(actor=None), _changed(actor={}),
        _changed(at=5), _changed(at="yesterday"), _changed(signature="x"), "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused_as_a_value_error(text: str):
    with pytest.raises(ValueError):  # noqa: PT011 (each has its own words)
        Act.of_text(text)
