"""Our SQL, as DuckDB reads it, for engines that read another.

sqlglot translates, and `core.lake.rewritten` puts right what it would leave as it is.
"""

from __future__ import annotations

from typing import Literal

Engine = Literal["duckdb", "spark", "datafusion"]
ENGINES: tuple[Engine, ...] = ("duckdb", "spark", "datafusion")
_WRITES = {"spark": "spark", "datafusion": "postgres"}


def translated(query: str, engine: Engine) -> str:
    """A query of ours in the words of an engine."""
    if engine == "duckdb":
        return query
    import sqlglot

    from core.lake.rewritten import for_datafusion, for_spark

    tree = sqlglot.parse_one(query, read="duckdb")
    change = for_spark if engine == "spark" else for_datafusion
    # From the leaves up: sqlglot's own transform does not look into what it put in place.
    for node in reversed(list(tree.walk())):
        put = change(node)
        if put is not node:
            node.replace(put)
    written = tree.sql(dialect=_WRITES[engine], unsupported_level=sqlglot.ErrorLevel.RAISE)
    return str(written)
