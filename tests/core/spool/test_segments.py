"""The spool keeps what it acknowledged, and nothing else."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.spool import segments
from core.spool.segments import Receipt, Spool, SpoolBusy, SpoolFailed, SpoolFull


@pytest.fixture
def spool(tmp_path: Path):
    made = Spool(tmp_path / "spool")
    yield made
    made.close()


def lines_of(spool: Spool, kind: str) -> list[bytes]:
    return [
        line for one in spool.closed([kind]) for line in one.path.read_bytes().split(b"\n") if line
    ]


def test_what_is_appended_is_on_disk_in_order_with_a_receipt(spool: Spool) -> None:
    first = spool.append("claims", [b'{"a":1}', b'{"a":2}'])
    second = spool.append("claims", [b'{"a":3}'])
    assert (first.first, first.last, second.first, second.last) == (1, 2, 3, 3)
    assert first.segment == second.segment
    assert lines_of(spool, "claims") == [b'{"a":1}', b'{"a":2}', b'{"a":3}']


def test_a_receipt_reads_as_it_is_written() -> None:
    assert Receipt.of(str(Receipt(1764000000000, 7, 9))) == Receipt(1764000000000, 7, 9)
    assert Receipt.of("7") is None
    assert Receipt.of("٣:1-2") is None


def test_kinds_do_not_share_a_segment(spool: Spool) -> None:
    spool.append("claims", [b"c"])
    spool.append("outcomes", [b"o"])
    assert lines_of(spool, "claims") == [b"c"]
    assert lines_of(spool, "outcomes") == [b"o"]


def test_a_folded_segment_is_gone_and_its_number_is_not_given_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    before = spool.append("claims", [b"1"])
    (segment,) = spool.closed()
    spool.folded(segment)
    assert spool.closed() == ()
    assert spool.standing().held == 0
    spool.close()
    again = Spool(tmp_path / "spool")
    assert again.append("claims", [b"2"]).segment > before.segment
    again.close()


def test_a_segment_set_aside_is_kept_and_counted_and_in_nobodys_way(spool: Spool) -> None:
    spool.append("claims", [b"bad"])
    (segment,) = spool.closed()
    kept = spool.set_aside(segment)
    assert kept.read_bytes() == b"bad\n"
    assert spool.closed() == ()
    assert spool.standing().failed == 1


def test_callers_at_once_share_a_sync(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = []
    real = os.fdatasync

    def slow(file: int) -> None:
        syncs.append(file)
        time.sleep(0.02)
        real(file)

    monkeypatch.setattr(segments.os, "fdatasync", slow)
    with ThreadPoolExecutor(16) as callers:
        list(callers.map(lambda i: spool.append("claims", [f"{i}".encode()]), range(64)))
    assert sorted(map(int, lines_of(spool, "claims"))) == list(range(64))
    assert len(syncs) < 32


def test_too_much_that_waits_is_refused_before_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path / "spool", waiting_limit=100)
    monkeypatch.setattr(segments.os, "fdatasync", lambda _file: time.sleep(0.2))
    first = spool.submit("claims", [b"x" * 90])
    with pytest.raises(SpoolBusy):
        spool.submit("claims", [b"x" * 90])
    first.result()
    spool.close()


def test_only_its_owner_can_enter_the_folder(spool: Spool) -> None:
    assert spool.folder.stat().st_mode & 0o777 == 0o700


def test_an_empty_spool_leaves_no_folder_behind(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.append("claims", [b"1"])
    spool.folded(*spool.closed())
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_full_spool_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", size_limit=10)
    spool.append("claims", [b"12345"])
    with pytest.raises(SpoolFull, match="may hold 10"):
        spool.append("claims", [b"67890"])
    assert lines_of(spool, "claims") == [b"12345"]
    spool.close()


@pytest.mark.parametrize(
    ("number", "refusal"), [(errno.ENOSPC, SpoolFull), (errno.EIO, SpoolFailed)]
)
def test_a_disk_that_refuses_leaves_no_half_line_and_the_next_caller_is_served(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, number: int, refusal: type[Exception]
) -> None:
    spool.append("claims", [b"before"])
    real = os.fdatasync

    def fails(_file: int) -> None:
        monkeypatch.setattr(segments.os, "fdatasync", real)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(segments.os, "fdatasync", fails)
    with pytest.raises(refusal):
        spool.append("claims", [b"lost"])
    spool.append("claims", [b"after"])
    assert lines_of(spool, "claims") == [b"before", b"after"]


def test_a_torn_last_line_is_cut_at_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    torn = folder / "1764000000000.claims.jsonl"
    torn.write_bytes(b'{"a":1}\n{"a":' + b"2" * 100_000)
    spool = Spool(folder)
    assert lines_of(spool, "claims") == [b'{"a":1}']
    spool.close()


def test_a_line_with_a_break_is_refused(spool: Spool) -> None:
    with pytest.raises(ValueError, match="without a break"):
        spool.submit("claims", [b"a\nb"])


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from core.spool.segments import Spool
        spool = Spool(Path(sys.argv[1]))
        for i in range(10**6):
            spool.append("claims", [str(i).encode()])
            print(i, flush=True)
    """)
    running = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "spool")], stdout=subprocess.PIPE
    )
    assert running.stdout is not None
    acknowledged = [running.stdout.readline() for _ in range(20)]
    running.send_signal(signal.SIGKILL)
    acknowledged += running.stdout.readlines()
    running.wait()
    told = [int(one) for one in acknowledged if one.endswith(b"\n")]
    spool = Spool(tmp_path / "spool")
    kept = list(map(int, lines_of(spool, "claims")))
    spool.close()
    assert kept[: len(told)] == told
    assert kept == list(range(len(kept)))
