from __future__ import annotations

import os

# Before numpy is loaded: the workers fill the processors already, and the threads of a product of
# matrices spin while they wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Each worker, and each command and server that a test starts, would otherwise compile all modules.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import fcntl
import functools
import shutil
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import WorkStealingScheduling

from core.ingest.import_file import import_file
from core.ledger import connection
from core.ledger.connection import Ledger
from core.queries.base.kept import limits
from core.registry import proof_rules
from dashboard.server.settings import LEDGER_VARIABLE
from sample_data import SAMPLE_END, sample_files, tell
from tests.worlds.running.begun import Begun
from tests.worlds.running.built_once import built_once
from tests.worlds.running.handing_out import journeys_first
from tests.worlds.running.served import Served

NOW = datetime(2026, 11, 23, 12)

# How long an example takes says more about the machine than about the code. A profile's number of
# examples holds where a test does not set its own.
settings.register_profile("usual", deadline=None, max_examples=10)
settings.register_profile("nightly", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("CALLEDGER_HYPOTHESIS", "usual"))


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: journeys in a browser wait more than they compute."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Producer
) -> WorkStealingScheduling | None:
    """Neighbours stay on one worker, so that what a module builds is built once, not by each."""
    usual = config.getvalue("dist") == "load"
    return WorkStealingScheduling(config, log) if usual else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys are begun first: they take longest, and would be waited for at the end."""
    items[:] = journeys_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module of tests is compiled once: a worker waits while another does, and reads its work."""
    if not isinstance(collector, pytest.Module):
        return (yield)
    with collector.path.open() as source:
        fcntl.flock(source, fcntl.LOCK_EX)
        return (yield)


@pytest.fixture(scope="session")
def sample_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger built from the committed sample, closed again."""

    def build(folder: Path) -> None:
        with Ledger.open(folder / "sample.duckdb", create=True) as ledger:
            for file in sample_files():
                import_file(ledger, file, now=NOW)

    return built_once(tmp_path_factory, "sample", build) / "sample.duckdb"


@pytest.fixture(scope="session")
def told_path(sample_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with its governance told, closed again; its key lies beside it."""

    def build(folder: Path) -> None:
        path = folder / "told.duckdb"
        shutil.copy(sample_path, path)
        with Ledger.open(path) as ledger:
            tell(ledger, SAMPLE_END, now=NOW)

    return built_once(tmp_path_factory, "told", build) / "told.duckdb"


@pytest.fixture
def on_the_day_told() -> Iterator[None]:
    """The clock as it was when the sample was told, so that a term does not run out one day."""
    with time_machine.travel(NOW.replace(tzinfo=UTC)):
        yield


@pytest.fixture
def told_copy(told_path: Path, tmp_path: Path) -> Path:
    """A copy of the told sample of one's own, with its key and its checkpoints."""
    for file in told_path.parent.glob("told.duckdb*"):
        shutil.copy(file, tmp_path / file.name)
    return tmp_path / told_path.name


@pytest.fixture(scope="session")
def begun_here(tmp_path_factory: pytest.TempPathFactory) -> Begun:
    """What the tests of this process begin with."""
    return Begun(tmp_path_factory.mktemp("begun"))


@pytest.fixture
def begun(begun_here: Begun) -> Iterator[Begun]:
    """The same, for a test that works on a copy."""
    yield begun_here
    begun_here.close()


@pytest.fixture(autouse=True, scope="session")
def one_thread_a_ledger() -> Iterator[None]:
    """The workers fill the processors already, and DuckDB's threads wait for one another."""
    configured = connection._configuration
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            connection, "_configuration", lambda most: configured(most) | {"threads": 1}
        )
        yield


_UNPROVEN = proof_rules.unproven
# Entries of tests are as before what acts by itself had to be proven; see `proof_asked`. Worlds are
# built while their modules are imported.
proof_rules.unproven = lambda *_: ()


@pytest.fixture
def proof_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What acts by itself has to be proven, as outside of tests."""
    monkeypatch.setattr(proof_rules, "unproven", _UNPROVEN)


@pytest.fixture(autouse=True, scope="session")
def components_looked_for_once() -> None:
    """Streamlit reads the metadata of every installed package at each start of an app."""
    from streamlit.components.v2 import manifest_scanner

    found = functools.cache(manifest_scanner.scan_component_manifests)
    manifest_scanner.scan_component_manifests = found


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """What this process serves, closed at its end."""
    found = Served()
    yield found
    found.close()


@pytest.fixture(autouse=True, scope="session")
def pages_compiled_once() -> Iterator[None]:
    """Each app of Streamlit's tests compiles the pages that it runs again."""
    from streamlit.runtime.scriptrunner.script_cache import ScriptCache

    cache = ScriptCache()
    with pytest.MonkeyPatch.context() as patched:
        compiled = ScriptCache.get_bytecode
        patched.setattr(ScriptCache, "get_bytecode", lambda _, path: compiled(cache, path))
        yield


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch, served: Served) -> Iterator[Callable[..., None]]:
    """Make the dashboard's pages read the ledger at a path.

    ``serving(path, keep=True)`` leaves it open for the next test that reads the same one.
    """

    def serve(path: Path, *, keep: bool = False) -> None:
        served.serve(path, keep=keep)
        monkeypatch.setenv(LEDGER_VARIABLE, str(path))

    yield serve
    served.end_of_test()


@pytest.fixture(scope="module")
def kept_from_the_first() -> Iterator[None]:
    """Sums are kept of ledgers however small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "FEWEST_CLAIMS", 0)
        yield
