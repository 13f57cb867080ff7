"""Signed checkpoints of the tree of acts: where they are kept, and what signs and stamps them."""
