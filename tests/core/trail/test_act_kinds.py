"""A kind of act is one row; what else is registered by kind is held to those rows."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.findings.lifecycle import MOVES, findings
from core.governance.effects import EFFECTS
from core.governance.people.names import Directory
from core.governance.validations.lifecycle import STEPS
from core.sentences.acts import PART, PARTS, Names, sentence
from core.trail.act_kinds import GROUPS, KINDS, ROLES, did
from core.trail.acts import SYSTEM, Act, Actor

#: Its key is read off the trail by whatever verifies it; it changes nothing of the state.
OF_KEYS = {"key.changed"}


def test_an_act_of_every_kind_has_one_effect() -> None:
    registered = [*STEPS, *EFFECTS, *MOVES, *OF_KEYS]
    assert sorted(registered) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_that_a_sentence_names_can_be_said(kind: str) -> None:
    assert KINDS[kind].says
    assert set(PART.findall(KINDS[kind].says)) <= PARTS


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_and_somebody_who_may_do_it(kind: str) -> None:
    row = KINDS[kind]
    assert row.did
    assert row.may
    assert row.roles <= set(ROLES)
    assert row.roles or row.program


def test_every_kind_is_found_in_one_group_and_under_its_own_words() -> None:
    assert sorted(kind for kinds in GROUPS.values() for kind in kinds) == sorted(KINDS)
    assert len({*GROUPS, *map(did, KINDS)}) == len(GROUPS) + len(KINDS)


def test_a_kind_of_another_version_is_told_by_its_key_and_moves_no_finding() -> None:
    act = Act(0, datetime(2026, 1, 5), "finding.merged", Actor(SYSTEM, SYSTEM), "s")
    told = sentence(act, Names(Directory({}), {}))
    assert told == "did something unknown, finding.merged of s"
    assert findings([act], act.at) == {}
