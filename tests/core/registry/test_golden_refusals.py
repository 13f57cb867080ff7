"""What a registry file is refused with, at each of its places, must not change with the code.

`REFUSALS` has a line for each problem of a file in which one place is left out or holds another
value; after a change that is meant, run this file as a script to write it anew, and read its diff.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from core.registry.yaml_reader import RegistryFileError, read
from tests.core.registry.test_yaml_reader import FALLBACK, GROUP, edited

REFUSALS = Path(__file__).with_name("golden_refusals.txt")
KNOWN = edited(FALLBACK, f'    knownValues: {{lang: [de, "en"]}}\n{FALLBACK}')


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in inside:
        yield (*path, key)
        if isinstance(inner, (dict, list)):
            yield from places(inner, (*path, key))


def refused(text: str) -> Iterator[str]:
    whole = yaml.safe_load(text)
    for path in places(whole):
        for wrong in (None, {"xyz": 1}, 0, "x y"):
            document = holder = copy.deepcopy(whole)
            for key in path[:-1]:
                holder = holder[key]
            if wrong is None:
                del holder[path[-1]]
            else:
                holder[path[-1]] = wrong
            said = "left out" if wrong is None else f"= {wrong!r}"
            try:
                read(yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False))
            except RegistryFileError as refusal:
                for one in sorted(refusal.problems, key=lambda one: (one.field, one.words)):
                    shown = f"{one.field}: {one.value} {one.words}".replace(":  ", ": ")
                    yield f"{'.'.join(map(str, path))} {said} | {shown}\n"


def test_each_place_of_a_file_is_refused_in_the_same_words() -> None:
    assert [*refused(KNOWN), *refused(GROUP)] == REFUSALS.read_text().splitlines(keepends=True)


if __name__ == "__main__":
    REFUSALS.write_text("".join([*refused(KNOWN), *refused(GROUP)]))
