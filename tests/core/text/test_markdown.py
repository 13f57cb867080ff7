"""Logged text is shown, never read as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.text.markdown import cells, plain, verbatim
from core.text.shown import visible


@given(st.text())
@example(":material/0")
@example("` :material/`")
def test_text_cannot_get_out_of_its_pieces_of_code(text: str) -> None:
    shown = verbatim(text)
    assert "\n" not in shown
    assert "\r" not in shown
    (inline,) = MarkdownIt().parseInline(shown)
    pieces = inline.children or []
    # What is read outside of code is the slash of Streamlit's icons, and nothing else.
    assert {one.content for one in pieces if one.type != "code_inline"} <= {"/"}
    read = "".join(one.content for one in pieces)
    assert read.strip() == visible(re.sub(r"\r\n|\r|\n", " ⏎ ", text).replace("\t", " ")).strip()


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


def test_no_icon_is_made_of_a_piece_of_code() -> None:
    # Streamlit writes ":material_" for ":material/" wherever it stands, in code too.
    assert verbatim("a :material/home: b") == "`a :material`\\/`home: b`"
    assert verbatim(":material/") == "`:material`"


@pytest.mark.parametrize(
    "name",
    ["![x](a.png)", "[a](b)", "*bold*", "`code`", "$x$", "<b>", "# t", "a|b", "&lt;", ":red[r]"],
)
def test_a_logged_name_in_a_sentence_is_not_read_as_markdown(name: str) -> None:
    escaped = plain(f"Worst: {name}.")
    assert re.sub(r"\\(.)", r"\1", escaped) == f"Worst: {name}."
    assert not re.search(r"(?<!\\)[`*\[\]<>#|$!&]", escaped)


@pytest.mark.parametrize(
    "name",
    ["https://evil.example/a?b", "WWW.evil.example", "me@evil.example", ":smile:", ":+1:", "->"],
)
def test_what_a_finished_text_is_searched_for_is_code_in_a_sentence(name: str) -> None:
    assert plain(f"Worst {name} is") == f"Worst `{name}` is"


def test_an_icon_in_a_sentence_is_text() -> None:
    assert plain("Worst :material/home: is") == "Worst `:material`/home: is"


def test_a_time_in_a_sentence_stays_as_it_is() -> None:
    assert plain("at 07:18:22, n 1,204") == "at 07:18:22, n 1,204"


@pytest.mark.parametrize(
    ("name", "shown"), [("- x", r"\- x"), ("1. x", r"1\. x"), ("12) x", r"12\) x")]
)
def test_a_text_begins_no_list(name: str, shown: str) -> None:
    assert plain(name) == shown


@pytest.mark.parametrize("show", [plain, verbatim])
@given(text=st.text(st.sampled_from("`a:_/\\|* \n-1.@$[w\u202e")))
def test_markdown_gives_the_logged_text_back(show: Callable[[str], str], text: str) -> None:
    read = MarkdownIt("commonmark").enable("strikethrough").parse(f"x{show(text)}")
    inside = [one for block in read for one in block.children or []]
    assert {one.type for one in inside} <= {"text", "code_inline"}
    said = "".join(one.content for one in inside)
    assert re.sub(r"[\s⏎]", "", said) == "x" + re.sub(
        r"\s", "", visible(text).replace(r"\u000d", "")
    )


def test_the_texts_of_a_table_are_shown_and_its_numbers_kept() -> None:
    table = pd.DataFrame(
        {"n": [1], "at": [pd.Timestamp("2026-11-02")], "a": ["\u202eb"], "b": [["\u200b"]]}
    )
    shown = cells(table)
    assert shown["a"][0] == r"\u202eb"
    assert shown["b"][0] == [r"\u200b"]
    assert shown[["n", "at"]].equals(table[["n", "at"]])
