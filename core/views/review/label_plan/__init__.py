"""The Labels page: which labels would settle what cannot be told, and what the samples say."""
