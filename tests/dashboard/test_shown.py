"""Whatever was logged is shown as it was typed, and nothing hidden in it is left hidden."""

from __future__ import annotations

import html
import json
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pyarrow as pa
import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt
from markdown_it.token import Token
from streamlit.testing.v1 import AppTest

from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.views.audit.trail_integrity import wholeness
from core.views.review.week.weekly_report import weekly_report
from core.views.risks.matrix import risks_view
from dashboard.cli.main import main
from dashboard.pages import PAGES
from dashboard.reports import risks as risks_report
from dashboard.reports.formats import to_html, to_markdown
from dashboard.server import open_ledger as owner
from tests import hostile
from tests.worlds.paths import ROOT
from tests.worlds.running.command_line import commands
from tests.worlds.running.pages import page as open_page

DASHBOARD = ROOT / "dashboard"

#: Fields that Streamlit (1.67) shows as they are; every other text of an element is Markdown.
PLAIN = {
    "Code.code_text",
    "Dataframe.alt",
    "Dataframe.arrow_data.data",
    "Dataframe.columns",
    "Html.body",
    "MultiSelect.options",
    "MultiSelect.placeholder",
    "MultiSelect.raw_values",
    "Selectbox.options",
    "Selectbox.placeholder",
    "Selectbox.raw_value",
    "Table.alt",
    "TextArea.default",
    "TextArea.value",
    "TextInput.placeholder",
    "VegaLiteChart.alt",
    "VegaLiteChart.datasets.data.data",
    "VegaLiteChart.spec",
}
#: Fields that are not shown, by their last name; and what a reader typed, which stays theirs.
UNSEEN = {
    "TextInput.value",
    *("BidiComponent.html_content", "BidiComponent.css_content", "BidiComponent.js_content"),
    *("id", "form_id", "query_string", "query_param_key", "page_script_hash", "key", "stack_trace"),
    *(
        "name",
        "type",
        "format",
        "theme",
        "selection_mode",
        "deferred_file_id",
        "url",
        "column_order",
    ),
}


