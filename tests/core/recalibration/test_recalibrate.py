"""A map fitted on the tuning split of a ledger and certified on its heldout one."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.governance.people.names import Directory
from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.ledger.errors import BadValue
from core.measure.verdicts.verdict import judge
from core.queries.base.selection import Selection
from core.queries.sums.grouped_sums import grouped_sums
from core.recalibration.exported import as_python, write_heldout
from core.recalibration.recalibrate import (
    NotCertifiable,
    RecalibrationQuestion,
    Repair,
    recalibrate,
)
from core.recalibration.recorded import record
from core.sentences.acts import Names, sentence
from core.terms import Terms
from core.trail.acts import Act
from core.trail.fingerprint import Fingerprint
from core.validation.tuning_leakage import NoTuning, TunedOn
from dashboard.cli.main import main
from tests.worlds.governed.house import House

NOW = datetime(2026, 11, 24, 9)
HEADER = "event_id,ts,signal,confidence,outcome,split,model_version,input_id,seg_topic\n"


def claims(
    split: str, each: int, *, topics: Sequence[str] = ("law", "tax"), off: float = 0.2
) -> list[str]:
    """Claims of six confidences, right less often by ``off``; the same each time."""
    lines = []
    for topic in topics:
        for stated in (50, 60, 70, 80, 90, 95):
            right = round(each * (stated / 100 - off))
            for i in range(each):
                name = f"{split}-{topic}-{stated}-{i}"
                # Spread, so that every part of the file has right and wrong ones.
                order = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16) % 1000
                lines.append(
                    f"{name},2026-10-05T09:00:{order % 60:02},s,{stated / 100},"
                    f"{int(i < right)},{split},m1,in-{name},{topic}\n"
                )
    return lines


def ledger_of(folder: Path, lines: Sequence[str]) -> Path:
    file, path = folder / "claims.csv", folder / "l.duckdb"
    file.write_text(HEADER + "".join(lines))
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, file)
    return path


def found_in(path: Path, **asked: object) -> Repair:
    with Ledger.open(path) as ledger:
        question = RecalibrationQuestion(Selection("s"), **asked)  # type: ignore[arg-type]
        return recalibrate(ledger.cursor(), question, Terms(), NOW)


@pytest.fixture(scope="module")
def overconfident(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = [*claims("tuning", 150), *claims("heldout", 150)]
    return ledger_of(tmp_path_factory.mktemp("recal"), lines)


def test_an_overconfident_signal_is_repaired_and_certified(overconfident: Path) -> None:
    found = found_in(overconfident)
    assert found.certificate.given
    assert (found.certificate.before.state, found.certificate.after.state) == ("off", "fine")
    assert (found.choice.n, found.certificate.n) == (1800, 1800)
    assert found.fingerprint == {"model_version": "m1"}


def test_the_version_names_the_map_and_changes_with_it(overconfident: Path, tmp_path: Path) -> None:
    found = found_in(overconfident)
    assert found.version == found_in(overconfident).version
    kind, rest = found.version.split("-", 1)
    assert kind == found.choice.fitted["kind"]
    assert rest.startswith("2026-11-24-")
    lines = [*claims("tuning", 150, off=0.15), *claims("heldout", 150, off=0.15)]
    other = ledger_of(tmp_path, lines)
    assert found_in(other).version != found.version


def test_segments_get_maps_of_their_own_where_labels_are_enough(tmp_path: Path) -> None:
    lines = [
        *claims("tuning", 100, topics=["law"], off=0.3),
        *claims("tuning", 100, topics=["tax"], off=0.05),
        *claims("tuning", 3, topics=["rare"], off=0.1),
        *claims("heldout", 100, topics=["law"], off=0.3),
        *claims("heldout", 100, topics=["tax"], off=0.05),
    ]
    path = ledger_of(tmp_path, lines)
    found = found_in(path, by="topic")
    assert set(found.maps) == {"law", "tax"}
    assert found.certificate.given
    together = found_in(path, judged=("topic",)).certificate
    assert not together.given, "one map for both puts a segment off"


def test_a_split_of_several_versions_is_refused_with_the_condition_to_add(tmp_path: Path) -> None:
    lines = [*claims("tuning", 40), *claims("heldout", 40)]
    lines += [one.replace(",m1,", ",m2,").replace("in-", "x-") for one in claims("tuning", 1)]
    lines[-1] = lines[-1].replace("tuning-", "t2-", 1)
    lines = [*{line.split(",")[0]: line for line in lines}.values()]
    path = ledger_of(tmp_path, lines)
    with pytest.raises(NotCertifiable, match=r"2 versions \(model_version: m1, m2\).*--where"):
        found_in(path)


def test_heldout_claims_on_inputs_that_were_tuned_on_are_refused_or_left_out(
    tmp_path: Path,
) -> None:
    lines = [*claims("tuning", 150), *claims("heldout", 150)]
    lines[-1] = lines[-1].replace("in-heldout-", "in-tuning-")
    path = ledger_of(tmp_path, lines)
    with pytest.raises(TunedOn, match="1 heldout claim of s has an input that it was tuned on"):
        found_in(path)
    found = found_in(path, without_overlap=True)
    assert (found.left_out, found.certificate.n) == (1, 1799)


def test_without_a_tuning_split_it_says_what_to_log(tmp_path: Path) -> None:
    path = ledger_of(tmp_path, claims("heldout", 20))
    with pytest.raises(NoTuning, match=r"nothing to fit a map on: log claims .* split=tuning"):
        found_in(path)


def test_without_heldout_claims_nothing_judges_it(tmp_path: Path) -> None:
    path = ledger_of(tmp_path, claims("tuning", 50))
    with pytest.raises(NotCertifiable, match=r"cannot be judged: .*split=heldout"):
        found_in(path)


def test_a_question_that_names_a_split_is_refused(overconfident: Path) -> None:
    with pytest.raises(BadValue, match="leave the split out"):
        found_in(overconfident, by="split")


def test_the_exported_module_maps_as_the_product_does_and_needs_nothing(
    overconfident: Path, tmp_path: Path
) -> None:
    found = found_in(overconfident)
    module = tmp_path / "calibrator.py"
    module.write_text(as_python(found), encoding="utf-8")
    asked = (
        "import json, calibrator as c; "
        "mapped = [c.recalibrated(v) for v in (0.5, 0.9, None)]; "
        "print(json.dumps([c.CALIBRATOR_VERSION, *mapped]))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", asked],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    version, low, high, none = json.loads(done.stdout)
    assert version == found.version
    assert low == pytest.approx(0.3, abs=0.03)
    assert high == pytest.approx(0.7, abs=0.03)
    assert none is None


def test_a_name_that_ends_a_text_of_python_is_a_name_in_the_exported_module(
    tmp_path: Path,
) -> None:
    hostile = "'''); raise SystemExit(7) #\\"
    lines = [*claims("tuning", 100, topics=["law"]), *claims("heldout", 100, topics=["law"])]
    found = found_in(
        ledger_of(tmp_path, [one.replace(",law", f",{hostile}") for one in lines]), by="topic"
    )
    assert list(found.maps) == [hostile]
    module = tmp_path / "calibrator.py"
    module.write_text(as_python(found), encoding="utf-8")
    asked = "import calibrator as c; print(c._CALIBRATOR['maps'].keys())"
    done = subprocess.run(
        [sys.executable, "-S", "-c", asked],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, repr(hostile) in done.stdout) == (0, True), done.stderr


def test_the_heldout_claims_come_in_as_the_new_version_and_measure_fine(
    overconfident: Path, tmp_path: Path
) -> None:
    ledger = tmp_path / "l.duckdb"
    ledger.write_bytes(overconfident.read_bytes())
    out = tmp_path / "mapped.csv"
    found = found_in(ledger)
    with Ledger.open(ledger) as opened:
        assert write_heldout(opened.cursor(), found, out) == 1800
        assert import_file(opened, out).n_new == 1800
        chosen = Selection("s", where=(("calibrator_version", (found.version,)),))
        sums = grouped_sums(opened.cursor(), chosen, [()]).sums
    assert judge(sums).state == ("fine",)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["calibrator_version"] for row in rows} == {found.version}
    assert {row["split"] for row in rows} == {"heldout"}
    assert all(row["event_id"].endswith(f"~{found.version}") for row in rows)


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["recalibrate", *map(str, words)])
    return done.exit_code, " ".join(done.output.split())


def test_the_command_writes_its_files_with_a_certificate(
    overconfident: Path, tmp_path: Path
) -> None:
    out, module, mapped = tmp_path / "c.json", tmp_path / "c.py", tmp_path / "claims.csv"
    code, said = run(
        *("--ledger", overconfident, "--signal", "s", "--out", out),
        *("--python", module, "--claims", mapped),
    )
    assert code == 0, said
    assert "Certified: the Brier score changes by -" in said
    assert re.search(r"as stated Off \+20\.\d \(\+1\d\.\d to \+2\d\.\d\)", said), said
    assert "1,800 heldout claims of" in said
    exported = json.loads(out.read_text())
    assert exported["certificate"]["given"] is True
    assert exported["calibrator_version"] in said
    assert module.exists()
    assert mapped.exists()


def test_the_command_writes_nothing_without_one_and_says_why(tmp_path: Path) -> None:
    lines = [*claims("tuning", 60, off=0.0), *claims("heldout", 60, off=0.0)]
    path, out = ledger_of(tmp_path, lines), tmp_path / "c.json"
    code, said = run("--ledger", path, "--signal", "s", "--out", out)
    assert code == 1
    assert "No certificate, so nothing is written:" in said
    assert "there is nothing to repair" in said
    assert not out.exists()


# -------------------------------------------------------------------------- a look is an act
def judged_map(office: Office) -> Act | None:
    """Fit a map and record that it was judged."""
    question = RecalibrationQuestion(Selection("s"))
    with office.ledger.cursor() as cursor:
        return record(office, recalibrate(cursor, question, Terms(), office.now()))


def house_of(lines: Sequence[str]) -> House:
    house = House(Ledger.in_memory())
    house.bring(HEADER + "".join(lines))
    return house


def test_a_map_that_is_judged_is_an_act_with_its_certificate_once() -> None:
    house = house_of([*claims("tuning", 150), *claims("heldout", 150)])
    house.register()
    act = judged_map(house.office)
    assert act is not None
    assert act.fingerprint == Fingerprint(model_version="m1")
    assert (act.body["given"], act.body["n_heldout"]) == (True, 1800)
    assert float(act.body["gap_before"]) == pytest.approx(0.2, abs=0.002)
    told = sentence(act, Names(Directory({}), {}))
    assert told.startswith("judged the map ")
    assert told.endswith(" of s for m1 on 1,800 heldout inputs: certified")
    assert judged_map(house.office) is None, "the same map on the same claims tells nothing new"
    house.bring(HEADER + "".join(claims("heldout", 20, topics=("new",))))
    assert judged_map(house.office) is not None


def test_a_map_of_a_signal_without_an_entry_is_no_act() -> None:
    house = house_of([*claims("tuning", 40), *claims("heldout", 40)])
    size = house.office.state().size
    assert judged_map(house.office) is None
    assert house.office.state().size == size


def test_mapped_claims_stay_known_as_the_inputs_they_are(tmp_path: Path) -> None:
    lines = [*claims("tuning", 150), *claims("heldout", 150)]
    bare = [one.rsplit(",", 2)[0] + ",," + one.rsplit(",", 1)[1] for one in lines]
    path, out = ledger_of(tmp_path, bare), tmp_path / "mapped.csv"
    found = found_in(path)
    with Ledger.open(path) as opened:
        write_heldout(opened.cursor(), found, out)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["event_id"] == f"{row['input_id']}~{found.version}" for row in rows)
