"""The DuckDB file: opening it, its schema and migrations, whether it is whole."""
