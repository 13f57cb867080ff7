"""The guide: one text for the README's readers and for every page of the app."""

from __future__ import annotations

import inspect
import re

import click
import pytest
from click.testing import CliRunner

from core.intake import door, names_met
from core.queries.base import segment_names
from core.spool import segments
from dashboard.cli.main import COMMANDS, main
from dashboard.client import calledger_client
from dashboard.client.calledger_client import Client
from dashboard.pages import PAGES
from dashboard.server import folding
from dashboard.server.routes import requests
from dashboard.server.routes.openapi import DOCUMENT
from dashboard.widgets.guide import READERS, sections
from tests.worlds.paths import ROOT
from tests.worlds.running.command_line import named as command_named


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
    texts = [one.read_text() for one in sorted((ROOT / "dashboard" / "guide").glob("*.md"))]
    texts.append((ROOT / "dashboard" / "guide" / "sign_on.md").read_text())
    texts.append((ROOT / "README.md").read_text())
    named = set(re.findall(r"calledger ((?:[a-z-]+ ?){1,2})", "\n".join(texts)))
    assert len(named) > 10
    for words in named:
        first, *more = words.split()
        assert first in COMMANDS, words
        if more and isinstance(command_named(main, first), click.Group):
            found = CliRunner().invoke(main, [first, more[0], "--help"])
            assert found.exit_code == 0, words


def test_the_limits_in_the_guide_are_those_that_hold() -> None:
    text = (ROOT / "dashboard" / "guide" / "live_logging.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", text.split("## Limits")[1], re.MULTILINE))
    assert list(rows.values())[1:] == [
        f"{requests.BODY_LIMIT >> 20} MB",
        str(door.MOST_KEYS),
        str(door.MOST_DEPTH),
        str(names_met.MOST_NAMES),
        f"{names_met.MOST_DIMENSIONS}; files may bring it to {segment_names.MOST_DIMENSIONS}",
        f"{segment_names.MOST_VALUES:,}; with more it is kept, and the import says so on *Data*",
        f"{segments.WAITING_LIMIT >> 20} MB",
        f"{segments.SIZE_LIMIT >> 30} GB",
        f"{folding.ROWS:,}",
    ]
    assert "dashboard/guide/live_logging.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    means = text.split("## What an answer means")[1].split("## ")[0]
    told = {status for row in re.findall(r"^\| ([\d, a-z]+) \|", means, re.MULTILINE)
            for status in re.findall(r"\d{3}", row)}  # fmt: skip
    assert told == set(DOCUMENT["paths"]["/api/v1/claims"]["post"]["responses"])


def test_the_client_is_as_the_guide_says() -> None:
    text = (ROOT / "dashboard" / "guide" / "live_logging.md").read_text(encoding="utf-8")
    usual = {name: one.default for name, one in inspect.signature(Client).parameters.items()}
    assert (usual["attempts"], usual["memory"] >> 20, usual["disk"] >> 20) == (5, 8, 256)
    assert "After five failures" in text
    assert "(8 MB and 256 MB, unless you say otherwise)" in text
    assert (calledger_client.BATCH_RECORDS, calledger_client.LINGER) == (1_000, 0.2)
    assert "up to 1,000 at once, at most a fifth of a second later" in text
    assert inspect.signature(Client.close).parameters["deadline"].default == 5
