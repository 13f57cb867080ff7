"""Claims that live elsewhere, in a warehouse or a lake: pulled from there."""
