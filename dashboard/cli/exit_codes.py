"""How a command ends; 0 where nothing is the matter."""

#: Something is open or worse than before.
EXIT_FOUND = 1
#: It could not be done.
EXIT_UNUSABLE = 2
#: Rows were refused, and --strict was asked.
EXIT_QUARANTINED = 3
#: More of a file was refused than came in.
EXIT_MOSTLY_REFUSED = 4
