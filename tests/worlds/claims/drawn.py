"""What a page shows as drawn HTML, read from a page that a test opened."""

from __future__ import annotations

import html
import json
import re

from streamlit.testing.v1 import AppTest


def markup(app: AppTest) -> str:
    """The markup of everything drawn on a page, in its order; the link's addresses unescaped."""
    return "\n".join(json.loads(one.proto.json) for one in app.get("bidi_component"))


def words(app: AppTest) -> str:
    """The same as somebody reads it, elements parted by a space."""
    bare = re.sub(r"<[^>]*>", " ", markup(app))
    return re.sub(r"\s+", " ", html.unescape(bare)).strip()


def targets(app: AppTest) -> dict[str, str]:
    """Every link drawn, its words and its address."""
    found = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', markup(app), flags=re.DOTALL)
    return {
        html.unescape(re.sub(r"<[^>]*>", "", said)).strip(): html.unescape(address)
        for address, said in found
    }
