"""What is dear to build is built once in a run, whichever of its workers asks first."""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import pytest

P = ParamSpec("P")
Made = TypeVar("Made")


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """A folder as ``build`` fills it; each worker has a copy of its own."""
    mine = factory.mktemp(name)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        build(mine)
        return mine
    # The workers' folders lie in the folder of their run.
    shared = factory.getbasetemp().parent / f"built-{name}"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            begun = factory.mktemp(f"begun-{name}")
            build(begun)
            begun.rename(shared)
    return Path(shutil.copytree(shared, mine, dirs_exist_ok=True))


def shared(
    factory: pytest.TempPathFactory, build: Callable[Concatenate[Path, P], object]
) -> Callable[P, Path]:
    """``find(…)``: a folder as ``build`` fills it, the same one for all who ask alike and read."""

    @functools.cache
    def find(*args: P.args, **kwargs: P.kwargs) -> Path:
        folder = factory.mktemp("shared")
        build(folder, *args, **kwargs)
        return folder

    return find


def copied(
    factory: pytest.TempPathFactory, build: Callable[Concatenate[Path, P], Made]
) -> Callable[Concatenate[Path, P], Made]:
    """``make(folder, …)``: fill a folder as ``build`` does, which is asked once for each way."""
    kept: dict[object, tuple[Path, Made]] = {}

    def make(folder: Path, *args: P.args, **kwargs: P.kwargs) -> Made:
        way = (args, tuple(sorted(kwargs.items())))
        if way not in kept:
            begun = factory.mktemp("copied")
            kept[way] = begun, build(begun, *args, **kwargs)
        begun, made = kept[way]
        shutil.copytree(begun, folder, dirs_exist_ok=True)
        return made

    return make