def strings(message: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text of a protobuf message under its path, tables and JSON taken apart."""
    for field, value in message.ListFields():
        at = f"{path}.{field.name}"
        for one in value if field.is_repeated else [value]:
            if hasattr(one, "ListFields"):
                yield from strings(one, at)
            elif isinstance(one, bytes):
                yield from (
                    (at, text) for text in texts_of(pa.ipc.open_stream(one).read_all().to_pydict())
                )
            elif at == _DRAWN:
                yield at, json.loads(one)
            elif isinstance(one, str) and at in ("VegaLiteChart.spec", "Dataframe.columns"):
                yield from ((at, text) for text in texts_of(json.loads(one)))
            elif isinstance(one, str):
                yield at, one


def texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from texts_of(key)
            yield from texts_of(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts_of(one)


def hidden(text: str) -> str:
    """What is hidden in a text."""
    raw = {
        c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    return " ".join(map(ascii, sorted(raw)))


def escaped(text: str) -> str:
    """What Vega would read as hidden characters in an expression."""
    read = re.findall(r"(?<!\\)(?:\\\\)*\\u([0-9a-f]{4})", text) if "datum" in text else ()
    return hidden("".join(chr(int(code, 16)) for code in read))


_READER = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("text_join")
#: What Streamlit makes of a text after Markdown was read: links, icons and emoji.
_LIVE = re.compile(r"https?://|www\.\w|[\w.]@\w+\.|:smile:|:material_home:", re.IGNORECASE)
#: What it makes while reading: directives and formulas.
_READ = re.compile(r":red\[r|\$x\$")


def alive(body: str) -> list[str]:
    """What of the payloads is more than text where Streamlit reads this as Markdown."""
    found: list[str] = []
    for block in _READER.parse(body.replace(":material/", ":material_")):
        if block.type == "html_block":
            found.append(block.content)
        children = block.children or []
        for one in children:
            target = str(one.attrGet("href") or one.attrGet("src") or "")
            if "evil" in target or one.type == "html_inline":
                found.append(f"{one.type} {target or one.content}")
        for strong, inside in pairwise(children):
            if strong.type == "strong_open" and inside.content == "bold":
                found.append("**bold**")
        if re.match(r"(?i)head", block.content) and body.lstrip().startswith("#"):
            found.append("# head")
        found += [hit for text in runs(children, escapes=True) for hit in _LIVE.findall(text)]
        found += [hit for text in runs(children, escapes=False) for hit in _READ.findall(text)]
    return found


def runs(children: list[Token], *, escapes: bool) -> list[str]:
    """The texts between other marks; without ``escapes``, these part them, too."""
    text = "".join(
        one.content if one.type == "text" or (escapes and one.type == "text_special") else "\0"
        for one in children
    )
    return text.split("\0")


class _Drawn(HTMLParser):
    """What of drawn markup is not ours: elements, attributes, addresses, hidden characters."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in OURS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "srcdoc", "style", "xlink:href"):
                self.wrong.append(f"{name}={value}")
            if name == "href" and (urlsplit(value or "").scheme or (value or "").startswith("//")):
                self.wrong.append(f"href={value}")
            self.wrong += [f"{name} hides {found}" for found in [hidden(value or "")] if found]

    def handle_data(self, data: str) -> None:
        self.wrong += [f"hides {found}" for found in [hidden(data)] if found]


#: Elements that pages draw.
OURS = {
    *("div", "span", "p", "a", "b", "small", "h1", "h2", "section", "header", "ul", "li"),
    *("details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("svg", "path", "rect", "line", "circle", "text"),
}
_DRAWN = "BidiComponent.json"


def of_drawn(text: str) -> list[str]:
    """Whatever is wrong with drawn markup."""
    reader = _Drawn()
    reader.feed(text)
    reader.close()
    return reader.wrong


def nodes(block: Any) -> Iterator[Any]:
    yield block
    for child in getattr(block, "children", {}).values():
        yield from nodes(child)


def faults(app: AppTest) -> tuple[list[str], int]:
    """Whatever is wrong with the texts of a page, and how many of them hold a payload."""
    wrong, held = [], 0
    for node in nodes(app._tree):
        proto = getattr(node, "proto", None)
        if proto is None:
            continue
        for path, text in strings(proto, type(proto).__name__):
            if UNSEEN & {path, path.rpartition(".")[2]}:
                continue
            held += "evil" in text
            if path == _DRAWN:
                wrong += [f"{path}: {one}" for one in of_drawn(text)]
                continue
            if found := hidden(text) or (path == "VegaLiteChart.spec" and escaped(text)):
                wrong.append(f"{path} hides {found}: {text[:300]!r}")
            if path not in PLAIN and (live := alive(text)):
                wrong.append(f"{path} reads {live}: {text[:300]!r}")
    return wrong, held


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    return hostile.build(tmp_path_factory.mktemp("hostile"), now)


def copied(built: Path, folder: Path) -> Path:
    """A copy with its key and its checkpoints."""
    for file in built.parent.glob("hostile.duckdb*"):
        shutil.copy(file, folder / file.name)
    return folder / built.name


#: What opens more of a page than its address alone, and who looks.
MORE: dict[str, list[dict[str, str]]] = {
    "claims": [{"claim": f"890 {hostile.ALL}"}, {"claim": f"none {hostile.ALL}"}],
    "labels": [{"by": "language"}],
    "reliability": [{"compare": "model_version"}],
    "segments": [{"row": "language", "column": "topic", "pairs": "true"}],
    "sign_off": [{"fingerprint": one.id} for one in (hostile.V1, hostile.V2)],
    "thresholds": [{"by": "language"}],
}


#: Of which signal a page is opened, and for whom.
WHO = (
    (hostile.TRIAGE, None),
    (hostile.TRIAGE, hostile.OWNER),
    (hostile.TRIAGE, hostile.ADMIN),
    (hostile.REFUND, hostile.VERA),
    (hostile.OTHER, hostile.ADMIN),
)


@pytest.fixture(scope="module")
def read(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that stays open from page to page, since none writes."""
    return copied(built, tmp_path_factory.mktemp("read"))


@pytest.mark.parametrize("page", PAGES)
def test_no_logged_text_on_a_page_is_more_than_text(
    page: str, read: Path, serving: Callable[..., None]
) -> None:
    serving(read, keep=True)
    more = MORE.get(page, [])
    if page == "decision_trail":
        kinds = "SELECT min(seq) FROM acts GROUP BY json_extract_string(entry, '$.kind')"
        more = [{"entry": str(seq)} for (seq,) in owner.cursor().execute(kinds).fetchall()]
    seen = [open_page(page, acting_for=person, signal=signal) for signal, person in WHO]
    # Where people act, more is offered to those who may.
    people = (None, hostile.VERA) if page == "sign_off" else (None,)
    seen += [
        open_page(page, acting_for=one, signal=hostile.TRIAGE, **query)
        for query in more
        for one in people
    ]
    wrong, held = zip(*map(faults, seen), strict=True)
    assert not any(wrong), "\n".join(sorted({one for several in wrong for one in several}))
    assert any(held)


# ----------------------------------------------------------------------------- commands and files
@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    """A copy of the ledger of one's own."""
    return copied(built, tmp_path)


def words_for(folder: Path) -> dict[str, list[list[str]]]:
    """How each command is called; in this order, since some undo what others need."""
    signal, by = ["--signal", hostile.TRIAGE], ["--as", hostile.OWNER]
    v1, v2 = (
        [
            word
            for name, value in one.as_json().items()
            for word in (f"--{name.replace('_', '-')}", value)
        ]
        for one in (hostile.V1, hostile.V2)
    )
    file, out = str(folder / "more :smile:\u202e.csv"), str(folder / "out \u202e.csv")
    registry, inputs = str(folder / "registry.yaml"), str(folder / "inputs.jsonl")
    json_ = ["--format", "json"]
    why = ["--reason", hostile.ALL]
    admin, vera, rita = (["--as", one] for one in (hostile.ADMIN, hostile.VERA, hostile.RITA))
    sides = [
        "--baseline",
        f"topic={hostile.TOPICS[0]}",
        "--candidate",
        f"topic={hostile.TOPICS[1]}",
    ]
    notices = ["--notices", str(folder / "notices.yaml")]
    risk = ["--risk", "0.3", "--by", "language"]
    return {
        "import": [[file]],
        "quarantine list": [["--all"]],
        "quarantine export": [["--out", out]],
        "measure": [
            [*signal, "--by", "language"],
            [*signal, "--by", "language", *json_],
            ["--signal", hostile.ALL],
        ],
        "report": [["--out", str(folder / "r\u202e.html")], ["--out", str(folder / "r.md")]],
        "compare": [[*signal, *sides], [*signal, *sides, *json_]],
        "threshold": [
            [*signal, *risk],
            [*signal, *risk, *json_],
            [*signal, "--where", f"topic={hostile.ALL}", "--risk", "0.3"],
        ],
        "canary keep": [[inputs, *signal, *by], [file, *signal, *by]],
        "canary ask": [[inputs, *signal, "--command", "true"], [file, *signal, "--command", "x"]],
        "canary record": [[inputs, *signal], [file, *signal]],
        "canary list": [[], ["--signal", hostile.ALL], json_],
        "labels plan": [[*signal, "--by", "language"], [*signal, "--by", "language", *json_]],
        "labels draw": [
            [*signal, "--by", "topic", *by, "--labels", "90"],
            [*signal, "--by", hostile.ALL],
        ],
        "labels export": [[*signal, "--out", out]],
        "labels take": [[out, *signal], [file, *signal]],
        "labels verify": [signal, ["--signal", hostile.ALL]],
        "labels contradictions": [signal, ["--signal", hostile.ALL]],
        "gate unasked": [
            ["--since", "2020-01-01", "--all"],
            [*signal, "--since", "2020-01-01", "--all", *json_],
            ["--signal", hostile.ALL],
        ],
        "labels confirm": [[hostile.ALL, *signal, "--outcome", "right", *why, *by]],
        "labels withdraw": [[hostile.ALL, *signal, "--source", "human", *why, *by]],
        "recalibrate": [
            signal,
            ["--signal", hostile.ALL],
            [*signal, "--where", f"topic={hostile.ALL}"],
        ],
        "derive agreement": [
            [str(folder / "samples.csv"), "--out", out, "--signal", hostile.TRIAGE],
            [str(folder / "samples.csv"), "--out", out, "--answer", hostile.ALL],
        ],
        "pull": [[str(folder / "no :smile:\u202e"), "--cursor", hostile.ALL]],
        "pulled": [[]],
        "cells build": [
            [
                "--events",
                f"{folder}/no\u202e",
                "--out",
                f"{folder}/c\u202e",
                "--since",
                "2026-11-02",
            ]
        ],
        "cells load": [[str(folder / "no\u202e")]],
        "cells pull": [
            [
                *(str(folder / "no\u202e"), "--signal", hostile.ALL),
                *("--since", "2026-11-02", "--until", "2026-11-08"),
            ]
        ],
        "cells list": [[]],
        "handoffs": [["--signal", hostile.TRIAGE], ["--signal", hostile.ALL]],
        "registry diff": [[registry]],
        "registry apply": [[registry, *admin]],
        "registry begin": [
            [
                *(hostile.ALL, "--owner", f"user:desk/{hostile.ALL}", "--validator", "user:risk/v"),
                *("--decides", hostile.ALL, *admin),
            ],
            [
                *("new :smile:", "--owner", "user:desk/ann", "--validator", "user:risk/vera"),
                *("--decides", hostile.ALL, *admin),
            ],
        ],
        "registry export": [[], ["--signal", hostile.TRIAGE], ["--signal", hostile.ALL], [out]],
        "notices test": [notices],
        "notices send": [notices],
        "notices list": [[], notices],
        "notices resume": [admin],
        "check": [[], json_, ["--signal", hostile.ALL]],
        "decide": [
            [
                *signal,
                *v1,
                "--confidence",
                hostile.ALL,
                "--segment",
                f"language={hostile.LANGUAGES[0]}",
            ],
            [*signal, *json_],
        ],
        "token create": [["--scope", "read", "--label", hostile.ALL, *admin]],
        "token list": [[]],
        "token revoke": [[hostile.ALL, *admin]],
        "validation list": [[], ["--signal", hostile.ALL]],
        "validation submit": [[*signal, *v2, *by], ["--signal", hostile.ALL, *v2, *by]],
        "validation reject": [[*signal, *v2, *vera, *why]],
        "validation sign": [[*signal, *v2, *vera, "--meaning", hostile.ALL]],
        "validation stop": [[*signal, *v1, *vera, *why]],
        "validation ask-waiver": [[*signal, *v1, *by, *why, "--until", hostile.ALL]],
        "validation approve-waiver": [[*signal, *v1, *rita]],
        "validation ask-retirement": [[*signal, *v1, *by, *why]],
        "validation approve-retirement": [[*signal, *v1, *vera]],
        "evidence verify": [[], [hostile.ALL]],
        "trail verify": [[]],
        "trail export": [["--out", out]],
        "trail checkpoint": [[]],
        "trail stamp": [[]],
        "trail proof": [["3"]],
        "trail check-proof": [],
        "person add": [["user:desk/new", "--name", hostile.ALL, *admin], [hostile.ALL, *admin]],
        "person list": [[]],
        "person status": [
            ["user:desk/new", "away", *admin],
            ["user:desk/new", "away", "--until", hostile.ALL, *admin],
        ],
        "role grant": [["user:desk/new", "auditor", *admin], [hostile.ALL, "auditor", *admin]],
        "role revoke": [["user:desk/new", "auditor", *admin]],
        "person bind": [
            ["user:desk/new", "--issuer", "https://id.example", "--subject", hostile.ALL, *admin],
            [hostile.ALL, "--issuer", hostile.ALL, "--subject", "x", *admin],
        ],
        "person unbind": [["--issuer", hostile.ALL, "--subject", hostile.ALL, *admin]],
        "person forget": [["user:desk/new", *admin]],
        "gate mode": [["production", *admin], ["production", "--as", hostile.ALL]],
        "backup": [["--to", str(folder / "b\u202e")]],
        "doctor": [[]],
        # They name no ledger, and print none of its words.
        "client": [],
        "restore": [],
        # They serve until they are ended; what they serve are the pages.
        "serve": [],
        "demo": [],
    }


def test_no_command_or_message_tells_what_is_hidden(
    copy: Path, tmp_path: Path, receiver: Any
) -> None:
    every = words_for(tmp_path)
    leaves = {" ".join(words) for words, one in commands(main) if not isinstance(one, click.Group)}
    assert leaves == set(every)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    hostile.write(
        tmp_path / "more :smile:\u202e.csv", hostile.rows(hostile.REFUND, now, 5, pre="new")
    )
    changed = hostile.registry_text(hostile.TRIAGE, hostile.OTHER).replace("0.60", "0.70")
    (tmp_path / "registry.yaml").write_text(changed.replace("answers", "sends"), encoding="utf-8")
    channel = f"channels: [{{name: hook, url: 'json://127.0.0.1:{receiver.port}/hook'}}]"
    (tmp_path / "notices.yaml").write_text(channel, encoding="utf-8")
    kept = ({"input_id": f"{hostile.ALL}{i}", "confidence": 0.9} for i in range(50))
    (tmp_path / "inputs.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in kept))
    samples = "".join(f'"{hostile.ALL}{i}",{i},2026-11-02\n' for i in range(3))
    (tmp_path / "samples.csv").write_text(f"input_id,answer,ts\n{samples}", encoding="utf-8")
    no_ledger = {"derive agreement", "cells build"}
    wrong, said = [], ""
    for name, calls in every.items():
        on = [] if name in no_ledger else ["--ledger", str(copy)]
        for words in calls:
            ran = CliRunner().invoke(main, [*name.split(), *words, *on])
            assert ran.exception is None or isinstance(ran.exception, SystemExit), (
                name,
                ran.exception,
            )
            said += ran.output
            wrong += [
                f"{name} {found}: {line!r}"
                for line in ran.output.splitlines()
                if (found := hidden(line))
            ]
            if "json" in words:
                # What reads it gets the very values.
                assert any(map(hidden, texts_of(json.loads(ran.stdout)))), name
    assert not wrong, "\n".join(wrong)
    assert r"\u202e" in said
    sent = [one for _, message in receiver.received for one in texts_of(message)]
    assert not [one for one in sent if hidden(one)]
    assert "evil.example" in "".join(sent)


@pytest.fixture(scope="module")
def reports(built: Path) -> dict[str, str]:
    """Every form of a report, by its name."""
    with Ledger.open(built, read_only=True) as ledger:
        cursor = ledger.cursor()
        week = weekly_report(cursor, ledger=f"{hostile.ALL}.duckdb")
        office = Office.of(ledger)
        now = office.now()
        whole = wholeness(cursor, built, now)
        cells = risks_view(cursor, office.state(), now, whole, data_version=1)
    return {
        "html": to_html(week),
        "markdown": to_markdown(week),
        "risks": risks_report.to_markdown(cells, f"{hostile.ALL}.duckdb"),
    }


@pytest.mark.parametrize("name", ["html", "markdown", "risks"])
def test_a_report_hides_nothing(reports: dict[str, str], name: str) -> None:
    said = html.unescape(reports[name])
    assert "evil.example" in said
    assert not hidden(said)


@pytest.mark.parametrize("name", ["markdown", "risks"])
def test_no_logged_text_in_a_markdown_report_is_more_than_text(
    reports: dict[str, str], name: str
) -> None:
    assert alive(reports[name]) == []
    # No name ends a cell of the table that it stands in: a row that did would have one too many.
    tables = re.findall(r"(?:^\|.*\n)+", reports[name], re.MULTILINE)
    assert tables
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


def test_no_logged_text_in_the_html_report_is_a_tag(reports: dict[str, str]) -> None:
    tags = set(re.findall(r"<([a-z]+)", reports["html"]))
    assert tags.isdisjoint({"a", "img", "script", "iframe", "object"})
