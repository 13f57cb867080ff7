"""What is drawn apart from its page asks by itself whether its reader is still signed on."""

from __future__ import annotations

import ast
from pathlib import Path

import dashboard


def test_every_fragment_asks_first_whether_its_reader_is_still_signed_on() -> None:
    asked, found = [], []
    for path in Path(dashboard.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and "fragment" in "".join(
                map(ast.unparse, node.decorator_list)
            ):
                found.append(f"{path.name}:{node.name}")
                first = next(one for one in node.body if not _is_docstring(one))
                if ast.unparse(first) in ("sign_on.still_signed_on()", "still_signed_on()"):
                    asked.append(f"{path.name}:{node.name}")
    assert len(found) > 5
    assert asked == found


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
