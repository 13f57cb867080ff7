"""What a validation is pinned to."""

from __future__ import annotations

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from core.trail.fingerprint import FIELDS, Fingerprint

_PRINTS = st.builds(
    Fingerprint, **{name: st.none() | st.text("ab·", min_size=1, max_size=3) for name in FIELDS}
)


@given(_PRINTS)
def test_it_is_read_back_from_what_it_writes(fingerprint: Fingerprint):
    assert Fingerprint.of(fingerprint.as_json()) == fingerprint


@given(_PRINTS, _PRINTS)
def test_another_fingerprint_has_another_id(one: Fingerprint, other: Fingerprint):
    assume(one != other)
    assert one.id != other.id


@given(_PRINTS)
def test_its_id_is_short_and_fit_for_a_link(fingerprint: Fingerprint):
    assert re.fullmatch(r"f-[0-9a-f]{12}", fingerprint.id)


def test_a_value_stated_under_another_name_is_another_fingerprint():
    assert Fingerprint(model_version="a").id != Fingerprint(prompt_version="a").id


def test_an_empty_value_is_not_stated():
    assert Fingerprint.of({"model_version": "", "ts": "now"}) == Fingerprint()


def test_what_is_not_stated_is_left_out_of_what_is_hashed():
    assert Fingerprint(model_version="m").as_json() == {"model_version": "m"}


def test_its_words_name_the_stated_fields_in_reading_order():
    print_ = Fingerprint("m1", "p2", elicitation="verbal", elicitation_order="after")
    assert print_.words() == "m1 · p2 · verbal · after"
    assert Fingerprint().words() == "no version stated"
