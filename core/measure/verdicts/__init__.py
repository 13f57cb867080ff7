"""Groups judged by parts, and what became of them."""
