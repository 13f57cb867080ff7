"""Claims that are worked out from what a model does, instead of what it says of itself."""
