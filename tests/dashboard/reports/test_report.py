"""The weekly review as a file: whole, safe to open, the same in HTML and Markdown."""

from __future__ import annotations

import base64
import html
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.views.review.week.weekly_report import WeeklyReport, weekly_report
from dashboard.cli.main import main
from dashboard.reports import paper
from dashboard.reports.formats import to_html, to_markdown, write
from dashboard.reports.text import FINDING_LONG, cut_short
from tests.conftest import NOW

NASTY = "</style><script>alert(1)</script><img src=http://x.example/p onerror=alert(1)>|`*_[a](b)"
CHROMIUM = shutil.which("chromium")


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, words)])


def claims(signals: list[str], weeks: int = 6) -> str:
    """Claims of several signals, half of them in a segment that is off, with nasty names."""
    rows = ["event_id,ts,signal,confidence,outcome,model_version,seg_customer"]
    for signal in signals:
        for week in range(weeks):
            day = date(2026, 11, 17) - timedelta(weeks=week)
            for i in range(60):
                who, right = (NASTY, i % 10 < 3) if i % 2 else ("other", i % 20 != 0)
                model = f"{NASTY} {week}"
                fields = (f"{week}-{i}", f"{day}T09:00:00Z", signal, 0.95, int(right), model, who)
                rows.append(",".join(f'"{field}"' for field in fields))
    return "\n".join(rows)


def reported(text: str, folder: Path) -> WeeklyReport:
    (folder / "claims.csv").write_text(text)
    with Ledger.in_memory() as ledger:
        import_file(ledger, folder / "claims.csv", now=NOW)
        return weekly_report(ledger.cursor(), ledger=f"{NASTY}.duckdb", now=NOW)


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> WeeklyReport:
    return reported(claims([f"one {NASTY}", "two"]), tmp_path_factory.mktemp("nasty"))


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> WeeklyReport:
    many = [f"team-{i:02}.a-rather-long-name" for i in range(20)]
    return reported(claims(many, weeks=1), tmp_path_factory.mktemp("twenty"))


@pytest.fixture(scope="module")
def page(nasty: WeeklyReport) -> str:
    return to_html(nasty)


