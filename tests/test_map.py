"""The map in CONTRIBUTING.md is of this house."""

from __future__ import annotations

import ast
import re
from collections import Counter

from tests.worlds.paths import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
ROWS = re.findall(r"^\| `([^`]+)` \|", TEXT, re.MULTILINE)


def _rooms() -> set[str]:
    """Folders of the second floor, and modules beside them that are a subject of their own."""
    folders = {
        f"{top}/{one.name}/"
        for top in ("core", "dashboard")
        for one in (ROOT / top).iterdir()
        if one.is_dir() and not one.name.startswith("__")
    }
    modules = {f"core/{one.name}" for one in (ROOT / "core").glob("*.py") if one.stem != "__init__"}
    return folders | modules | {"sample_data/", "tests/"}


def test_every_room_has_its_line_and_every_line_its_room() -> None:
    assert len(ROWS) == len(set(ROWS))
    assert set(ROWS) == _rooms()


def test_every_path_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:core|dashboard|tests|sample_data)/[\w/.]*)`", TEXT))
    assert len(named) > 50
    assert sorted(one for one in named if not (ROOT / one).exists()) == []


def test_a_class_name_stands_for_one_thing() -> None:
    """The client's own aside: it is a file apart, for programs of others."""
    files = [
        file
        for folder in ("core", "dashboard")
        for file in sorted((ROOT / folder).rglob("*.py"))
        if file.parent.name != "client"
    ]
    names = [
        one.name
        for file in files
        for one in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(one, ast.ClassDef) and not one.name.startswith("_")
    ]
    assert len(names) > 300
    assert [name for name, times in Counter(names).items() if times > 1] == []
