"""Which claims are labelled, how they came to be picked, and when outcomes are final."""
