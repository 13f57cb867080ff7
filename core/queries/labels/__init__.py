"""How much is labelled, by whom, how late, and for whom it speaks."""
