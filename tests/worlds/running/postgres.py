"""A PostgreSQL server of one's own: real, private, and gone after the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: A password that no address may carry as it is.
PASSWORD = "p@ss/word:100%"
IN_ADDRESS = "p%40ss%2Fword%3A100%25"
USER = "tester"


def programs() -> Path | None:
    """Where the server's programs are; None: they are not installed."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[4])
    )
    found = shutil.which("initdb")
    if debian:
        return debian[-1].parent
    return Path(found).resolve().parent if found else None


@dataclass(frozen=True)
class Postgres:
    """A running server.

    Attributes:
        port: on the loopback address.
        log: what it logs.
    """

    port: int
    log: Path

    @property
    def address(self) -> str:
        """Of its database, with the password."""
        return f"postgresql://{USER}:{IN_ADDRESS}@127.0.0.1:{self.port}/postgres"

    @property
    def name(self) -> str:
        """The same with neither user nor password."""
        return f"postgresql://127.0.0.1:{self.port}/postgres"

    def run(self, *statements: str) -> None:
        """Run statements, each by itself."""
        import adbc_driver_postgresql.dbapi as dbapi

        with (
            dbapi.connect(self.address, autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            for one in statements:
                cursor.execute(one)

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """What a query gives."""
        import adbc_driver_postgresql.dbapi as dbapi

        with (
            dbapi.connect(self.address, autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query)
            return cursor.fetchall()


@contextmanager
def running_postgres(bin_: Path) -> Iterator[Postgres]:
    """A server on a free port, as a user that is not root: it refuses to run as root."""
    user = _other_user() if os.getuid() == 0 else None
    # Not below pytest's folders, which no other user may enter.
    folder = Path(tempfile.mkdtemp(prefix="calledger-postgres-"))
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if user is not None:
            for one in (folder, secret):
                shutil.chown(one, user)
        data, log, port = folder / "data", folder / "log", _free_port()
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"

        def run(name: str, *words: str) -> None:
            subprocess.run(
                [bin_ / name, "-D", data, *words],
                user=user,
                cwd=folder,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                close_fds=True,
            )

        run(
            "initdb",
            *("-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-sync"),
        )
        run("pg_ctl", "-w", "-l", str(log), "-o", options, "start")
        try:
            yield Postgres(port, log)
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_user() -> str:
    names = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    return found
