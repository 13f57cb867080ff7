"""Logged text is shown, never read as Markdown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components.verbatim import heading, plain, verbatim


@given(st.text())
def test_text_cannot_get_out_of_its_piece_of_code(text: str) -> None:
    shown = verbatim(text)
    fence = re.match(r"`+", shown)
    assert fence is not None
    inside = shown[len(fence[0]) : -len(fence[0])]
    # CommonMark: only a run of exactly as many backticks closes a piece of code.
    assert fence[0] not in re.findall(r"`+", inside)
    assert shown.endswith(fence[0])
    assert not inside.startswith("`")
    assert not inside.endswith("`")
    assert "\n" not in shown
    assert "\r" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("assist-2", "`assist-2`"),
        ("![x](http://evil.example)", "`![x](http://evil.example)`"),
        ("`a`", "`` `a` ``"),
        ("a\r\nb", "`a ⏎ b`"),
        ("", "` `"),
    ],
)
def test_text_is_shown_as_it_was_logged(text: str, shown: str) -> None:
    assert verbatim(text) == shown


def test_a_plain_name_is_a_plain_heading() -> None:
    assert heading("Model version") == "Model version"
    assert heading("![x](y)") == "`![x](y)`"


@pytest.mark.parametrize(
    "name",
    ["![x](http://a.example/a.png)", "[a](b)", "*bold*", "`code`", "$x$", "<b>", "# t", "a|b"],
)
def test_a_logged_name_in_a_sentence_is_not_read_as_markdown(name: str) -> None:
    escaped = plain(f"Worst: {name}.")
    assert re.sub(r"\\(.)", r"\1", escaped) == f"Worst: {name}."
    assert not re.search(r"(?<!\\)[`*\[\]<>#|$!]", escaped)
