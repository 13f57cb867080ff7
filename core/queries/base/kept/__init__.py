"""Sums of claims that are kept: how they are counted, and which questions they answer."""
