"""Maps from a stated confidence to a better one: fitted, and judged on other claims."""
