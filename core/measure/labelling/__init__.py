"""How many labels settle it, what judges add, cuts with a guarantee."""
