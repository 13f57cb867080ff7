"""Checkpoints outside the ledger file: beside it, and wherever the ledger's owner said.

Whoever can rewrite the ledger and sign with its key can rewrite everything in it, but not what
somebody else holds. Anchors are named in ``<ledger>.anchors``, one per line: ``file PATH`` or
``git DIR`` (a working tree in which a file is appended to and committed); ``#`` begins a comment.
A line ``tsa URL CERTIFICATES`` names an authority that stamps them
(`core.trail.checkpoints.time_stamps`). A later checkpoint proves everything before it, so only the
newest has to arrive: an anchor that failed once is made good by the next act.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from core.ledger.errors import LedgerError
from core.ledger.private import owner_only, tighten
from core.trail.checkpoints.checkpoints import Checkpoint, Note, NoteError, blocks

AnchorKind = Literal["beside", "file", "git"]
_KINDS: tuple[AnchorKind, ...] = ("file", "git")
_MEND = "write for example: file /mnt/audit/ledger.checkpoints"

#: Seconds that a git command may take.
_PATIENCE = 30
#: Bytes of an anchor's end that are looked at for its last note.
_TAIL = 1 << 16


@dataclass(frozen=True)
class Anchor:
    """A place that holds checkpoints.

    Attributes:
        kind: ``beside`` the ledger, a ``file`` elsewhere, or a ``git`` working tree.
        path: the file; of a git tree, the one in it.
    """

    kind: AnchorKind
    path: Path

    @property
    def words(self) -> str:
        """As people read it: ``git /srv/audit``."""
        if self.kind == "beside":
            return str(self.path)
        return f"{self.kind} {self.path.parent if self.kind == 'git' else self.path}"


@dataclass(frozen=True)
class AnchorFailure:
    """An anchor that did not take a checkpoint; the act stands all the same.

    Attributes:
        anchor: which.
        words: why, and what to do, in one sentence.
    """

    anchor: Anchor
    words: str


@dataclass(frozen=True)
class Authority:
    """Who stamps checkpoints with the time (RFC 3161).

    Attributes:
        url: where it is asked.
        certificates: the file, in PEM, of those that its signatures have to lead to.
    """

    url: str
    certificates: Path


class _Unwritten(OSError):  # noqa: N818 (reads as what is the matter)
    """An anchor did not take a checkpoint; the message says why."""


def beside_path(ledger: str | os.PathLike[str]) -> Path:
    """Where checkpoints lie beside a ledger: ``<ledger>.checkpoints``."""
    ledger = Path(ledger)
    return ledger.with_name(ledger.name + ".checkpoints")


def settings_path(ledger: str | os.PathLike[str]) -> Path:
    """Where a ledger's anchors are named: ``<ledger>.anchors``."""
    ledger = Path(ledger)
    return ledger.with_name(ledger.name + ".anchors")


def anchors_of(ledger: str | os.PathLike[str]) -> tuple[Anchor, ...]:
    """The file beside the ledger, and then every anchor its owner named.

    A relative path is taken from the ledger's folder. In a git tree the file is named as it is
    beside the ledger.

    Raises:
        LedgerError: a line names no anchor, or the file cannot be read.
    """
    beside = Anchor("beside", beside_path(ledger))
    return (beside, *(one for one in _named(ledger) if isinstance(one, Anchor)))


def authorities_of(ledger: str | os.PathLike[str]) -> tuple[Authority, ...]:
    """The time stamp authorities that its owner named.

    Raises:
        LedgerError: a line names no anchor, or the file cannot be read.
    """
    return tuple(one for one in _named(ledger) if isinstance(one, Authority))


def _named(ledger: str | os.PathLike[str]) -> list[Anchor | Authority]:
    path = settings_path(ledger)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError):
        raise LedgerError(f"The anchors in {path} cannot be read; see its permissions.") from None
    found: list[Anchor | Authority] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        at = f"Line {number} of {path}"
        one = _authority(ledger, at, rest) if word == "tsa" else _anchor(ledger, at, word, rest)
        if one in found or one == Anchor("beside", beside_path(ledger)):
            words = one.url if isinstance(one, Authority) else one.words
            raise LedgerError(f"{at} names {words} again; take it out.")
        found.append(one)
    return found


def _anchor(ledger: str | os.PathLike[str], at: str, word: str, rest: str) -> Anchor:
    kind = next((kind for kind in _KINDS if kind == word), None)
    if kind is None or not rest.strip():
        fault = f"names no place after {word!r}" if kind else f"begins with {word!r}"
        raise LedgerError(
            f"{at} {fault}; an anchor is `file PATH`, `git DIR` or `tsa URL CERTIFICATES`: {_MEND}"
        )
    place = _place(ledger, rest)
    return Anchor(kind, place / beside_path(ledger).name if kind == "git" else place)


