"""Confidence that is off, gamed, or pulled up by how it is asked for."""
