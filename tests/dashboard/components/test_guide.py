"""The guide: one text for the README's readers and for every page of the app."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from dashboard.cli import main
from dashboard.components.guide import READERS, sections

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "dashboard" / "app_pages").glob("*.py"))


def titles() -> set[str]:
    """Titles of the pages, as they draw them."""
    found = (re.search(r'st\.title\("([^"]+)"\)', page.read_text()) for page in PAGES)
    return {one[1] for one in found if one is not None}


def test_every_page_has_its_section_and_every_section_its_page() -> None:
    assert len(titles()) == len(PAGES)
    assert set(sections()) == titles()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_its_own_section(page: Path) -> None:
    text = page.read_text()
    title = re.search(r'st\.title\("([^"]+)"\)', text)
    assert title is not None
    assert f'guide.draw("{title[1]}")' in text


@pytest.mark.parametrize("reader", READERS)
def test_a_guide_is_linked_from_the_readme_and_its_pictures_exist(reader: str) -> None:
    path = ROOT / "dashboard" / "guide" / f"{reader}.md"
    assert f"dashboard/guide/{reader}.md" in (ROOT / "README.md").read_text()
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", path.read_text())
    assert pictures
    for picture in pictures:
        assert (path.parent / picture).exists(), picture


def test_commands_named_in_the_guide_and_the_readme_exist() -> None:
    texts = [(ROOT / "dashboard" / "guide" / f"{reader}.md").read_text() for reader in READERS]
    texts.append((ROOT / "README.md").read_text())
    named = set(re.findall(r"calledger ((?:[a-z-]+ ?){1,2})", "\n".join(texts)))
    assert len(named) > 10
    for words in named:
        first, *more = words.split()
        assert first in main.commands, words
        group = main.commands[first]
        if more and hasattr(group, "commands"):
            found = CliRunner().invoke(main, [first, more[0], "--help"])
            assert found.exit_code == 0, words
