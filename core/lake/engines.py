"""The engines that count cells: each reads Parquet files, runs our SQL, and writes Parquet."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from core.lake.dialects import Engine, translated
from core.ledger.errors import LedgerError
from core.ledger.sql import literal, quoted

#: Memory of an engine that runs in this process; what is more goes through the disk.
MEMORY = "4GB"
_MEMORY_BYTES = 4_000_000_000


class Counting(Protocol):
    """An engine at work.

    Attributes:
        version: of the engine.
    """

    version: str

    def read(self, name: str, files: Sequence[Path]) -> None:
        """Make files readable as a table; their columns are put side by side by name."""

    def view(self, name: str, query: str) -> None:
        """Give a query a name."""

    def save(self, query: str, folder: Path) -> None:
        """Write what a query gives as Parquet files into a new folder."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives, small enough to hold."""


@contextmanager
def counting(engine: Engine, scratch: Path) -> Iterator[Counting]:
    """An engine for as long as it is needed.

    Args:
        scratch: a folder for what it holds no memory for.

    Raises:
        LedgerError: it is not installed, or cannot do what is asked.
    """
    if engine == "duckdb":
        with duckdb.connect() as connection:
            connection.execute(f"SET memory_limit = '{MEMORY}'; SET TimeZone = 'UTC'")
            connection.execute(f"SET temp_directory = {literal(str(scratch))}")
            connection.execute("SET preserve_insertion_order = false")
            yield _DuckDB(connection)
    elif engine == "datafusion":
        yield _DataFusion(_needed("datafusion", "datafusion"), scratch)
    else:
        with _spark(scratch) as session:
            yield _Spark(session)


def _needed(module: str, package: str) -> Any:
    try:
        import_module("sqlglot")
        return import_module(module)
    except ModuleNotFoundError as error:
        package = "sqlglot" if error.name == "sqlglot" else package
        raise LedgerError(
            f"This engine needs the package {package}, which is not installed; install it: "
            f"pip install {package}"
        ) from None


class _DuckDB:
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.version = f"duckdb {duckdb.__version__}"

    def read(self, name: str, files: Sequence[Path]) -> None:
        listed = ", ".join(literal(_plain(one)) for one in files)
        self.view(
            name,
            f"SELECT * FROM read_parquet([{listed}], union_by_name = true, "
            "hive_partitioning = false)",
        )

    def view(self, name: str, query: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {query}")

    def save(self, query: str, folder: Path) -> None:
        folder.mkdir()
        target = literal(str(folder / "part-0.parquet"))
        self._connection.execute(f"COPY ({query}) TO {target} (FORMAT parquet, COMPRESSION zstd)")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()


def _plain(path: Path) -> str:
    return "".join(f"[{one}]" if one in "[*?" else one for one in str(path))


class _DataFusion:
    def __init__(self, module: Any, scratch: Path) -> None:
        spill = scratch / "spill"
        spill.mkdir(exist_ok=True)
        runtime = (
            module.RuntimeEnvBuilder()
            .with_disk_manager_specified(str(spill))
            .with_fair_spill_pool(_MEMORY_BYTES)
        )
        # A file's least and greatest value leave out what is no number: where they are the same it
        # would take all values for that one.
        config = (
            module.SessionConfig({"datafusion.execution.collect_statistics": "false"})
            .with_target_partitions(os.cpu_count() or 1)
            .with_parquet_pruning(False)
        )
        self._context = module.SessionContext(config, runtime)
        self._scratch, self._tables = scratch, 0
        self.version = f"datafusion {module.__version__}"

    def read(self, name: str, files: Sequence[Path]) -> None:
        # It reads all files of a folder.
        self._tables += 1
        folder = self._scratch / f"table-{self._tables}"
        folder.mkdir()
        for number, file in enumerate(files):
            (folder / f"{number:09}.parquet").symlink_to(file.resolve())
        self._context.register_parquet(name, str(folder))

    def view(self, name: str, query: str) -> None:
        self._run(f"CREATE OR REPLACE VIEW {quoted(name)} AS {translated(query, 'datafusion')}")

    def save(self, query: str, folder: Path) -> None:
        folder.mkdir()
        frame = self._context.sql(translated(query, "datafusion"))
        frame.write_parquet(str(folder), compression="zstd", compression_level=3)
        if not any(folder.iterdir()):
            # Of no rows it makes no file.
            pq.write_table(frame.schema().empty_table(), folder / "part-0.parquet")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        table: pa.Table = self._run(translated(query, "datafusion"))
        return [tuple(row.values()) for row in table.to_pylist()]

    def _run(self, query: str) -> Any:
        return self._context.sql(query).to_arrow_table()


@contextmanager
def _spark(scratch: Path) -> Iterator[Any]:
    sql = _needed("pyspark.sql", "pyspark")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise LedgerError(
            "Spark runs on Java, and there is none on this machine; install it, for example "
            "Debian's default-jre-headless, or set JAVA_HOME."
        )
    running = sql.SparkSession.getActiveSession()
    session = running or (
        sql.SparkSession.builder.appName("calledger cells build")
        .config("spark.ui.enabled", "false")
        .config("spark.local.dir", str(scratch))
        .config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
        .getOrCreate()
    )
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.parquet.mergeSchema": "true",
    }
    before = {name: session.conf.get(name, None) for name in settings}
    for name, value in settings.items():
        session.conf.set(name, value)
    try:
        yield session
    finally:
        if running is None:
            session.stop()
        else:
            for name, was in before.items():
                session.conf.unset(name) if was is None else session.conf.set(name, was)


class _Spark:
    def __init__(self, session: Any) -> None:
        self._session = session
        self.version = f"spark {session.version}"

    def read(self, name: str, files: Sequence[Path]) -> None:
        # A folder named field=value is no column: the files hold all of them.
        reader = self._session.read.option("recursiveFileLookup", "true")
        reader.parquet(*map(_hadoop_path, files)).createOrReplaceTempView(name)

    def view(self, name: str, query: str) -> None:
        self._session.sql(translated(query, "spark")).createOrReplaceTempView(name)

    def save(self, query: str, folder: Path) -> None:
        self._session.sql(translated(query, "spark")).write.option("compression", "zstd").parquet(
            f"file://{folder.resolve()}"
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._session.sql(translated(query, "spark")).collect()]


def _hadoop_path(file: Path) -> str:
    """A path of this machine for Hadoop, which would look for files that match it."""
    escaped = "".join(f"\\{one}" if one in "{}[]*?\\" else one for one in str(file.resolve()))
    return f"file://{escaped}"
