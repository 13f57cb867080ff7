"""Requests made up from the description of the routes, and the answers held against it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection

from core.governance.people.api_tokens import SCOPES
from dashboard.server.routes.openapi import DOCUMENT
from tests.worlds.governed.asked import owned_ledger, token_for
from tests.worlds.running.running import running

#: A fraction of the profile's: each is a request.
FEW = settings.default.max_examples // 2
#: A schema cannot say what a parcel holds: the tests of commands make them, right and wrong.
schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(path="/api/v1/command")
# By day, requests made up at random; every bound of every field, a thousand of them, at night.
schema.config.phases.coverage.enabled = settings.get_current_profile_name() == "nightly"


@schemathesis.serializer("application/x-ndjson")
def lines(_context: schemathesis.SerializationContext, value: object) -> bytes:
    """Each one as a line, twice."""
    return b"\n".join([json.dumps(value).encode()] * 2)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The server, and the headers of somebody who may ask anything."""
    with owned_ledger(tmp_path_factory.mktemp("described")), running() as address:
        _, secret = token_for(*SCOPES)
        yield address, {"Authorization": f"Bearer {secret}"}


@schema.parametrize()
@settings(max_examples=FEW, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_is_described(
    case: schemathesis.Case, served: tuple[str, dict[str, str]]
) -> None:
    address, headers = served
    # Rows are judged one by one, so a list with a bad one among them is no bad request.
    left_out = [negative_data_rejection]
    case.call_and_validate(base_url=address, headers=headers, excluded_checks=left_out)
