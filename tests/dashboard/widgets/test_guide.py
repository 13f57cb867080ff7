"""The guide: one text for the README's readers and for every page of the app."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from dashboard.cli.main import main
from dashboard.pages import PAGES
from dashboard.widgets.guide import READERS, sections
from tests.worlds.paths import ROOT


def test_every_page_has_its_section_and_every_section_its_page() -> None:
    assert set(sections()) == {page.title for page in PAGES.values()}


def test_every_page_has_its_script_and_every_script_its_page() -> None:
    scripts = (ROOT / "dashboard" / "app_pages").rglob("*.py")
    assert {str(one.relative_to(ROOT / "dashboard")) for one in scripts} == {
        page.path for page in PAGES.values()
    }


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_its_own_section(page: str) -> None:
    text = (ROOT / "dashboard" / PAGES[page].path).read_text()
    assert f'guide.draw(PAGES["{page}"].title)' in text


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
    texts.append((ROOT / "dashboard" / "guide" / "sign_on.md").read_text())
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
