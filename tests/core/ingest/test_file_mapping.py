"""How a file is read, as one value: said, kept, told back."""

from __future__ import annotations

import json

import pytest

from core.ingest.file_mapping import FileMapping, UnusableMapping, read_mapping

ALL = FileMapping(
    renames={"id": "event_id", "a.b": "confidence"},
    signal="triage",
    where={"type": ("binary", "yes no")},
    values={"confidence": {"high": "0.9"}, "outcome": {"done": "1", "open": ""}},
    scale=100,
    time_formats=("%d/%m/%Y %H:%M",),
    timezone="Europe/Berlin",
    rows="samples",
)


def test_a_mapping_is_read_back_as_it_was_said():
    assert read_mapping(json.loads(json.dumps(ALL.as_json())), "kept") == ALL


def test_nothing_said_is_recorded_as_ever():
    settings = FileMapping({"id": "event_id"}).settings("1")
    assert settings == '{"map": {"id": "event_id"}, "program": "1", "signal": null}'


def test_a_mapping_tells_the_words_of_the_command_that_says_it():
    assert FileMapping(scale="mixed", key=("a", "b"), signal="my signal").said() == (
        "--scale mixed --key a,b --signal 'my signal'"
    )
    assert ALL.arguments()[:2] == ("--map", "id=event_id")
    assert "outcome:done=1,open=" in ALL.arguments()


def test_what_is_said_later_holds():
    more = FileMapping(renames={"id": "input_id"}, values={"outcome": {"open": "0"}}, scale=10)
    both = ALL.with_more(more)
    assert both.renames == {"id": "input_id", "a.b": "confidence"}
    assert both.values["outcome"] == {"done": "1", "open": "0"}
    assert (both.scale, both.signal) == (10, "triage")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"scale": 0.5}, "no scale"),
        ({"scale": "percent"}, "no scale"),
        ({"values": {"confidence": {"high": "lots"}}}, "not the confidence"),
        ({"values": {"confidnce": {"high": "1"}}}, "no field 'confidnce'"),
        ({"key": ["a"], "map": {"id": "event_id"}}, "leave one out"),
        ({"mpa": {}}, "says 'mpa'"),
        ({"map": ["id"]}, "no mapping"),
        ("text", "no mapping"),
    ],
)
def test_what_no_file_can_be_read_by_is_refused(said: object, why: str):
    with pytest.raises(UnusableMapping, match=why):
        read_mapping(said, "kept")