@pytest.fixture(scope="module")
def sample(sample_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("report") / "sample.duckdb"
    shutil.copy(sample_path, copy)
    return copy


class Read(HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data


def test_names_full_of_markup_stay_text(page):
    read = Read(page)
    assert {tag for tag, _ in read.tags}.isdisjoint({"script", "img", "a", "iframe", "object"})
    assert not [attrs for _, attrs in read.tags for name in attrs if name.startswith("on")]
    assert "<script>alert(1)</script>" in read.said


def test_the_page_asks_nobody_for_anything(page):
    read = Read(page)
    asking = {"src", "href", "xlink:href", "action", "srcset", "data", "background"}
    assert not [attrs for _, attrs in read.tags if asking & set(attrs)]
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    policy = next(a for t, a in read.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert (policy["content"] or "").startswith("default-src 'none'")


def test_every_picture_is_one_image_with_a_text(page, nasty):
    pictures = [attrs for tag, attrs in Read(page).tags if tag == "svg"]
    assert len(pictures) == len(nasty.lines) + 2
    assert all(one["role"] == "img" and one["aria-label"] for one in pictures)


def test_pictures_are_well_formed_and_share_no_id(page):
    drawn = re.findall(r"<svg.*?</svg>", page, re.S)
    ids = [one.get("id") for text in drawn for one in ET.fromstring(text).iter() if one.get("id")]
    assert len(drawn) > 2
    assert len(ids) == len(set(ids))


def test_no_text_is_smaller_than_ten_points(page):
    # 10 points are 13.33 CSS pixels.
    for drawn in re.findall(r"<svg.*?</svg>", page, re.S):
        root = ET.fromstring(drawn)
        scale = float(root.attrib["width"]) / float(root.attrib["viewBox"].split()[2])
        sizes = [float(e.attrib["font-size"][:-2]) for e in root.iter() if "font-size" in e.attrib]
        assert all(size * scale > 13.3 for size in sizes)
    style = page[: page.index("</style>")]
    assert all(float(size) >= 10 for size in re.findall(r"([\d.]+)pt", style))


def test_html_and_markdown_say_the_same(nasty, page):
    html, markdown = Read(page).said, to_markdown(nasty)
    for line in nasty.lines:
        for figure in (line.gap, line.gap_of, line.high_band, line.labelled):
            assert figure in html
            assert figure in markdown


def test_markdown_holds_no_markup_but_its_own_and_both_pictures(nasty):
    tokens = MarkdownIt("commonmark").enable("table").parse(to_markdown(nasty))
    inline = [child for token in tokens for child in token.children or ()]
    assert not [
        t for t in (*tokens, *inline) if t.type in ("html_block", "html_inline", "link_open")
    ]
    images = [one for one in inline if one.type == "image"]
    assert len(images) == 2
    for one in images:
        kind, data = str(one.attrs["src"]).split(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
        assert one.content
    assert sum(t.type == "tr_open" for t in tokens) == len(nasty.lines) + 1
    assert sum(t.type == "heading_open" for t in tokens) == 6


def test_what_does_not_fit_on_paper_is_folded_and_counted(twenty):
    *_, lines = paper.fitting(twenty)
    page = to_html(twenty)
    assert 0 < lines < 20
    assert f"{20 - lines} more signals (" in page
    assert all(f"team-{i:02}" in page for i in range(20))


@pytest.mark.parametrize(
    ("most", "said"),
    [
        (80, "The gap is +17.0 points (+11.9 to +22.3). It was +3.6. None may act."),
        (60, "The gap is +17.0 points (+11.9 to +22.3). It was +3.6. …"),
        (50, "The gap is +17.0 points (+11.9 to +22.3). …"),
        (40, "The gap is +17.0 points (+11.9 to …"),
        (30, "The gap is +17.0 points …"),
    ],
)
def test_a_long_text_is_cut_after_a_sentence_or_a_word(most, said):
    text = "The gap is +17.0 points (+11.9 to +22.3). It was +3.6. None may act."
    assert cut_short(text, most) == said


@given(st.text(alphabet="ab1.,( ", max_size=120), st.integers(10, 100))
def test_what_is_cut_short_keeps_to_its_length(text, most):
    assert len(cut_short(text, most)) <= most


@pytest.fixture(scope="module")
def told(told_path) -> WeeklyReport:
    with Ledger.open(told_path, read_only=True) as ledger:
        return weekly_report(ledger.cursor(), ledger="told.duckdb", now=NOW)


def test_no_finding_on_paper_is_cut_within_a_number(told):
    page = html.unescape(to_html(told))
    long = [one.text for one in told.findings if len(one.text) > FINDING_LONG]
    assert len(long) > 3
    for one in long:
        shown = cut_short(one, FINDING_LONG)
        assert shown in page
        kept = shown.removesuffix(" …")
        assert one.startswith(f"{kept} ") or one.startswith((f"{kept}; ", f"{kept}, ", f"{kept}: "))


@pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="no Chromium on this machine"
)
@pytest.mark.parametrize("which", ["few nasty names", "twenty signals", "findings"])
def test_it_prints_on_two_pages(which, nasty, twenty, told, tmp_path):
    report = {"few nasty names": nasty, "twenty signals": twenty, "findings": told}[which]
    write(report, tmp_path / "week.html")
    subprocess.run(
        [
            *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu"),
            *("--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}"),
            *("--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'week.pdf'}"),
            (tmp_path / "week.html").as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "week.pdf").read_bytes())) == 2


def test_the_command_writes_the_file_and_says_so(sample, tmp_path):
    out = tmp_path / "week.html"
    result = run("--ledger", sample, "--out", out)
    assert result.exit_code == 0, result.output
    assert f"written to {out}" in result.stdout.replace("\n", "")
    assert out.read_text().startswith("<!DOCTYPE html>")
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("week", ["2031-W01", "yesterday"])
def test_an_unknown_week_is_refused_in_one_sentence_and_nothing_is_written(sample, tmp_path, week):
    out = tmp_path / "week.html"
    result = run("--ledger", sample, "--week", week, "--out", out)
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert "2026-W" in result.stderr
    assert not out.exists()


def test_an_empty_ledger_is_refused_in_one_sentence(tmp_path):
    Ledger.open(tmp_path / "empty.duckdb", create=True).close()
    result = run("--ledger", tmp_path / "empty.duckdb", "--out", tmp_path / "week.md")
    assert result.exit_code == 2
    assert "no claims yet" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_file_of_another_kind_is_never_overwritten(sample, tmp_path):
    before = sample.read_bytes()
    result = run("--ledger", sample, "--out", sample)
    assert result.exit_code == 2
    assert ".html" in result.stderr
    assert sample.read_bytes() == before


def test_the_ledger_itself_is_never_overwritten_whatever_it_is_called(sample, tmp_path):
    ledger = tmp_path / "ledger.html"
    shutil.copy(sample, ledger)
    result = run("--ledger", ledger, "--out", ledger)
    assert result.exit_code == 2
    assert ledger.read_bytes() == sample.read_bytes()


def test_a_report_that_cannot_be_written_leaves_the_older_one_whole(nasty, tmp_path, monkeypatch):
    out = tmp_path / "week.html"
    out.write_text("the older one")

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(LedgerError, match="No space left"):
        write(nasty, out)
    assert out.read_text() == "the older one"
    assert list(tmp_path.iterdir()) == [out]


def test_a_missing_folder_is_told_in_one_sentence(nasty, tmp_path):
    with pytest.raises(LedgerError, match=r"cannot be written: No such file or directory\."):
        write(nasty, tmp_path / "nowhere" / "week.html")
