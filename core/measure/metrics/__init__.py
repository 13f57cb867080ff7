"""One measure a module: intervals, scores, curves, shape, noise."""
