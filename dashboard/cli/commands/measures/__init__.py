"""Commands that measure a signal, and what follows from the measures."""
