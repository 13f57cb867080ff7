from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.worlds.running.postgres import Postgres, programs, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    bin_ = programs()
    if bin_ is None:
        reason = "no PostgreSQL on this machine: install Debian's `postgresql` to pull from one"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with running_postgres(bin_) as server:
        yield server
