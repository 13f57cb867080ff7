"""How files are read, kept by name beside the ledger: ``<ledger>.mappings.yaml``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from core.ingest.file_mapping import FileMapping, UnusableMapping, read_mapping
from core.ledger.errors import LedgerError
from core.ledger.private import owner_only

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def mappings_path(ledger: str | os.PathLike[str]) -> Path:
    """Where a ledger's mappings are kept."""
    path = Path(ledger)
    return path.with_name(path.name + ".mappings.yaml")


def kept_mapping(ledger: Path, name: str) -> FileMapping:
    """A mapping by its name.

    Raises:
        LedgerError: there is none; the message names those there are.
    """
    return one_of_kept(all_kept(ledger), ledger, name)


def one_of_kept(found: Mapping[str, Any], ledger: Path, name: str) -> FileMapping:
    """One of all that are kept; raises as `kept_mapping`."""
    if name not in found:
        there = ", ".join(sorted(found)) or "none yet; keep one with --save-as NAME"
        raise LedgerError(f"There is no mapping {name!r} beside {ledger.name}; there are: {there}.")
    try:
        return read_mapping(found[name], f"{mappings_path(ledger).name}, {name}")
    except UnusableMapping as error:
        raise LedgerError(str(error)) from None


def keep_mapping(ledger: Path, name: str, mapping: FileMapping) -> Path:
    """Keep a mapping by a name, in place of one that has it; where it is kept.

    Raises:
        LedgerError: it can be no name, or the file cannot be read or written.
    """
    if _NAME.fullmatch(name) is None:
        raise LedgerError(
            f"{name!r} can be no mapping's name: use letters, digits, dots, hyphens, underscores."
        )
    path = mappings_path(ledger)
    said = {**all_kept(ledger), name: mapping.as_json()}
    half = path.with_name(path.name + ".partial")
    try:
        with owner_only():
            half.write_text(
                yaml.safe_dump(dict(sorted(said.items())), sort_keys=False, allow_unicode=True),
                encoding="utf-8",
            )
            half.replace(path)
    except OSError as error:
        raise LedgerError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def all_kept(ledger: str | os.PathLike[str]) -> Mapping[str, Any]:
    """All that is kept, by name, as it is written.

    Raises:
        LedgerError: the file cannot be read.
    """
    path = mappings_path(ledger)
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LedgerError(f"{path} cannot be read: {str(error).splitlines()[0]}.") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise LedgerError(f"{path} holds no mappings: names and what they say were expected.")
    return {str(name): said for name, said in found.items()}
