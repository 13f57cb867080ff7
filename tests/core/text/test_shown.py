"""Hidden characters are shown, and everything else stays as it was."""

from __future__ import annotations

import json
import subprocess
import unicodedata

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.text.shown import json_text, one_line, shell_word, visible

TEXTS = st.text(
    st.characters() | st.sampled_from("\u202e\u200b\u2066\ufeff\x1b\t\r\u00ad\U000e0041")
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", r"a\u202eb"),
        ("\x1b[31m", r"\u001b[31m"),
        ("\U000e0041", r"\U000e0041"),
        ("a\u3164b\ufe0f", r"a\u3164b\ufe0f"),
        ("Größe, 日本語, עברית 👍", "Größe, 日本語, עברית 👍"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_what_is_hidden_stands_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(TEXTS)
def test_nothing_hidden_is_left_and_nothing_else_is_changed(text: str) -> None:
    shown = visible(text)
    left = {unicodedata.category(c) for c in shown if c != "\n"}
    assert not left & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert visible(shown) == shown
    if shown == text or "\\" in text:
        return
    read = yaml.safe_load(f'"{shown}"') if "\n" not in text and '"' not in text else text
    assert read == text


def test_a_line_stays_one() -> None:
    assert one_line("a\r\n\tb  c\u2028d") == r"a b c\u2028d"


@given(st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_json_gives_the_very_value_back(value: object) -> None:
    text = json_text(value)
    assert json.loads(text) == value
    assert visible(text) == text


@pytest.mark.parametrize("word", ["a b", "it's", "a\u202e'b\\c", "two\nlines", "$x\u200b`y`", ""])
def test_a_shell_reads_the_very_word_back(word: str) -> None:
    shown = shell_word(word)
    assert visible(shown) == shown
    ran = subprocess.run(
        ["bash", "-c", f"printf %s {shown}"],
        capture_output=True,
        env={"LC_ALL": "C.UTF-8"},
        check=True,
    )
    assert ran.stdout.decode() == word
