"""The twelve failures of every signal."""
