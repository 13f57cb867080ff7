"""Thousands of seeded mutations of an export and of a ledger: each is reported, none is survived.

The auditor holds two checkpoints. Every mutation is made by one of the functions below from a
random generator with a known seed, so a failure names what to run again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.audit.export import checkpoint_line, export, header
from core.audit.verify import verify_export, verify_ledger
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.trail import log as trail
from core.trail.acts import Actor, Proposal, Signature
from core.trail.canonical_json import canonical, sha256_of
from core.trail.checkpoints.checkpoints import Checkpoint, sign
from core.trail.checkpoints.merkle import Frontier, leaf_hash
from core.trail.checkpoints.signer import Signer
from core.trail.fingerprint import Fingerprint
from core.trail.seals.row_seals import seal_decisions, seal_import
from tests.worlds.governed.rounds import rounds

_NOW = datetime(2026, 11, 24, 9)
_SYSTEM = Actor("system", "system", via="system")
_PERSON = Actor("p-0123456789abcdef", "owner", "signed-on", "page")


@dataclass(frozen=True)
class Story:
    """A governed ledger, its export, and what the auditor has of it."""

    ledger: Ledger
    raw: bytes
    keys: tuple[Signer, ...]
    held: tuple[str, ...]


def _told(folder: Path) -> Story:
    ledger, old = Ledger.in_memory(), Signer("calledger/0123456789abcdef", bytes(range(32)))
    new = Signer(old.name, bytes(range(1, 33)))
    cursor, clock, notes = ledger.cursor(), _NOW, [""]
    trail.start(cursor, old, at=clock, program="1")
    notes.append(trail.latest_note(cursor) or "")

    def act(
        kind: str,
        body: Any,
        *,
        signer: Signer = old,
        at: duckdb.DuckDBPyConnection = cursor,
        successor: Signer | None = None,
        **given: Any,
    ) -> None:
        nonlocal clock
        clock += timedelta(minutes=7)
        proposal = Proposal(kind, given.pop("actor", _PERSON), body=body, **given)
        trail.append(
            at, signer, proposal,
            at=clock, before=given.get("before"), after="validated", successor=successor,
        )  # fmt: skip
        notes.append(trail.latest_note(at) or "")

    def claim(event: str, **fields: Any) -> dict[str, Any]:
        made = {"event_id": event, "ts": "2026-11-02T10:00:00Z", "signal": "s", "confidence": 0.9}
        return {**made, "model_version": "m1", "input_id": f"i-{event}", **fields}

    def take(number: int, *records: dict[str, Any]) -> None:
        path = folder / f"{number}.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))

        def recorded(inner: duckdb.DuckDBPyConnection, import_id: int) -> None:
            seals = seal_import(inner, import_id)
            act("import.recorded", {"import_id": import_id, "seals": seals}, at=inner)

        import_file(ledger, path, now=_NOW + timedelta(days=number), recorded=recorded)

    act("group.set", {"name": "risk", "members": ["p-1", "p-2"]})
    take(
        1,
        *(claim(f"e{i}", outcome=i % 2, segments={"language": "de"}) for i in range(12)),
        claim("e50", confidence=None, note="free", trace_id="t", span_id="u"),
        claim("e51", confidence="much"),
        {"event_id": "e70", "outcome": 1, "outcome_source": "CODE"},
    )
    bundles = [{"n": n, "gap": "0.021", "words": "geprüft ✓"} for n in (412, 500)]
    for bundle in bundles:
        cursor.execute("INSERT INTO evidence VALUES (?, ?)", [sha256_of(bundle), canonical(bundle)])
    print_ = Fingerprint("m1", "p1", elicitation="verbal")
    evidence = sha256_of(bundles[0])
    submitted = {"evidence": evidence, "criteria_met": True, "author": "p-1"}
    act("validation.submitted", submitted, signal="s", fingerprint=print_)
    act(
        "validation.signed",
        {"until": "2027-01-01T00:00:00.000000Z"},
        signal="s",
        fingerprint=print_,
        signature=Signature("I read the evidence — and it holds", evidence),
    )
    take(
        2,
        claim("e60", label_propensity=0.25, outcome=0),
        {"event_id": "e1", "outcome": 0, "outcome_source": "HUMAN"},
        {"event_id": "e50", "outcome": 1, "outcome_ts": "2026-11-05T10:00:00Z"},
        claim("e51", confidence=0.7, quarantine_id=1),
    )
    act("key.changed", {"key": new.verifier_key}, successor=new)
    cursor.execute(
        """
        INSERT INTO decisions
        SELECT i, 'd' || i, TIMESTAMP '2026-11-24', 's', 'e' || i, '0.9', 900000, '{"m":1}', '{}',
               'review', 'bands', 'reason', 'validated', 3 FROM range(1, 9) AS t(i)
        """
    )
    seals = seal_decisions(cursor, 1, 8)
    act("decisions.sealed", {"first": 1, "last": 8, "seals": seals}, signer=new)
    again = {"evidence": sha256_of(bundles[1]), "criteria_met": False, "author": "p-2"}
    act("validation.submitted", again, signer=new, signal="s", fingerprint=print_)
    act("finding.opened", {"finding": "f1", "severity": "high"}, signer=new, actor=_SYSTEM)
    export(cursor, folder / "trail.jsonl")
    raw = (folder / "trail.jsonl").read_bytes()
    return Story(ledger, raw, (old, new), (notes[6], notes[-1]))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return _told(tmp_path_factory.mktemp("story"))


def test_the_untouched_export_and_the_untouched_ledger_are_intact(story: Story, tmp_path: Path):
    path = tmp_path / "trail.jsonl"
    path.write_bytes(story.raw)
    exported = verify_export(path, held=story.held)
    ledger = verify_ledger(story.ledger.cursor(), held=story.held)
    for report in (exported, ledger):
        assert report.problems == ()
        assert report.anchored == report.n_entries == 10
    assert verify_export(path).ok


# -- an export -------------------------------------------------------------------------------------


def _flip_bit(raw: bytes, rng: random.Random, story: Story) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ 1 << rng.randrange(8)]) + raw[at + 1 :]


def _replace_byte(raw: bytes, rng: random.Random, story: Story) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + rng.choice((b"\n", b" ", b"0", b'"', b"\x00", b"\xff")) + raw[at + 1 :]


def _insert_bytes(raw: bytes, rng: random.Random, story: Story) -> bytes:
    at = rng.randrange(len(raw) + 1)
    return raw[:at] + rng.choice((rng.randbytes(1), b"\n", b" ", rng.randbytes(9))) + raw[at:]


def _delete_bytes(raw: bytes, rng: random.Random, story: Story) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + raw[at + rng.choice((1, 1, 2, 17, 400)) :]


def _cut_off(raw: bytes, rng: random.Random, story: Story) -> bytes:
    return raw[: rng.randrange(len(raw))]


def _of_lines(
    change: Callable[[list[bytes], random.Random], None],
) -> Callable[[bytes, random.Random, Story], bytes]:
    def changed(raw: bytes, rng: random.Random, story: Story) -> bytes:
        lines = raw.splitlines(keepends=True)
        change(lines, rng)
        return b"".join(lines)

    return changed


def _delete_lines(lines: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    del lines[at : at + rng.choice((1, 1, 2, 4))]


def _double_line(lines: list[bytes], rng: random.Random) -> None:
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))


def _swap_lines(lines: list[bytes], rng: random.Random) -> None:
    one, other = rng.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]


def _swap_entries(lines: list[bytes], rng: random.Random) -> None:
    one, other = rng.sample(range(1, 19, 2), 2)
    for step in (0, 1):
        lines[one + step], lines[other + step] = lines[other + step], lines[one + step]


def _garbage_line(lines: list[bytes], rng: random.Random) -> None:
    garbage = rng.choice((b"{}", b"[]", b"null", b"", rng.randbytes(20), b'{"checkpoint":7}'))
    lines.insert(rng.randrange(len(lines) + 1), garbage + b"\n")


def _edited(value: Any, rng: random.Random) -> Any:
    """Another JSON value, mostly of the same kind."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(sorted(value))
        if rng.random() < 0.1:
            return {name: one for name, one in value.items() if name != key}
        return {**value, key: _edited(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        return [*value[:at], _edited(value[at], rng), *value[at + 1 :]]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice((-1, 1, 1000))
    if isinstance(value, str) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        return value[:at] + rng.choice("0aé+Z ") + value[at + 1 :]
    return rng.choice(("", "x", 0, True, None, [], {"x": 1}, ["x"]))


def _edit_one_line(lines: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    lines[at] = canonical(_edited(json.loads(lines[at]), rng)).encode() + b"\n"


def _edit_layout_only(lines: list[bytes], rng: random.Random) -> None:
    """The same JSON values, written in another way."""
    at, how = rng.randrange(len(lines)), rng.randrange(3)
    read = json.loads(lines[at])
    if how == 0:
        text = json.dumps(read, ensure_ascii=False)
    elif how == 1:
        text = json.dumps(dict(reversed(read.items())), separators=(",", ":"), ensure_ascii=False)
    else:
        text = json.dumps(read, sort_keys=True, separators=(",", ":")).replace("s", "\\u0073", 1)
    lines[at] = text.encode() + b"\n"


def _parts(raw: bytes) -> tuple[list[dict[str, Any]], list[str], list[bytes]]:
    """Entries, notes, and the lines of evidence."""
    lines = raw.splitlines(keepends=True)
    entries = [json.loads(line) for line in lines[1:21:2]]
    return entries, [json.loads(line)["checkpoint"] for line in lines[2:21:2]], lines[21:]


def _assembled(
    entries: Sequence[dict[str, Any]],
    notes: Sequence[str],
    evidence: Sequence[bytes],
    keys: Sequence[Signer],
    *,
    signed: bool,
) -> bytes:
    """An export of entries that are chained anew, and signed anew where the keys are had."""
    lines, prev, frontier, names = [], "", Frontier(), []
    for seq, entry in enumerate(entries):
        text = canonical({**entry, "prev": prev})
        leaf = leaf_hash(text.encode())
        prev, frontier = leaf.hex(), frontier.append(leaf)
        due: tuple[Signer, ...] = (keys[len(names) - 1],) if names else ()
        if entry.get("kind") in ("trail.started", "key.changed") and len(names) < len(keys):
            due = (*due, keys[len(names)])
            names.append(keys[len(names)].verifier_key)
        at = entry.get("at")
        time = (f"time {at}",) if isinstance(at, str) and at.isprintable() else ()
        body = Checkpoint(keys[0].name, seq + 1, frontier.root(), time).body
        note = sign(body, due or keys[:1]) if signed else notes[min(seq, len(notes) - 1)]
        lines += [text, checkpoint_line(note)]
    head = header(keys[0].name, tuple(names), len(entries))
    return ("\n".join([head, *lines]) + "\n").encode() + b"".join(evidence)


def _edit_and_chain_anew(raw: bytes, rng: random.Random, story: Story) -> bytes:
    entries, notes, evidence = _parts(raw)
    at = rng.randrange(len(entries))
    edited = _edited(entries[at], rng)
    entries[at] = edited if isinstance(edited, dict) else {"x": edited}
    return _assembled(entries, notes, evidence, story.keys, signed=False)


def _drop_and_chain_anew(raw: bytes, rng: random.Random, story: Story) -> bytes:
    entries, notes, evidence = _parts(raw)
    at = rng.randrange(1, len(entries))
    del entries[at], notes[at]
    for seq, entry in enumerate(entries):
        entry["seq"] = seq
    return _assembled(entries, notes, evidence, story.keys, signed=rng.random() < 0.5)


def _insert_and_chain_anew(raw: bytes, rng: random.Random, story: Story) -> bytes:
    entries, notes, evidence = _parts(raw)
    # Not at the end: what the keys' holder adds there is a genuine entry.
    at = rng.randrange(1, len(entries))
    entries.insert(at, {**entries[at - 1], "kind": "role.granted", "body": {"role": "admin"}})
    for seq, entry in enumerate(entries):
        entry["seq"] = seq
    return _assembled(entries, notes, evidence, story.keys, signed=rng.random() < 0.5)


def _reorder_and_chain_anew(raw: bytes, rng: random.Random, story: Story) -> bytes:
    entries, notes, evidence = _parts(raw)
    one, other = rng.sample(range(1, len(entries)), 2)
    entries[one], entries[other] = entries[other], entries[one]
    for seq, entry in enumerate(entries):
        entry["seq"] = seq
    return _assembled(entries, notes, evidence, story.keys, signed=rng.random() < 0.5)


def _rewrite_with_the_stolen_keys(raw: bytes, rng: random.Random, story: Story) -> bytes:
    entries, notes, evidence = _parts(raw)
    at = rng.randrange(1, len(entries))
    body = _edited(entries[at]["body"], rng)
    entries[at] = {**entries[at], "body": body if isinstance(body, dict) else {"x": body}}
    return _assembled(entries, notes, evidence, story.keys, signed=True)


def _rewrite_with_other_keys(raw: bytes, rng: random.Random, story: Story) -> bytes:
    entries, notes, evidence = _parts(raw)
    keys = tuple(Signer(story.keys[0].name, rng.randbytes(32)) for _ in story.keys)
    entries[0]["body"]["key"] = keys[0].verifier_key
    changed = next(entry for entry in entries if entry["kind"] == "key.changed")
    changed["body"]["key"] = keys[1].verifier_key
    return _assembled(entries, notes, evidence, keys, signed=True)


def _present_an_older_one(raw: bytes, rng: random.Random, story: Story) -> bytes:
    """Genuine, whole, and signed: only shorter than what the auditor knows."""
    entries, _, _ = _parts(raw)
    size = rng.randrange(1, len(entries))
    lines = raw.splitlines(keepends=True)
    keys = [entry["body"]["key"] for entry in entries[:size] if "key" in entry["body"]]
    cited = {entry["body"].get("evidence") for entry in entries[:size]}
    evidence = [line for line in lines[21:] if json.loads(line)["sha256"] in cited]
    head = header(story.keys[0].name, tuple(keys), size).encode() + b"\n"
    return head + b"".join([*lines[1 : 1 + 2 * size], *evidence])


def _checkpoint_of_another_place(raw: bytes, rng: random.Random, story: Story) -> bytes:
    entries, notes, evidence = _parts(raw)
    one, other = rng.sample(range(len(notes)), 2)
    notes[one] = notes[other]
    return _assembled(entries, notes, evidence, story.keys, signed=False)


def _swap_evidence(raw: bytes, rng: random.Random, story: Story) -> bytes:
    lines = raw.splitlines(keepends=True)
    at = rng.randrange(21, len(lines))
    read = json.loads(lines[at])
    bundle = canonical(_edited(json.loads(read["bundle"]), rng))
    honest = rng.random() < 0.5
    sha256 = sha256_of(json.loads(bundle)) if honest else read["sha256"]
    lines[at] = canonical({"bundle": bundle, "sha256": sha256}).encode() + b"\n"
    return b"".join(lines)


_MUTATIONS: dict[str, Callable[[bytes, random.Random, Story], bytes]] = {
    "a bit flipped": _flip_bit,
    "a byte replaced": _replace_byte,
    "bytes inserted": _insert_bytes,
    "bytes deleted": _delete_bytes,
    "cut off": _cut_off,
    "lines deleted": _of_lines(_delete_lines),
    "a line doubled": _of_lines(_double_line),
    "lines swapped": _of_lines(_swap_lines),
    "entries swapped": _of_lines(_swap_entries),
    "a garbage line": _of_lines(_garbage_line),
    "a line edited": _of_lines(_edit_one_line),
    "a line written in another way": _of_lines(_edit_layout_only),
    "edited and chained anew": _edit_and_chain_anew,
    "dropped and chained anew": _drop_and_chain_anew,
    "inserted and chained anew": _insert_and_chain_anew,
    "reordered and chained anew": _reorder_and_chain_anew,
    "rewritten with the stolen keys": _rewrite_with_the_stolen_keys,
    "rewritten with other keys": _rewrite_with_other_keys,
    "an older one presented": _present_an_older_one,
    "a checkpoint of another place": _checkpoint_of_another_place,
    "evidence swapped": _swap_evidence,
}


def test_the_export_is_taken_apart_and_put_together_without_a_change(story: Story):
    entries, notes, evidence = _parts(story.raw)
    assert _assembled(entries, notes, evidence, story.keys, signed=True) == story.raw
    assert _assembled(entries, notes, evidence, story.keys, signed=False) == story.raw


@rounds(12, 130)
@pytest.mark.parametrize("name", _MUTATIONS)
def test_every_mutation_of_an_export_is_reported(
    story: Story, tmp_path: Path, name: str, rounds: int
):
    mutation, path, done = _MUTATIONS[name], tmp_path / "trail.jsonl", 0
    for seed in range(rounds):
        raw = mutation(story.raw, random.Random(f"{name} {seed}"), story)
        if raw == story.raw:
            continue
        done += 1
        path.write_bytes(raw)
        report = verify_export(path, held=story.held)
        assert not report.ok, f"{name}, seed {seed}"
        assert report.lines()[0].startswith("The trail is not intact:")
    assert done > rounds * 0.8


def test_what_no_held_checkpoint_could_show_is_all_that_one_is_needed_for(
    story: Story, tmp_path: Path
):
    """Without one, only a rewrite by the keys' holder and a shorter trail pass, and it says so."""
    path, needed = tmp_path / "trail.jsonl", set()
    for name, mutation in _MUTATIONS.items():
        for seed in range(12):
            raw = mutation(story.raw, random.Random(f"{name} {seed}"), story)
            path.write_bytes(raw)
            report = verify_export(path)
            if raw != story.raw and report.ok:
                needed.add(name)
                assert any("Nothing outside the ledger holds" in one for one in report.lines())
    assert needed <= {
        "dropped and chained anew",
        "inserted and chained anew",
        "reordered and chained anew",
        "rewritten with the stolen keys",
        "rewritten with other keys",
        "an older one presented",
    }
    assert {"rewritten with the stolen keys", "an older one presented"} <= needed


# -- a ledger --------------------------------------------------------------------------------------

_TABLES = (
    *("acts", "checkpoints", "evidence", "claims", "outcomes", "quarantine"),
    *("quarantine_resolved", "imports", "decisions", "seal_blocks"),
)


def _another(type_: str, value: Any, nullable: bool, rng: random.Random) -> Any:
    """Another value for a column."""
    if value is not None and nullable and rng.random() < 0.2:
        return None
    if type_ == "BOOLEAN":
        return not value
    if type_ == "TINYINT":
        return 1 - value if value is not None else rng.randint(0, 1)
    if type_ in ("INTEGER", "BIGINT"):
        return (value or 0) + rng.choice((1, 2, 5000))
    if type_ == "DOUBLE":
        return (value or 0.0) + rng.choice((1e-12, 0.5))
    if type_ == "TIMESTAMP":
        return (value or _NOW) + timedelta(microseconds=rng.choice((1, 10**9)))
    if type_ == "VARCHAR[]":
        return [*value, ""] if rng.random() < 0.5 else ["x"]
    text = str(value or "")
    edited = _edited(text, rng) if text else None
    return edited if isinstance(edited, str) else f"{text} "


def _mutate_value(cursor: duckdb.DuckDBPyConnection, table: str, rng: random.Random) -> str | None:
    columns = cursor.execute(f"DESCRIBE {table}").fetchall()
    name, type_, null, *_ = rng.choice(columns)
    rows = cursor.execute(f'SELECT rowid, "{name}" FROM {table} ORDER BY rowid').fetchall()
    row, value = rng.choice(rows)
    other = _another(type_, value, null == "YES", rng)
    if other == value or (name == "confidence_ppm" and other is not None and other > 1_000_000):
        return None
    cursor.execute(f'UPDATE {table} SET "{name}" = ? WHERE rowid = ?', [other, row])
    return f"{table}.{name}: {value!r} → {other!r}"


def _mutate_rows(cursor: duckdb.DuckDBPyConnection, table: str, rng: random.Random) -> str:
    rows = cursor.execute(f"SELECT rowid FROM {table} ORDER BY rowid").fetchall()
    (row,) = rng.choice(rows)
    if rng.random() < 0.5:
        cursor.execute(f"DELETE FROM {table} WHERE rowid = ?", [row])
        return f"{table}: a row deleted"
    cursor.execute(f"INSERT INTO {table} SELECT * FROM {table} WHERE rowid = ?", [row])
    return f"{table}: a row doubled"


@rounds(20, 320)
@pytest.mark.parametrize("mutate", [_mutate_value, _mutate_rows], ids=["values", "rows"])
def test_every_mutation_of_a_ledger_is_reported(
    story: Story,
    mutate: Callable[[duckdb.DuckDBPyConnection, str, random.Random], str | None],
    rounds: int,
):
    done, cursor = 0, story.ledger.cursor()
    for seed in range(rounds):
        rng = random.Random(f"{mutate.__name__} {seed}")
        cursor.execute("BEGIN")
        said = mutate(cursor, _TABLES[seed % len(_TABLES)], rng)
        if said is not None:
            done += 1
            assert not verify_ledger(cursor, held=story.held).ok, f"seed {seed}, {said}"
        cursor.execute("ROLLBACK")
    assert done > rounds * 0.8
    assert verify_ledger(cursor, held=story.held).ok
