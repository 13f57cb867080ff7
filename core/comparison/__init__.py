"""Two versions of a signal compared, group by group."""
