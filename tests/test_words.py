"""Words that were retired stand in no text that people see."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.worlds.paths import ROOT

#: What it was, and what is said instead.
RETIRED = {
    r"owner.s seat": "no owner",
    r"(got|gets|get) less care": "handled less strictly",
    r"\b(came|comes|come) true": "was right",
    r"come of age|have come of age": "outcomes are final",
    r"nineteen in twenty": "95%",
    r"foretold by|foretell |confidences foretold": "expected from",
    r"nobody sits": "nobody owns",
    r"have it ask the gate": "make production call the gate",
    r"what mends it|\bmends\b": "how to fix it",
    r"claims \d+%, gets|→ gets\b": "right … (said …)",
    r"fails behind the whole": "fails although the total looks fine",
    r"answer for it waits|wait(s)? for an answer": "open",
    r"\bmature [a-z]|[a-z}] (im)?mature\b": "outcomes are final",
    r"nothing (is|was) written down|not written down": "not registered",
    r"nothing is registered about": "not registered",
    r"\bunregistered\b.*[: ]|(?-i:\bUnregistered\b)": "not registered",
    r"\b(a|the|no|this|every|each|highest) cuts?\b(?! short)": "threshold",
    r"no label is needed": "no more labels are needed",
    r"no clean bill": "does not mean fine",
    r"cannot speak for": "do not represent",
    r"(gave|given|give) out the token|token was given": "issued",
    r"only a few days more": "expiring soon",
    r"waits for anybody|waits? for nobody": "open",
    r"more care than|least the care": "handled more strictly",
    r"settled (label|week)|labels are settled|settle (it|them) with": "final; decide",
    r"stands? in the trail": "is kept in the trail",
    r"no owner is there": "there is no owner",
    r"nothing (can be told|that could be told)|cannot be told": "not known; not decided",
    r"an error is shown": "there is an error",
    r"labels? (which|that)? ?an answer takes": "labels needed for a verdict",
}
FILES = sorted((*ROOT.glob("core/**/*.py"), *ROOT.glob("dashboard/**/*.py")))


@cache
def every_text() -> tuple[tuple[str, str], ...]:
    """Module and text, of all modules."""
    return tuple((str(path.relative_to(ROOT)), text) for path in FILES for text in texts(path))


def texts(path: Path) -> Iterator[str]:
    """The texts of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented: tuple[type[ast.AST], ...] = (ast.Module, ast.ClassDef)
    if "cli" not in path.parts:  # what a command's function says is its help
        documented += (ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


@pytest.mark.parametrize("retired", RETIRED)
def test_no_text_uses_a_word_that_was_retired(retired: str) -> None:
    found = [
        f"{module}: {text[:80]!r}"
        for module, text in every_text()
        if re.search(retired, text, re.IGNORECASE)
    ]
    assert found == [], f"say: {RETIRED[retired]}"


GUIDES = [*sorted((ROOT / "dashboard" / "guide").glob("*.md")), ROOT / "README.md"]


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_nor_does_the_guide(path: Path) -> None:
    guide = path.read_text(encoding="utf-8")
    assert [one for one in RETIRED if re.search(one, guide, re.IGNORECASE)] == []
