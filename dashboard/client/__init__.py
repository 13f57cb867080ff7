"""The client that programs copy: one file, of the standard library alone."""
