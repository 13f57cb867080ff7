"""Two sets of claims, or two ways of asking, side by side."""
