"""A command with its files on the way to the server that owns the ledger, and what it came to.

Each is a zip file: what was asked or answered as JSON, and the files by number.
"""

from __future__ import annotations

import json
import shutil
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

#: The most that a parcel may hold unpacked, and files in it.
MOST_BYTES = 8 * 1024**3
MOST_FILES = 1_000
_HEAD = "parcel.json"
_MOST_HEAD = 1024**2
_PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
#: What reading a file that is no zip, is encrypted, cut, damaged or too deep comes to.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, RuntimeError)


class DamagedParcel(Exception):  # noqa: N818 (reads as what is the matter)
    """It is no parcel of ours."""


@dataclass(frozen=True)
class AskedCommand:
    """A command.

    Attributes:
        argv: its words.
        ledgers: which of them are the ledger's path.
        inputs: which are files that are read; those that are there come along, in this order.
        outputs: which are files that are written, and whether there is one already.
    """

    argv: tuple[str, ...]
    ledgers: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: Mapping[str, bool]


@dataclass(frozen=True)
class Answered:
    """What a command came to.

    Attributes:
        code: its exit code.
        out: what it wrote to standard output.
        err: what it wrote to standard error.
        written: the files it wrote: the path that was typed, and for those of a folder the path in
            it, else nothing; they come along, in this order.
    """

    code: int
    out: str
    err: str
    written: tuple[tuple[str, str], ...]


def pack_asked(parcel: Path, asked: AskedCommand) -> None:
    """Pack a command with its files."""
    files = {number: Path(typed) for number, typed in enumerate(asked.inputs)}
    _pack(parcel, asdict(asked), {n: path for n, path in files.items() if path.is_file()})


def unpack_asked(parcel: Path, folder: Path) -> tuple[AskedCommand, dict[str, Path]]:
    """A command, and the place in ``folder`` of each path that was typed, but for ledgers.

    Raises:
        Damaged: it is no such parcel, or holds too much.
    """
    head, come = _unpack(parcel, folder)
    try:
        asked = AskedCommand(
            _texts(head["argv"]),
            _texts(head["ledgers"]),
            _texts(head["inputs"]),
            {str(name): bool(there) for name, there in dict(head["outputs"]).items()},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedParcel(f"it does not say a command: {error}") from None
    if len(asked.inputs) + len(asked.outputs) > MOST_FILES:
        raise DamagedParcel(f"it names more than {MOST_FILES:,} files")
    try:
        return asked, _placed(asked, come, folder)
    except (OSError, ValueError) as error:
        raise DamagedParcel(f"a file of it has no place: {error}") from None


def _placed(asked: AskedCommand, come: Mapping[int, Path], folder: Path) -> dict[str, Path]:
    places: dict[str, Path] = {}
    for number, (typed, there) in enumerate(asked.outputs.items()):
        place = _place(folder / "outputs" / str(number), typed)
        # A command that never overwrites has to meet the file that is there.
        if there:
            place.touch()
        places[typed] = place
    for number, typed in enumerate(asked.inputs):
        place = _place(folder / "inputs" / str(number), typed)
        if number in come:
            come[number].replace(place)
        places[typed] = place
    return places


def pack_answered(parcel: Path, answered: Answered, places: Mapping[str, Path]) -> None:
    """Pack what a command came to with the files it wrote."""
    files = {
        number: places[typed] / within for number, (typed, within) in enumerate(answered.written)
    }
    _pack(parcel, asdict(answered), files)


def unpack_answered(parcel: Path, folder: Path) -> tuple[Answered, dict[tuple[str, str], Path]]:
    """What a command came to, and where each file it wrote lies for now.

    Raises:
        Damaged: it is no such parcel.
    """
    head, come = _unpack(parcel, folder)
    try:
        written = tuple((str(typed), _inside(str(within))) for typed, within in head["written"])
        answered = Answered(int(head["code"]), str(head["out"]), str(head["err"]), written)
        return answered, {one: come[number] for number, one in enumerate(written)}
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedParcel(f"it does not hold a command's result: {error}") from None


def _pack(parcel: Path, head: Mapping[str, Any], files: Mapping[int, Path]) -> None:
    with zipfile.ZipFile(parcel, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        packed.writestr(_HEAD, json.dumps(head))
        for number, path in files.items():
            packed.write(path, f"files/{number}")


def _unpack(parcel: Path, folder: Path) -> tuple[dict[str, Any], dict[int, Path]]:
    come: dict[int, Path] = {}
    try:
        with zipfile.ZipFile(parcel) as packed:
            members = packed.infolist()
            if len(members) > MOST_FILES:
                raise DamagedParcel(
                    f"it holds {len(members):,} files, and {MOST_FILES:,} may be sent"
                )
            # What a member says of its size is checked while it is read: zipfile reads no more.
            if sum(one.file_size for one in members) > MOST_BYTES:
                raise DamagedParcel(f"it holds more than {MOST_BYTES // 1024**3} GB")
            named = {one.filename: one for one in members}
            if any(one.compress_type not in _PACKED for one in members):
                raise DamagedParcel("it is packed in a way that is not known")
            if _HEAD not in named or named[_HEAD].file_size > _MOST_HEAD:
                raise DamagedParcel("it does not say what it is")
            head = json.loads(packed.read(_HEAD))
            if not isinstance(head, dict):
                raise DamagedParcel("it does not say what it is")
            for name in sorted(set(named) - {_HEAD}):
                kind, _, number = name.partition("/")
                if kind != "files" or not (number.isascii() and number.isdigit()):
                    raise DamagedParcel(f"it holds {name!r}")
                path = folder / f"come-{int(number)}"
                with packed.open(name) as source, path.open("xb") as target:
                    shutil.copyfileobj(source, target)
                come[int(number)] = path
    except _UNREADABLE as error:
        raise DamagedParcel(f"it cannot be unpacked: {error}") from None
    return head, come


def _place(folder: Path, typed: str) -> Path:
    """A place whose last part is that of what was typed: commands tell a format by its ending."""
    folder.mkdir(parents=True)
    name = PurePath(typed).name
    return folder / (name if name not in {"", ".", ".."} and "\0" not in name else "unnamed")


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if any(one in {"/", "..", "."} or "\\" in one or ":" in one for one in parts):
        raise ValueError(f"{path!r} is no path inside a folder")
    return path


def _texts(found: Sequence[object]) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise TypeError("a list of texts is missing")
    return tuple(found)
