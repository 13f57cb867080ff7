"""A short "how to read this" for each page, in the words of the guide.

`dashboard/guide/` holds one page each for team leads, owners and auditors; a page of the app shows
the section that bears its title.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import streamlit as st

READERS = ("lead", "owner", "auditor")


def draw(title: str) -> None:
    """How to read the page of this title, closed until somebody wants to know."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(sections()[title])


@cache
def sections() -> dict[str, str]:
    """The guide's sections by their page's title, without pictures."""
    found: dict[str, str] = {}
    for reader in READERS:
        text = files("dashboard").joinpath("guide", f"{reader}.md").read_text(encoding="utf-8")
        for part in text.split("\n## ")[1:]:
            title, _, body = part.partition("\n")
            found[title] = re.sub(r"^!\[.*$", "", body, flags=re.MULTILINE).strip()
    return found
