"""The tamper-evident log of acts: entries, tree, checkpoints, keys, seals."""
