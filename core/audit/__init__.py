"""Whether the trail and what it covers are whole: verify, export, proofs."""
