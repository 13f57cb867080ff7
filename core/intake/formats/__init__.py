"""Files that other tools write, known by name: their scores become claims and outcomes."""
