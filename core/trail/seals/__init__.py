"""Digests of stored rows, so that an altered row is found."""