def _authority(ledger: str | os.PathLike[str], at: str, rest: str) -> Authority:
    url, _, file = rest.strip().partition(" ")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not file.strip():
        raise LedgerError(
            f"{at} names no time stamp authority: write tsa, its address, and the file of its root "
            "certificate in PEM, as in: tsa https://freetsa.org/tsr freetsa-root.pem"
        )
    return Authority(url, _place(ledger, file))


def _place(ledger: str | os.PathLike[str], text: str) -> Path:
    return Path(ledger).parent / Path(text.strip()).expanduser()


def publish(note: str, anchors: Sequence[Anchor]) -> tuple[AnchorFailure, ...]:
    """Write a checkpoint to every anchor; never raises, and one's failure keeps no other waiting.

    Args:
        note: the newest signed checkpoint, which proves every one before it.
        anchors: where to.

    Returns:
        The anchors that do not hold it now. The next call makes them good.
    """
    failures = []
    for anchor in anchors:
        try:
            _write(note, anchor)
        except _Unwritten as error:
            failures.append(
                AnchorFailure(anchor, f"The anchor {anchor.words} holds no new checkpoint: {error}")
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            failures.append(
                AnchorFailure(anchor, f"The anchor {anchor.words} cannot be written: {reason}.")
            )
    return tuple(failures)


def text_of(anchor: Anchor) -> str | None:
    """What an anchor holds; of a git tree, what is committed. None: nothing yet.

    Raises:
        OSError: it cannot be read.
    """
    if anchor.kind == "git":
        _refuse_no_tree(anchor.path.parent)
        shown = _git(anchor.path.parent, "show", f"HEAD:./{anchor.path.name}")
        return shown.stdout if shown.returncode == 0 else None
    try:
        return anchor.path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _newest_first(text: str) -> Iterator[Checkpoint]:
    for block in reversed(blocks(text)):
        try:
            yield Checkpoint.of(Note.of(block).text)
        except NoteError:
            continue


def _write(note: str, anchor: Anchor) -> None:
    new = Checkpoint.of(Note.of(note).text)
    if anchor.kind == "git":
        _refuse_no_tree(anchor.path.parent)
    if anchor.kind == "beside":
        with owner_only():
            _append(anchor.path, note, new)
        tighten(anchor.path)
    else:
        _append(anchor.path, note, new)
    if anchor.kind == "git":
        _commit(anchor.path.parent, anchor.path.name, new.size)


def _refuse_no_tree(tree: Path) -> None:
    if not tree.is_dir():
        raise _Unwritten("the folder does not exist.")
    if _git(tree, "rev-parse", "--is-inside-work-tree").stdout.strip() != "true":
        raise _Unwritten("it is not a git working tree; make it one with: git init")


def _append(path: Path, note: str, new: Checkpoint) -> None:
    """Add a note at the end of a file and wait until it is on disk, unless it is there."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    with os.fdopen(handle, "r+b", buffering=0) as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(max(0, length - _TAIL))
        tail = file.read().decode("utf-8", errors="replace")
        last = next(_newest_first(tail), None)
        if last is not None and last.origin != new.origin:
            raise _Unwritten(
                f"it belongs to the trail {last.origin}; give each ledger a file of its own."
            )
        if last == new:
            return
        # An empty line between two notes; after one that a crash cut short, too.
        gap = "" if not tail or tail.endswith("\n\n") else "\n" if tail.endswith("\n") else "\n\n"
        file.write(f"{gap}{note}".encode())
        os.fsync(file.fileno())


def _commit(tree: Path, name: str, size: int) -> None:
    steps = (
        ("add", "--", name),
        ("commit", "--quiet", "-m", f"Checkpoint of {size} entries", "--", name),
    )
    if _git(tree, "show", f"HEAD:./{name}").stdout == (tree / name).read_text(encoding="utf-8"):
        return
    for step in steps:
        done = _git(tree, *step)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise _Unwritten(f"git {step[0]} refused it ({said[-1]}).")


def _git(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Variables of a surrounding git (a hook, say) would lead it to another repository.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    settings = ("user.name=Calibration Ledger", "user.email=calledger@localhost")
    flags = [part for one in (*settings, "commit.gpgsign=false") for part in ("-c", one)]
    try:
        return subprocess.run(
            ["git", *flags, "-C", str(tree), *arguments],
            env={**environment, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except FileNotFoundError:
        raise _Unwritten("there is no git on this machine.") from None
    except subprocess.TimeoutExpired:
        raise _Unwritten(f"git took more than {_PATIENCE} seconds.") from None
