"""Markup: what a reader wrote is text in it, never an element, an attribute or a script."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard.widgets.drawn.draw import draw
from dashboard.widgets.drawn.markup import Markup, esc, href, join, tag
from tests.hostile import ALL, PAYLOADS


class Elements(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


HTML = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onclick='x", "a & b")


@pytest.mark.parametrize("text", HTML)
def test_a_child_is_text(text: str) -> None:
    found = Elements(tag("p", text))
    assert (found.names, found.attributes, found.text) == (["p"], [], text)


@pytest.mark.parametrize("text", HTML)
def test_an_attribute_holds_what_it_was_given_and_adds_no_other(text: str) -> None:
    found = Elements(tag("p", title=text))
    assert (found.names, found.attributes) == (["p"], [("title", text)])


@pytest.mark.parametrize("text", HTML)
def test_parts_joined_are_escaped_once(text: str) -> None:
    assert Elements(join(tag("b", text), text)).text == text * 2
    assert esc(esc(text)) == esc(text)


def test_markup_put_together_by_hand_is_text_again() -> None:
    found = Elements(tag("p", "<b>" + tag("i", "x") + "</b>"))
    assert found.names == ["p"]


def test_a_number_is_written_as_it_is_and_nothing_leaves_an_attribute_out() -> None:
    assert tag("p", 3, 0.5, class_="a", title=None) == '<p class="a">30.5</p>'


def test_an_attributes_name_is_that_of_html() -> None:
    assert tag("a", class_="x", aria_label="y") == '<a class="x" aria-label="y"></a>'


@pytest.mark.parametrize("name", ["a&b=c", "x#y", "?q", 'a"b', "ä ö", "../../x", "javascript:x"])
def test_an_address_keeps_a_name_in_its_query(name: str) -> None:
    address = urlsplit(href("signal", signal=name))
    assert (address.scheme, address.netloc, address.path) == ("", "", "signal")
    assert parse_qs(address.query) == {"signal": [name]}
    assert Elements(tag("a", href=href("signal", signal=name))).attributes == [
        ("href", href("signal", signal=name))
    ]


def test_the_first_page_has_the_empty_path_and_holds_behind_a_base_path() -> None:
    assert href("this_week") == "./"
    assert href("this_week", week="2026-W40") == "./?week=2026-W40"
    assert href("registry") == "registry"


@pytest.mark.parametrize("text", ["<p>x</p>", "plain"])
def test_only_markup_is_drawn(text: str) -> None:
    with pytest.raises(TypeError, match="only Markup"):
        draw(text, key="x")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*PAYLOADS, ALL])
def test_a_hostile_name_is_inert(name: str) -> None:
    found = Elements(tag("a", name, href=href("signal", signal=name), title=name))
    assert found.names == ["a"]
    assert [key for key, _ in found.attributes] == ["href", "title"]


def test_markup_is_a_text() -> None:
    assert isinstance(tag("p"), Markup)
