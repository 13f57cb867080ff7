"""Claims summed by confidence, and what is drawn from them again."""
