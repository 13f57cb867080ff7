"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from core.ledger.connection import Ledger
from core.sentences.numbers import STATE_WORDS, count, percent, points
from dashboard.cli.main import COMMANDS, main
from sample_data import sample_files
from sample_data.generate import AGREEMENT, LOGPROB, SELF_REPORT
from tests.worlds.claims.newcomer import newcomers_file
from tests.worlds.paths import ROOT
from tests.worlds.running.command_line import commands, named

TS = "2026-11-02T09:00:00Z"
HEADER = "event_id,ts,signal,confidence,outcome\n"
CLEAN = f"{HEADER}a,{TS},s,0.8,1\nb,{TS},s,0.7,0\n"
DIRTY = f"{HEADER}c,{TS},s,85ish,1\nd,{TS},s,0.7,0\n"


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "my.duckdb"


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture(scope="module")
def sample(sample_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("cli") / "sample.duckdb"
    shutil.copy(sample_path, copy)
    return copy


def table_row(output: str, name: str) -> dict[str, str]:
    """One line of a printed table, by column."""
    lines = output.splitlines()
    head = next(line for line in lines if line.startswith("file "))
    line = next(line for line in lines if line.startswith(name))
    columns = re.split(r"\s{2,}", head.strip())
    return dict(zip(columns, re.split(r"\s{2,}", line.strip()), strict=True))


def version(path: Path) -> int:
    with Ledger.open(path) as opened:
        return opened.data_version()


def refused_in_one_sentence(result: Result, *words: str) -> None:
    """Exit code 2, nothing on standard output, and one line that says what is the matter."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert result.stderr.startswith("calledger: ")
    for word in words:
        assert word in result.stderr


# Help


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_says_of_a_command_what_it_says_itself(name: str) -> None:
    assert COMMANDS[name][1] == named(main, name).get_short_help_str(200)


def loaded(*words: object) -> set[str]:
    """All that is loaded once a command was run."""
    code = (
        "import sys; from dashboard.cli.main import main; "
        "main(sys.argv[1:], standalone_mode=False); print(); print(*sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=True
    )
    return set(found.stdout.splitlines()[-1].split())


@pytest.fixture
def two_claims(ledger: Path, file: Callable[[str, str], Path]) -> Path:
    assert run("import", file("clean.csv", CLEAN), "--ledger", ledger).exit_code == 0
    return ledger


def test_help_loads_no_command() -> None:
    assert not loaded("--help") & {"duckdb", "numpy", "pandas", "scipy", "pyarrow", "streamlit"}


def test_a_decision_loads_no_arrays_frames_or_statistics(two_claims: Path) -> None:
    found = loaded("decide", "--ledger", two_claims, "--signal", "s", "--confidence", 0.9)
    assert "core.gate.gate" in found
    assert not found & {"numpy", "pandas", "pyarrow", "scipy", "yaml", "streamlit", "altair"}


def test_measuring_loads_no_frames_and_only_the_statistics_it_needs(two_claims: Path) -> None:
    found = loaded("measure", "--ledger", two_claims, "--signal", "s")
    assert "scipy.special" in found
    assert not found & {"pandas", "scipy.stats", "scipy.signal", "yaml", "streamlit", "altair"}


def test_a_check_loads_no_frames_and_only_the_statistics_it_needs(two_claims: Path) -> None:
    found = loaded("check", "--ledger", two_claims)
    assert "scipy.special" in found
    assert not found & {"pandas", "scipy.stats", "streamlit", "altair"}


def test_verifying_rows_with_gaps_loads_no_frames(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    head = "event_id,ts,confidence,latency_ms"
    gaps = f"{head}\na,2026-01-05T10:00:00Z,0.9,120\nb,2026-01-05T10:01:00Z,,\n"
    assert run("import", file("gaps.csv", gaps), "--ledger", ledger, "--signal", "s").exit_code == 0
    assert not loaded("trail", "verify", "--ledger", ledger) & {"pandas", "streamlit", "altair"}


@pytest.mark.parametrize("words", [(), *(words for words, _ in commands(main))], ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    result = run(*words, "--help")
    assert result.exit_code == 0
    described = result.stdout.split("Options:")[0].strip().splitlines()
    assert described[-1].strip()
    assert "-h, --help" in result.stdout


def test_the_version_is_printed() -> None:
    from core import __version__

    assert run("--version").stdout.strip() == f"calledger, version {__version__}"


# Import


def test_import_says_what_became_of_every_row(ledger: Path) -> None:
    result = run("import", *sample_files(), "--ledger", ledger)
    # Of the rows typed by hand most are refused.
    assert result.exit_code == 4
    rows = {path.name: table_row(result.stdout, path.name) for path in sample_files()}
    assert rows["triage_claims.parquet"]["new"] == "44,490"
    assert rows["triage_outcomes.csv.gz"]["outcomes attached"] == "37,964"
    assert rows["hand_typed.csv"]["quarantined"] == "6"
    for row in rows.values():
        number = {
            name: int(value.replace(",", "")) for name, value in row.items() if name != "file"
        }
        assert number["read"] == number["new"] + number["duplicate"] + number["quarantined"]
    assert f"calledger quarantine list --ledger {ledger}" in result.stderr


def test_importing_twice_prints_duplicates_and_leaves_the_data_version(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    path = file("claims.csv", CLEAN)
    run("import", path, "--ledger", ledger)
    before = version(ledger)
    again = run("import", path, "--ledger", ledger)
    assert again.exit_code == 0
    row = table_row(again.stdout, "claims.csv")
    assert (row["read"], row["new"], row["duplicate"]) == ("2", "0", "2")
    assert version(ledger) == before == 1


def test_an_unusable_file_does_not_stop_the_others(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    broken, good = file("broken.parquet", "not parquet"), file("good.csv", CLEAN)
    result = run("import", broken, "missing.csv", good, "--ledger", ledger)
    assert result.exit_code == 2
    assert table_row(result.stdout, "good.csv")["new"] == "2"
    errors = result.stderr.strip().splitlines()
    assert len(errors) == 2
    assert "broken.parquet" in errors[0]
    assert "missing.csv" in errors[1]


def test_quarantined_rows_fail_only_a_strict_import(
    tmp_path: Path, file: Callable[[str, str], Path]
) -> None:
    dirty, clean = file("dirty.csv", DIRTY), file("clean.csv", CLEAN)
    assert run("import", dirty, "--ledger", tmp_path / "a").exit_code == 0
    strict = run("import", dirty, "--ledger", tmp_path / "b", "--strict")
    assert strict.exit_code == 3
    assert table_row(strict.stdout, "dirty.csv")["new"] == "1"
    assert run("import", clean, "--ledger", tmp_path / "c", "--strict").exit_code == 0


def test_an_unusable_file_outweighs_quarantined_rows(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    result = run("import", file("d.csv", DIRTY), "missing.csv", "--ledger", ledger, "--strict")
    assert result.exit_code == 2


def test_map_and_signal_read_another_tools_columns(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    path = file("theirs.csv", "id,ts,probability,correct\n1,2026-11-02,0.8,1\n2,2026-11-02,0.6,0\n")
    renames = ("id=event_id", "probability=confidence", "correct=outcome")
    words = [word for rename in renames for word in ("--map", rename)]
    result = run("import", path, "--ledger", ledger, "--signal", "theirs", *words)
    assert result.exit_code == 0, result.output
    (group,) = json.loads(
        run("measure", "--ledger", ledger, "--signal", "theirs", "--format", "json").stdout
    )["groups"]
    assert (group["n"], group["mean_confidence"]) == (2, pytest.approx(0.7))


@pytest.mark.parametrize("rename", ["probability", "=confidence", "probability="])
def test_a_map_of_another_shape_is_refused(rename: str, ledger: Path) -> None:
    result = run("import", "x.csv", "--ledger", ledger, "--map", rename)
    assert result.exit_code == 2
    assert "theirs=ours" in result.stderr
    assert not ledger.exists()


def test_a_file_of_other_words_and_scales_is_read_as_it_is_said(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    path = file(
        "theirs.csv",
        "run,n,when,kind,sure,answer\n"
        "a,1,03/11/2026 09:30,binary,80,solved\na,2,03/11/2026 10:30,binary,high,open\n"
        "a,3,03/11/2026 10:30,numeric,,7\n",
    )
    words = "--map when=ts --map sure=confidence --map answer=outcome --where kind=binary"
    words += " --key run,n"
    words += " --scale 100 --values confidence:high=0.9 --values outcome:solved=1,open=0"
    words += " --timezone Europe/Berlin --signal theirs"
    said = [*words.split(), "--time-format", "%d/%m/%Y %H:%M"]
    result = run("import", path, "--ledger", ledger, *said)
    assert result.exit_code == 0, result.output
    assert table_row(result.stdout, "theirs.csv")["new"] == "2"
    with Ledger.open(ledger, read_only=True) as opened:
        rows = opened.cursor().execute(
            "SELECT event_id, ts, confidence_ppm, outcome FROM claims ORDER BY event_id"
        )
        assert rows.fetchall() == [
            ("a/1", datetime(2026, 11, 3, 8, 30), 800_000, 1),
            ("a/2", datetime(2026, 11, 3, 9, 30), 900_000, 0),
        ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--scale", "percent"), "no scale"),
        (("--values", "outcome=1"), "outcome=1"),
        (("--where", "kind"), "column=value"),
        (("--key", "a,b", "--map", "id=event_id"), "leave one out"),
    ],
)
def test_what_cannot_be_said_of_a_file_is_refused_with_the_reason(
    words: tuple[str, ...], why: str, ledger: Path
) -> None:
    result = run("import", "x.csv", "--ledger", ledger, *words)
    assert result.exit_code == 2
    assert why in result.stderr
    assert not ledger.exists()


THEIRS = (
    "id,created_at,llm_confidence,correct\nr1,2026-09-13 08:10:00,70,yes\n"
    "r2,13/09/2026 10:00,80%,no\nr3,2026-09-13 08:12:00,0.9,✓\nr4,2026-09-13 08:13:00,high,no\n"
)


def test_a_dry_run_writes_nothing_and_prints_the_command_that_brings_most_in(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    path = file("theirs.csv", THEIRS)
    result = run("import", path, "--ledger", ledger, "--dry-run")
    assert result.exit_code == 0
    assert not ledger.exists()
    assert "0 of 4 records (0%) would come in" in result.stdout
    assert "3 of 4 records (75%) would come in" in result.stdout
    assert "high (1)" in result.stdout
    (pasted,) = [line for line in result.stdout.splitlines() if line.startswith("To import it:")]
    assert "--dry-run" not in pasted
    again = run(*shlex.split(pasted.removeprefix("To import it: calledger ")))
    assert again.exit_code == 0
    assert table_row(again.stdout, "theirs.csv")["new"] == "3"


def test_a_newcomer_gets_to_a_diagram_and_a_registered_signal_by_what_three_commands_print(
    tmp_path: Path, ledger: Path
) -> None:
    path = tmp_path / "our bot.csv"
    path.write_bytes(newcomers_file())

    def pasted(printed: str, begins: str) -> list[str]:
        (line,) = [one for one in printed.splitlines() if one.startswith(begins)]
        return shlex.split(line.partition("calledger ")[2])

    tried = run("import", path, "--ledger", ledger, "--dry-run")
    assert tried.exit_code == 0
    assert "high (52)" in tried.stdout
    imported = run(*pasted(tried.stdout, "To import it:"), "--values", "confidence:high=0.9")
    assert imported.exit_code == 0, imported.output
    assert int(table_row(imported.stdout, "our bot.csv")["new"]) >= 380

    people = {"user:<team>/<you>": "user:desk/ann", "user:<team>/<colleague>": "user:risk/vera"}
    words = pasted(imported.stdout, "Next, register our-bot")
    unchanged = run(*words)
    assert unchanged.exit_code == 2
    assert '"user:<team>/<you>" names no person' in unchanged.stderr
    begun = run(*(people.get(one, one) for one in words))
    assert begun.exit_code == 0, begun.output
    assert "our-bot is registered" in begun.stdout
    (band,) = [one.split() for one in begun.stdout.splitlines() if one.startswith("0.8–0.9")]
    assert float(band[1].rstrip("%")) > 84
    assert float(band[2].rstrip("%")) < 70
    assert "Standing verdict: our-bot is off, overconfident" in begun.stdout
    # Registered once, it is not begun again, and the next import has nothing to propose.
    again = run(*(people.get(one, one) for one in words))
    assert again.exit_code == 2
    assert "our-bot is registered already" in again.stderr
    assert "Next, register" not in run(*pasted(tried.stdout, "To import it:")).stdout


def test_a_dry_run_of_a_ledger_leaves_it_as_it_was(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    run("import", file("clean.csv", CLEAN), "--ledger", ledger)
    run("import", file("theirs.csv", THEIRS), "--ledger", ledger, "--dry-run")
    with Ledger.open(ledger, read_only=True) as opened:
        assert opened.data_version() == 1


def test_missing_columns_are_told_at_once_with_the_command_to_try(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    result = run("import", file("theirs.csv", THEIRS), "--ledger", ledger)
    assert result.exit_code == 2
    assert "no column for event_id, ts, signal and confidence" in result.stderr
    assert "--map created_at=ts" in result.stderr
    assert result.stderr.rstrip().endswith("--dry-run")


def test_a_file_that_is_mostly_refused_says_so_first_and_does_not_end_well(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    path = file("percent.csv", f"{HEADER}a,{TS},s,85,1\nb,{TS},s,70,0\nc,{TS},s,,1\n")
    result = run("import", path, "--ledger", ledger)
    assert result.exit_code == 4
    assert "MOST OF percent.csv WAS REFUSED: 2 of 3 records" in result.stderr
    assert "a 0–100 scale is suspected" in result.stdout
    assert "--scale 100 --dry-run" in result.stdout


def test_what_is_said_of_a_file_is_kept_by_name_and_used_again(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    first = file("first.csv", f"id,{HEADER.partition(',')[2]}a,{TS},s,85,1\nb,{TS},s,70,0\n")
    words = ("--map", "id=event_id", "--scale", "100")
    said = run("import", first, "--ledger", ledger, "--save-as", "percent", *words)
    assert "Kept as percent" in said.stderr
    assert "scale: 100" in ledger.with_name("my.duckdb.mappings.yaml").read_text()
    later = file("later.csv", f"id,{HEADER.partition(',')[2]}c,{TS},s,60,1\nd,{TS},s,50,0\n")
    again = run("import", later, "--ledger", ledger, "--using", "percent")
    assert table_row(again.stdout, "later.csv")["new"] == "2"
    unknown = run("import", later, "--ledger", ledger, "--using", "percnt")
    assert unknown.exit_code == 2
    assert "there are: percent" in unknown.stderr


def test_standard_error_is_not_filled_with_a_bar_nobody_sees(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    result = run("import", file("claims.csv", CLEAN), "--ledger", ledger)
    assert result.stderr == ""


# Quarantine


def test_an_export_is_corrected_imported_and_the_list_is_empty(
    tmp_path: Path, ledger: Path, file: Callable[[str, str], Path]
) -> None:
    run("import", file("dirty.csv", DIRTY), "--ledger", ledger)
    listed = run("quarantine", "list", "--ledger", ledger)
    assert listed.exit_code == 0
    for word in ("dirty.csv row 1", "confidence '85ish'", "not a number", "0.85", "1 of 1"):
        assert word in listed.stdout
    assert "1 refused row.\n" in listed.stdout

    out = tmp_path / "refused.csv"
    exported = run("quarantine", "export", "--ledger", ledger, "--out", out)
    assert exported.stdout.startswith(f"1 refused row written to {out}.")
    with out.open(newline="") as opened:
        (row,) = csv.DictReader(opened)
    row["confidence"] = "0.85"
    with out.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, list(row))
        writer.writeheader()
        writer.writerow(row)
    again = run("import", out, "--ledger", ledger, "--strict")
    assert again.exit_code == 0
    assert table_row(again.stdout, "refused.csv")["new"] == "1"
    assert run("quarantine", "list", "--ledger", ledger).stdout == "Nothing is in quarantine.\n"
    every = run("quarantine", "list", "--ledger", ledger, "--all").stdout
    assert "(since corrected)" in every


def test_the_printed_command_reads_exported_rows_as_their_file_was_read(
    tmp_path: Path, ledger: Path, file: Callable[[str, str], Path]
) -> None:
    theirs = file("theirs.csv", f"id,when,sure\n1,{TS},80\n2,{TS},?\n3,{TS},90\n4,{TS},?\n")
    words = "--map id=event_id --map when=ts --map sure=confidence --signal s --scale 100"
    run("import", theirs, "--ledger", ledger, *words.split())
    run("import", file("dirty.csv", DIRTY), "--ledger", ledger)
    out = tmp_path / "refused.csv"
    printed = run("quarantine", "export", "--ledger", ledger, "--out", out).stdout
    first, other = printed.splitlines()
    assert first.startswith("2 refused rows written")
    assert other.startswith("1 row more came from files read in another way")
    out.write_text(out.read_text().replace("?", "70", 1))
    again = run(*shlex.split(first.partition("then: calledger ")[2]))
    assert table_row(again.stdout, "refused.csv")["new"] == "1"
    assert "2 refused rows." in run("quarantine", "list", "--ledger", ledger).stdout
    command = other.partition("way: calledger ")[2]
    assert run(*shlex.split(command)).stdout.startswith("1 refused row written")


def test_a_long_quarantine_is_cut_and_says_so(ledger: Path) -> None:
    run("import", sample_files()[-1], "--ledger", ledger)
    result = run("quarantine", "list", "--ledger", ledger, "--limit", 2)
    assert "2 of 6 refused rows." in result.stdout
    assert result.stdout.count("fix:") == 2
    assert run("quarantine", "list", "--ledger", ledger, "--limit", -1).exit_code == 2


def test_a_printed_command_can_be_pasted_whatever_the_path(
    tmp_path: Path, file: Callable[[str, str], Path]
) -> None:
    ledger = tmp_path / "my ledger.duckdb"
    result = run("import", file("dirty.csv", DIRTY), "--ledger", ledger)
    assert f"--ledger '{ledger}'" in result.stderr


# Measure


def measured(ledger: Path, *words: object) -> Any:
    result = run("measure", "--ledger", ledger, "--format", "json", *words)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)


def test_the_table_shows_the_numbers_of_the_json(sample: Path) -> None:
    words = ("--signal", SELF_REPORT, "--by", "topic")
    groups = measured(sample, *words)["groups"]
    lines = run("measure", "--ledger", sample, *words).stdout.splitlines()
    assert len(groups) == 5
    for line, one in zip(lines[1:], groups, strict=False):
        band = one["high_band"]
        assert re.split(r"\s{2,}", line.strip()) == [
            f"topic={one['group']['topic']}",
            STATE_WORDS[one["state"]],
            points(one["gap"], decimals=1),
            f"{points(one['gap_low'], decimals=1)} … {points(one['gap_high'], decimals=1)}",
            count(one["n"]),
            count(one["n_effective"]),
            percent(one["coverage"]),
            percent(one["mean_confidence"], decimals=1),
            percent(one["accuracy"], decimals=1),
            f"{percent(band['claimed'])} → {percent(band['observed'])}",
            *(f"{one[name]:.4f}" for name in ("ece", "ece_noise_floor", "brier", "auroc")),
        ]


def test_a_table_is_not_cut_to_the_terminal(sample: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    head = run("measure", "--ledger", sample, "--signal", LOGPROB).stdout.splitlines()[0]
    assert head.startswith("group")
    assert head.endswith("AUROC")


def test_a_segment_that_looks_like_markup_is_printed_as_it_is(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    names = ("[/beta]", "[red]", ":smile:")
    rows = "".join(f"e{i},2026-11-02,s,0.8,1,{name}\n" for i, name in enumerate(names))
    run(
        "import",
        file("[old].csv", "event_id,ts,signal,confidence,outcome,seg_tier\n" + rows),
        "--ledger",
        ledger,
    )
    result = run("measure", "--ledger", ledger, "--signal", "s", "--by", "tier")
    assert result.exit_code == 0
    for name in names:
        assert f"tier={name}" in result.stdout


def test_where_takes_several_values_and_claims_that_name_none(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    rows = "".join(
        f"e{i},2026-11-02,s,0.8,1,{name}\n" for i, name in enumerate(["de", "de", "pt", "en", ""])
    )
    run(
        "import",
        file("c.csv", "event_id,ts,signal,confidence,outcome,seg_language\n" + rows),
        "--ledger",
        ledger,
    )
    where = ("--where", "language=de", "--where", "language=pt")
    found = measured(ledger, "--signal", "s", *where)
    assert found["filters"] == {"language": ["de", "pt"]}
    assert found["groups"][0]["n"] == 3
    nameless = measured(ledger, "--signal", "s", "--where", "language=(none)")
    assert nameless["filters"] == {"language": None}
    assert nameless["groups"][0]["n"] == 1


def test_by_may_be_given_again(sample: Path) -> None:
    groups = measured(sample, "--signal", AGREEMENT, "--by", "topic", "--by", "week")["groups"]
    assert list(groups[0]["group"]) == ["topic", "week"]
    assert len(groups) == 130


def test_until_includes_its_day_and_since_begins_with_it(sample: Path) -> None:
    whole = measured(sample, "--signal", LOGPROB)["groups"][0]["n_claims"]
    first = measured(sample, "--signal", LOGPROB, "--until", "2026-10-04")
    rest = measured(sample, "--signal", LOGPROB, "--since", "2026-10-05")
    assert first["filters"] == {"until": "2026-10-05T00:00:00Z"}
    assert rest["filters"] == {"since": "2026-10-05T00:00:00Z"}
    assert first["groups"][0]["n_claims"] + rest["groups"][0]["n_claims"] == whole


def test_a_time_with_a_zone_is_taken_to_utc(sample: Path) -> None:
    found = measured(sample, "--signal", LOGPROB, "--since", "2026-10-05T01:30:00+02:00")
    assert found["filters"] == {"since": "2026-10-04T23:30:00Z"}


def test_as_known_is_the_end_of_the_day(sample: Path) -> None:
    found = measured(sample, "--signal", SELF_REPORT, "--as-known", "2026-10-04")
    assert found["as_of"] == "2026-10-05T00:00:00Z"
    assert found["filters"] == {"as_known": "2026-10-05T00:00:00Z"}


@pytest.mark.parametrize("option", ["--since", "--until", "--as-known"])
@pytest.mark.parametrize(
    "word", ["yesterday", "2026-13-01", "20261005", "2026-W41", "2026-10-05junk", ""]
)
def test_what_is_no_date_is_refused(option: str, word: str, sample: Path) -> None:
    result = run("measure", "--ledger", sample, "--signal", LOGPROB, option, word)
    assert result.exit_code == 2
    assert "is not a date such as 2026-11-23" in result.stderr
    assert option in result.stderr


def test_the_end_of_time_is_no_date(sample: Path) -> None:
    result = run("measure", "--ledger", sample, "--signal", LOGPROB, "--until", "9999-12-31")
    assert result.exit_code == 2
    assert "is not a date" in result.stderr


@pytest.mark.parametrize("option", ["--tolerance", "--high-from"])
@pytest.mark.parametrize("word", ["1.5", "-0.1", "nan", "much"])
def test_a_tolerance_or_cut_outside_zero_to_one_is_refused(
    option: str, word: str, sample: Path
) -> None:
    result = run("measure", "--ledger", sample, "--signal", LOGPROB, option, word)
    assert result.exit_code == 2
    assert option in result.stderr


def test_an_unknown_signal_names_those_there_are(sample: Path) -> None:
    result = run("measure", "--ledger", sample, "--signal", "triage")
    refused_in_one_sentence(result, "'triage'", SELF_REPORT, AGREEMENT, LOGPROB)


def test_an_unknown_dimension_names_those_there_are(sample: Path) -> None:
    result = run("measure", "--ledger", sample, "--signal", LOGPROB, "--by", "tier")
    refused_in_one_sentence(result, "'tier'", "amount", "week")
    result = run("measure", "--ledger", sample, "--signal", LOGPROB, "--where", "tier=gold")
    refused_in_one_sentence(result, "'tier'")


def test_a_week_that_is_none_is_refused(sample: Path) -> None:
    words = ("--where", "week=2026-W99")
    result = run("measure", "--ledger", sample, "--signal", LOGPROB, *words)
    refused_in_one_sentence(result, "2026-W99", "2026-W47")


# Ledgers that cannot be opened


def opening(ledger: Path) -> list[tuple[object, ...]]:
    return [
        ("serve", "--ledger", ledger),
        ("measure", "--ledger", ledger, "--signal", "s"),
        ("quarantine", "list", "--ledger", ledger),
        ("quarantine", "export", "--ledger", ledger, "--out", ledger.with_name("out.csv")),
    ]


def test_a_missing_ledger_is_one_sentence_with_the_command_that_makes_one(ledger: Path) -> None:
    for words in opening(ledger):
        refused_in_one_sentence(run(*words), str(ledger), "calledger import")
    assert not ledger.exists()


def test_a_newer_ledger_is_one_sentence_and_left_untouched(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    with Ledger.open(ledger, create=True) as opened, opened.transaction() as cursor:
        cursor.execute("INSERT INTO migrations VALUES (9000, 'later', '99.0', now()::TIMESTAMP)")
    before = ledger.read_bytes()
    claims = file("claims.csv", CLEAN)
    for words in (*opening(ledger), ("import", claims, "--ledger", ledger)):
        refused_in_one_sentence(run(*words), "newer", "Upgrade")
    assert ledger.read_bytes() == before


def test_another_kind_of_file_is_one_sentence(file: Callable[[str, str], Path]) -> None:
    path = file("claims.csv", CLEAN)
    for words in opening(path):
        refused_in_one_sentence(run(*words), "is not a ledger")


HOLD = """
import sys
from core.ledger.connection import Ledger
with Ledger.open(sys.argv[1], create=True):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_ledger_held_by_another_process_names_it(
    ledger: Path, file: Callable[[str, str], Path]
) -> None:
    command = [sys.executable, "-c", HOLD, str(ledger)]
    pipe = subprocess.PIPE
    claims = file("claims.csv", CLEAN)
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        for words in (*opening(ledger), ("import", claims, "--ledger", ledger)):
            refused_in_one_sentence(run(*words), f"process {holder.pid}")
        holder.communicate()


def test_an_export_that_cannot_be_written_is_one_sentence(sample: Path, tmp_path: Path) -> None:
    for out in (tmp_path / "no folder" / "out.csv", tmp_path / "out.xlsx"):
        refused_in_one_sentence(run("quarantine", "export", "--ledger", sample, "--out", out))


def test_a_file_that_cannot_be_used_leaves_no_ledger_behind(tmp_path: Path) -> None:
    ledger = tmp_path / "new.duckdb"
    result = CliRunner().invoke(main, ["import", str(tmp_path / "no.csv"), "--ledger", str(ledger)])
    assert result.exit_code == 2
    assert not ledger.exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX systems")
def test_import_makes_nothing_that_others_can_read(
    tmp_path: Path, file: Callable[[str, str], Path]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    before = os.umask(0o022)
    try:
        result = run("import", file("clean.csv", CLEAN), "--ledger", home / "l.duckdb")
    finally:
        os.umask(before)
    assert result.exit_code == 0, result.output
    modes = {one.name: one.stat().st_mode & 0o777 for one in home.iterdir()}
    assert modes == dict.fromkeys(("l.duckdb", "l.duckdb.key", "l.duckdb.checkpoints"), 0o600)
